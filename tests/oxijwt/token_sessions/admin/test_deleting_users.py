"""Staff delete users, whose sessions are deleted with them. No page deletes a session."""

from types import SimpleNamespace

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import login, make_user, session_of, who_am_i

from .pages import LIST, change_page, page

pytestmark = pytest.mark.django_db


def test_a_user_can_be_deleted_with_all_sessions(admin, ada):
    tokens = login()
    assert admin.post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 302
    assert TokenSession.objects.count() == 0
    assert who_am_i(tokens["access"]).status_code == 401


def deletions(user):
    """The two ways to delete a user in the admin: path and body."""
    selected = {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"}
    return {"page": (f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}), "action": ("/admin/auth/user/", selected)}


@pytest.mark.parametrize("way", ["page", "action"])
def test_staff_who_may_delete_users_need_no_permission_on_sessions(ada, staff_with, way):
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
def test_staff_who_may_not_delete_users_delete_none(ada, staff_with, way):
    client, tokens = staff_with("view_user", "change_user", "delete_tokensession", "view_tokensession"), login()
    path, body = deletions(ada)[way]
    client.post(path, body)
    assert who_am_i(tokens["access"]).status_code == 200


@pytest.mark.parametrize("way", ["page", "end_sessions", "delete_selected"])
def test_deleting_users_permits_no_end_of_sessions(ada, staff_with, way):
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
