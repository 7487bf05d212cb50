"""Staff end sessions in the admin: one, the selected ones, and all of a user. The rows stay."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oxijwt.exceptions import ServiceUnavailable
from oxijwt.token_sessions.admin import acts, sessions
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from tests.oxijwt.token_sessions.client import USER_AGENT, login, logout, make_user, session_of, who_am_i

from .pages import LIST, change_page, end_all_page, end_page, page

pytestmark = pytest.mark.django_db

ENDED = "ended by an administrator"
LOOKER, ENDER = ("view_tokensession",), ("view_tokensession", "delete_tokensession")


def logged():
    """What the log of the admin has: the object's id and the message, in order."""
    entries = LogEntry.objects.filter(action_flag=CHANGE).order_by("pk")
    return list(entries.values_list("object_id", "change_message"))


def act(client, action, *selected, **more):
    """The text of the list after an action on these sessions."""
    body = {"action": action, "_selected_action": [str(session.pk) for session in selected]} | more
    return client.post(LIST, body, follow=True).content.decode()


def test_the_button_ends_a_session(staff_with, heard):
    client, tokens = staff_with(*ENDER), login(HTTP_USER_AGENT=USER_AGENT)
    session = session_of(tokens["refresh"])
    text = page(client, change_page(session))
    assert f'<form method="post" action="{end_page(session)}">' in text
    response = client.post(end_page(session), follow=True)
    assert response.redirect_chain == [(change_page(session), 302)]
    assert "Ended sessions: 1." in response.content.decode()
    assert f'action="{end_page(session)}"' not in response.content.decode()
    session.refresh_from_db()
    assert (session.revoke_reason, session.user_agent) == (RevokeReason.ADMIN, "")
    assert who_am_i(tokens["access"]).status_code == 401
    assert [told["reason"] for told in heard.of("session_revoked")] == [RevokeReason.ADMIN]
    assert logged() == [(str(session.pk), ENDED)]
    assert ENDED in page(client, f"{LIST}{session.pk}/history/")


def test_an_expired_session_is_left_as_it_is(admin, ada):
    """The button was shown, ended it, and deleted the address that tells where the login was."""
    expired, live = (session_of(login(HTTP_USER_AGENT=USER_AGENT)["refresh"]) for _ in range(2))
    TokenSession.objects.filter(pk=expired.pk).update(expires_at=expired.created_at)
    assert end_page(expired) not in page(admin, change_page(expired))
    assert end_page(live) in page(admin, change_page(live))
    assert "Ended sessions: 0." in admin.post(end_page(expired), follow=True).content.decode()
    assert "Ended sessions: 1." in act(admin, "end_sessions", expired, live)
    expired.refresh_from_db()
    assert (expired.revoked_at, expired.user_agent) == (None, USER_AGENT)
    assert logged() == [(str(live.pk), ENDED)]


@pytest.mark.parametrize("leeway", [0, 60])
def test_all_sessions_of_a_user_are_counted_without_the_expired_ones(admin, ada, settings, clock, leeway):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"LEEWAY": leeway}
    expired, live = (session_of(login()["refresh"]) for _ in range(2))
    clock.tick(30)
    TokenSession.objects.filter(pk=expired.pk).update(expires_at=expired.created_at)
    assert f"Ended sessions: {2 if leeway else 1}." in admin.post(end_all_page(ada), follow=True).content.decode()
    keys = {str(live.pk), str(expired.pk)} if leeway else {str(live.pk)}
    assert {key for key, _message in logged()} == keys | {str(ada.pk)}


