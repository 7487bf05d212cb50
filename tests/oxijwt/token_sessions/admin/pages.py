"""The pages of sessions in the admin."""

import html
import re

LIST = "/admin/token_sessions/tokensession/"


def page(client, path=LIST, **query):
    """The text of a page."""
    response = client.get(path, query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def listed(client, **query):
    """The names of the users whose sessions the list has, in order."""
    return [session.user.username for session in client.get(LIST, query).context["cl"].result_list]


def states(client):
    """The column "state" of the list."""
    return re.findall(r'field-state"><a [^>]*>([^<]*)<', page(client))


def change_page(session):
    """The path of a session's page."""
    return f"{LIST}{session.pk}/change/"


def end_page(session):
    """The path that ends a session."""
    return f"{LIST}{session.pk}/end/"


def end_all_page(user):
    """The path that ends a user's sessions."""
    return f"{LIST}user/{user.pk}/end/"
