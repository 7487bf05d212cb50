"""The admin looks at sessions and ends them; it never shows a token or a hash."""

import html
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from oxijwt.token_sessions.models import RevokeReason, TokenSession

from .client import USER_AGENT, claims, login, logout, make_user, post, session_of, who_am_i

pytestmark = pytest.mark.django_db

LIST = "/admin/token_sessions/tokensession/"


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def admin(ada):
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def page(client, path=LIST, **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def change_page(session):
    return f"{LIST}{session.pk}/change/"


def test_the_list_shows_user_device_times_and_state(admin, clock):
    tokens = login(HTTP_USER_AGENT="an older one", REMOTE_ADDR="192.0.2.1")
    clock.tick(60)
    post("refresh/", {"refresh": tokens["refresh"]}, HTTP_USER_AGENT=USER_AGENT, REMOTE_ADDR="192.0.2.7")
    logout(login(HTTP_USER_AGENT="another")["refresh"])
    text = page(admin)
    for shown in ("ada", USER_AGENT, "192.0.2.7", "11:06 p.m.", "11:07 p.m.", ">live<", ">logout<"):
        assert shown in text


def test_the_state_of_a_session_past_an_end_is_expired(admin, clock):
    login()
    clock.tick(timedelta(days=1))
    admin.force_login(type(make_user("other")).objects.get(username="root"))
    assert ">expired<" in page(admin)


@pytest.mark.parametrize(("live", "shown"), [("yes", "phone"), ("no", "laptop")])
def test_the_list_is_filtered_by_state(admin, live, shown):
    login(HTTP_USER_AGENT="phone")
    logout(login()["refresh"])
    TokenSession.objects.filter(revoke_reason=1).update(user_agent="laptop")
    text = page(admin, live=live)
    assert [agent in text for agent in ("phone", "laptop")] == [shown == "phone", shown == "laptop"]


def test_the_list_is_filtered_by_reason(admin):
    login(HTTP_USER_AGENT="phone")
    assert "phone" not in page(admin, revoke_reason__exact=RevokeReason.REUSE)


@pytest.mark.parametrize("by", ["id", "username", "agent", "address"])
def test_the_list_is_searched(admin, by):
    make_user("grace")
    tokens = login(HTTP_USER_AGENT="the phone of hers", REMOTE_ADDR="192.0.2.7")
    login("grace", HTTP_USER_AGENT="the laptop of grace", REMOTE_ADDR="192.0.2.8")
    query = {"id": claims(tokens["refresh"])["sid"], "username": "ada", "agent": "phone", "address": "192.0.2.7"}[by]
    text = page(admin, q=query)
    assert "the phone of hers" in text
    assert "the laptop of grace" not in text


@pytest.mark.parametrize(
    "query", ["nonsense", "999.9.9.9", "-", "%", "é", "a b c", "00000000-0000-0000-0000-00000000000g"]
)
def test_searching_for_anything_is_no_error(admin, query):
    login()
    page(admin, q=query)


def test_the_list_reads_the_users_with_the_sessions(admin, django_assert_num_queries):
    login()
    page(admin)
    with CaptureQueriesContext(connection) as few:
        page(admin)
    statements = len(few)
    for number in range(5):
        make_user(f"user{number}")
        login(f"user{number}")
    with django_assert_num_queries(statements):
        page(admin)


def test_no_page_shows_a_token_or_a_hash(admin):
    """The detail page listed `auth_hash`, which is what a database alone must not turn into a login."""
    tokens = login(HTTP_USER_AGENT=USER_AGENT)
    session = session_of(tokens["refresh"])
    digest = bytes(session.auth_hash)
    pages = [page(admin), page(admin, change_page(session)), page(admin, f"{LIST}{session.pk}/delete/")]
    pages.append(page(admin, f"{LIST}{session.pk}/history/"))
    for text in pages:
        for secret in (*tokens.values(), digest.hex(), repr(digest), str(digest), "auth_hash", "auth hash"):
            assert secret.lower() not in text.lower()
    assert USER_AGENT in pages[1]


def test_nothing_can_be_added_or_changed(admin):
    session = session_of(login()["refresh"])
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(change_page(session), {"generation": 7}).status_code == 403
    assert '<input type="text"' not in page(admin, change_page(session))
    session.refresh_from_db()
    assert session.generation == 0


def test_deleting_a_session_ends_it(admin, heard):
    tokens = login(HTTP_USER_AGENT=USER_AGENT)
    session = session_of(tokens["refresh"])
    assert admin.post(f"{LIST}{session.pk}/delete/", {"post": "yes"}).status_code == 302
    session.refresh_from_db()
    assert (session.revoke_reason, session.user_agent) == (RevokeReason.ADMIN, "")
    assert who_am_i(tokens["access"]).status_code == 401
    assert [told["reason"] for told in heard.of("session_revoked")] == [RevokeReason.ADMIN]


@pytest.mark.parametrize("action", ["end_sessions", "delete_selected"])
def test_both_actions_end_the_selected_sessions(admin, action):
    tokens = [login() for _ in range(3)]
    selected = [str(session_of(each["refresh"]).pk) for each in tokens[:2]]
    response = admin.post(LIST, {"action": action, "_selected_action": selected, "post": "yes"})
    assert response.status_code == 302
    assert TokenSession.objects.count() == 3
    assert [who_am_i(each["access"]).status_code for each in tokens] == [401, 401, 200]


def test_who_may_only_look_ends_nothing(ada):
    looker = make_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_tokensession"))
    client = Client()
    client.force_login(looker)
    tokens = login()
    session = session_of(tokens["refresh"])
    assert page(client)
    assert page(client, change_page(session))
    assert "end_sessions" not in page(client)
    client.post(LIST, {"action": "end_sessions", "_selected_action": [str(session.pk)]})
    assert client.post(f"{LIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_user_can_be_deleted_with_all_sessions(admin, ada):
    tokens = login()
    assert admin.post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 302
    assert TokenSession.objects.count() == 0
    assert who_am_i(tokens["access"]).status_code == 401


def staff_with(*permissions):
    """A client of a staff member with these permissions, as code names."""
    member = make_user("member", is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert member.user_permissions.count() == len(permissions)
    client = Client()
    client.force_login(member)
    return client


def deletions(user):
    """The two ways to delete a user in the admin: path and body."""
    selected = {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"}
    return {"page": (f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}), "action": ("/admin/auth/user/", selected)}


@pytest.mark.parametrize("way", ["page", "action"])
def test_staff_who_may_delete_users_need_no_permission_on_sessions(ada, way):
    """Django asked for one: no user with a session could be deleted by most staff."""
    client, tokens = staff_with("delete_user", "view_user"), login()
    path, body = deletions(ada)[way]
    if way == "page":
        assert "permission" not in page(client, path)
    else:
        confirmation = client.post(path, {name: value for name, value in body.items() if name != "post"})
        assert "permission" not in confirmation.content.decode()
    assert client.post(path, body).status_code == 302
    assert not TokenSession.objects.exists()
    assert who_am_i(tokens["access"]).status_code == 401


@pytest.mark.parametrize("way", ["page", "action"])
def test_staff_who_may_not_delete_users_delete_none(ada, way):
    client, tokens = staff_with("view_user", "change_user", "delete_tokensession", "view_tokensession"), login()
    path, body = deletions(ada)[way]
    client.post(path, body)
    assert who_am_i(tokens["access"]).status_code == 200


@pytest.mark.parametrize("way", ["page", "end_sessions", "delete_selected"])
def test_deleting_users_permits_no_deletion_of_sessions(ada, way):
    client, tokens = staff_with("delete_user", "view_user", "view_tokensession"), login()
    session = session_of(tokens["refresh"])
    if way == "page":
        assert client.get(f"{LIST}{session.pk}/delete/").status_code == 403
        assert client.post(f"{LIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    else:
        client.post(LIST, {"action": way, "_selected_action": [str(session.pk)], "post": "yes"})
        assert way not in page(client)
    assert f"{LIST}{session.pk}/delete/" not in page(client, change_page(session))
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_model_that_takes_users_along_needs_no_permission_on_sessions(ada, admin):
    """Whoever deletes the user may end the user's sessions; a request of no page may not."""
    login()
    sessions = site.get_model_admin(TokenSession)
    request = RequestFactory().post("/")
    request.user = make_user("member", is_staff=True)
    request.user.user_permissions.set(Permission.objects.filter(codename="delete_user"))
    session = TokenSession.objects.get()
    assert not sessions.has_delete_permission(request, session)
    request.resolver_match = SimpleNamespace(url_name="shop_company_delete")
    assert sessions.has_delete_permission(request, session)
    assert not sessions.has_delete_permission(request)
    request.resolver_match = SimpleNamespace(url_name="auth_user_change")
    assert not sessions.has_delete_permission(request, session)