def test_many_sessions_of_a_user_are_read_in_parts(admin, ada, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    for _ in range(5):
        login()
    assert "Ended sessions: 5." in admin.post(end_all_page(ada), follow=True).content.decode()
    assert len(logged()) == 6


def test_many_selected_sessions_end_some_at_once(admin, monkeypatch, heard):
    """Each took two commits: 10,000 of them more than two minutes."""
    monkeypatch.setattr(acts, "AT_ONCE", 4)
    make_user("grace")
    tokens = [login(name) for name in ("ada", "grace", "ada", "grace", "ada", "ada", "grace")]
    sessions = [session_of(each["refresh"]) for each in tokens]
    with CaptureQueriesContext(connection) as statements:
        assert "Ended sessions: 7." in act(admin, "end_sessions", *sessions)
    texts = [each["sql"] for each in statements]
    assert len([text for text in texts if text.startswith("UPDATE") and "tokensession" in text]) == 2
    assert len([text for text in texts if text.startswith("INSERT INTO") and "admin_log" in text]) == 2
    assert {key for key, _message in logged()} == {str(session.pk) for session in sessions}
    told = heard.of("session_revoked")
    assert {(each["user_id"], sid) for each in told for sid in each["session_ids"]} == {
        (session.user_id, session.pk) for session in sessions
    }


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another hash"}])
def test_a_session_that_could_live_again_can_be_ended(admin, ada, change):
    session = session_of(login()["refresh"])
    type(ada).objects.filter(pk=ada.pk).update(**change)
    assert end_page(session) in page(admin, change_page(session))
    assert "Ended sessions: 1." in admin.post(end_page(session), follow=True).content.decode()


def test_what_has_ended_is_not_ended_or_logged_again(admin):
    session = session_of(login()["refresh"])
    logout(token := login()["refresh"])
    ended = session_of(token)
    assert "Ended sessions: 0." in admin.post(end_page(ended), follow=True).content.decode()
    assert "Ended sessions: 1." in act(admin, "end_sessions", session, ended)
    ended.refresh_from_db()
    assert ended.revoke_reason == RevokeReason.LOGOUT
    assert logged() == [(str(session.pk), ENDED)]


def test_the_action_ends_the_selected_sessions(staff_with):
    client, tokens = staff_with(*ENDER), [login() for _ in range(3)]
    selected = [session_of(each["refresh"]) for each in tokens[:2]]
    assert "Ended sessions: 2." in act(client, "end_sessions", *selected)
    assert TokenSession.objects.count() == 3
    assert [who_am_i(each["access"]).status_code for each in tokens] == [401, 401, 200]
    assert {key for key, _message in logged()} == {str(session.pk) for session in selected}


def test_the_action_ends_no_more_sessions_than_are_listed(admin, monkeypatch, clock):
    monkeypatch.setattr(sessions, "MOST_LISTED", 2)
    tokens = []
    for _ in range(3):
        clock.tick(1)
        tokens.append(login())
    first = session_of(tokens[0]["refresh"])
    assert "Ended sessions: 2." in act(admin, "end_sessions", first, select_across="1")
    assert [who_am_i(each["access"]).status_code for each in tokens] == [200, 401, 401]


def test_an_action_ends_all_sessions_of_the_users(staff_with):
    make_user("grace")
    client, tokens, others = staff_with(*ENDER), [login() for _ in range(2)], login("grace")
    assert "Ended sessions: 2." in act(client, "end_all_sessions", session_of(tokens[0]["refresh"]))
    assert [who_am_i(each["access"]).status_code for each in (*tokens, others)] == [401, 401, 200]


def test_a_page_ends_all_sessions_of_a_user(staff_with, ada):
    client, tokens = staff_with(*ENDER), [login() for _ in range(2)]
    question = page(client, end_all_page(ada))
    assert "<h2>ada</h2>" in question
    assert "<p>2 Token Sessions</p>" in question
    assert [who_am_i(each["access"]).status_code for each in tokens] == [200, 200]
    response = client.post(end_all_page(ada), follow=True)
    assert response.redirect_chain == [(f"{LIST}?user={ada.pk}", 302)]
    assert "Ended sessions: 2." in response.content.decode()
    assert [who_am_i(each["access"]).status_code for each in tokens] == [401, 401]
    assert [message for _key, message in logged()] == [ENDED, ENDED, "End all sessions of this user"]
    assert logged()[2][0] == str(ada.pk)


def test_only_a_post_ends_a_session(admin, ada):
    tokens = login()
    session = session_of(tokens["refresh"])
    for send in (admin.get, admin.head, admin.put, admin.delete):
        assert send(end_page(session)).url == change_page(session)
        assert send(end_all_page(ada)).status_code == 200
    assert who_am_i(tokens["access"]).status_code == 200
    assert logged() == []


@pytest.mark.parametrize("way", ["one", "all", "end_sessions", "end_all_sessions"])
def test_a_foreign_form_ends_nothing(admin, ada, way):
    tokens = login()
    session = session_of(tokens["refresh"])
    client = Client(enforce_csrf_checks=True)
    client.cookies = admin.cookies
    path = {"one": end_page(session), "all": end_all_page(ada)}.get(way, LIST)
    assert client.post(path, {"action": way, "_selected_action": [str(session.pk)]}).status_code == 403
    assert who_am_i(tokens["access"]).status_code == 200


@pytest.mark.parametrize("permissions", [LOOKER, ("delete_tokensession",), ("view_tokensession", "delete_user")])
@pytest.mark.parametrize("way", ["one", "all", "end_sessions", "end_all_sessions"])
def test_staff_without_both_permissions_end_nothing(ada, staff_with, permissions, way):
    client, tokens = staff_with(*permissions), login()
    session = session_of(tokens["refresh"])
    if "view_tokensession" in permissions:
        assert "end_sessions" not in page(client)
        assert "end_all_sessions" not in page(client)
        assert end_page(session) not in page(client, change_page(session))
    if way in {"one", "all"}:
        assert client.post({"one": end_page(session), "all": end_all_page(ada)}[way]).status_code == 403
        assert client.get(end_all_page(ada)).status_code == 403
    else:
        act(client, way, session)
    assert who_am_i(tokens["access"]).status_code == 200
    assert logged() == []


@pytest.mark.parametrize("way", ["one", "all"])
def test_nobody_ends_a_session_without_a_login(ada, way):
    tokens = login()
    path = {"one": end_page(session_of(tokens["refresh"])), "all": end_all_page(ada)}[way]
    assert "/login/" in Client().post(path).url
    assert who_am_i(tokens["access"]).status_code == 200


@pytest.mark.parametrize("path", ["nonsense/end/", "user/nonsense/end/", "user/999/end/", f"{'0' * 32}/end/"])
def test_what_is_unknown_is_not_found(admin, path):
    assert admin.post(f"{LIST}{path}").status_code == 404


@pytest.mark.parametrize("action", ["end_sessions", "end_all_sessions"])
@pytest.mark.parametrize("forged", ["abc", "", "\x00", "9" * 5000, "7"])
def test_a_forged_id_is_a_bad_request(admin, action, forged):
    """It was an error of the site."""
    tokens = login()
    session = session_of(tokens["refresh"])
    body = {"action": action, "_selected_action": [str(session.pk), forged]}
    assert admin.post(LIST, body).status_code == 400
    assert who_am_i(tokens["access"]).status_code == 200


@pytest.mark.parametrize("action", ["end_sessions", "end_all_sessions", "nonsense", ""])
def test_the_id_of_no_session_ends_nothing(admin, action):
    tokens = login()
    body = {"action": action, "_selected_action": ["00000000-0000-4000-8000-000000000000"]}
    assert admin.post(LIST, body).status_code in {200, 302}
    assert who_am_i(tokens["access"]).status_code == 200
    assert logged() == []


@pytest.mark.parametrize("way", ["one", "all"])
def test_a_busy_database_is_a_message(admin, ada, monkeypatch, way):
    tokens = login()

    def busy(*_arguments, **_named):
        raise ServiceUnavailable

    monkeypatch.setattr(acts, {"one": "end_several", "all": "revoke_for_user"}[way], busy)
    path = {"one": end_page(session_of(tokens["refresh"])), "all": end_all_page(ada)}[way]
    text = admin.post(path, follow=True).content.decode()
    assert "The service is temporarily unavailable, try again." in text
    assert "Ended sessions: 0." in text
    assert logged() == []


def test_no_page_offers_to_delete_a_session(admin):
    """Delete ended a session, said "deleted", and kept the row."""
    session = session_of(login()["refresh"])
    for text in (page(admin), page(admin, change_page(session))):
        assert "delete_selected" not in text
        assert f"{session.pk}/delete/" not in text
    assert admin.get(f"{LIST}{session.pk}/delete/").status_code == 403
    assert admin.post(f"{LIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    act(admin, "delete_selected", session, post="yes")
    session.refresh_from_db()
    assert session.revoked_at is None
