"""A project's admin of users with TokenSessionsUserAdminMixin, in an admin site of the project's own."""

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.urls import include, path

from oxijwt.token_sessions.admin import TokenSessionAdmin, TokenSessionsUserAdminMixin
from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import login, make_user, who_am_i

from .pages import page

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class OwnUserAdmin(TokenSessionsUserAdminMixin, UserAdmin):
    """As the docstring of the mixin says."""


class EagerUserAdmin(TokenSessionsUserAdminMixin, UserAdmin):
    """Its list reads the groups of all its users at once."""

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")


class SilentUserAdmin(TokenSessionsUserAdminMixin, ModelAdmin):
    """Another base, without actions."""

    actions = None
    fields = ("username",)


own, silent, alone, eager = (AdminSite(name) for name in ("own", "silent", "alone", "eager"))
ADMINS = ((own, OwnUserAdmin), (silent, SilentUserAdmin), (alone, OwnUserAdmin), (eager, EagerUserAdmin))
for site, user_admin in ADMINS:
    site.register(get_user_model(), user_admin)
for site in (own, silent, eager):
    site.register(TokenSession, TokenSessionAdmin)
urlpatterns = [
    path("", include("tests.sites.session_urls")),
    path("own/", own.urls),
    path("silent/", silent.urls),
    path("alone/", alone.urls),
    path("eager/", eager.urls),
]
SESSIONS, USERS = "/own/token_sessions/tokensession/", "/own/auth/user/"


@pytest.mark.parametrize("name", ["own", "silent"])
def test_the_page_of_a_user_links_to_the_sessions(admin, ada, name):
    text = page(admin, f"/{name}/auth/user/{ada.pk}/change/")
    assert f'href="/{name}/token_sessions/tokensession/?user={ada.pk}"' in text
    assert f'href="/{name}/token_sessions/tokensession/user/{ada.pk}/end/"' in text
    login()
    assert "ada" in page(admin, f"/{name}/token_sessions/tokensession/", user=ada.pk)


def test_a_site_without_sessions_shows_none(admin, ada):
    assert "token_sessions" not in page(admin, f"/alone/auth/user/{ada.pk}/change/")
    assert "end_token_sessions" not in page(admin, "/alone/auth/user/")


def test_the_page_that_adds_a_user_shows_none(admin):
    assert "tokensession/" not in page(admin, f"{USERS}add/").split('id="content"')[1]


@pytest.mark.parametrize(("permissions", "shown"), [((), 0), (("view_tokensession",), 1)])
def test_links_are_for_staff_who_may_follow_them(ada, staff_with, permissions, shown):
    client = staff_with("view_user", *permissions)
    text = page(client, f"{USERS}{ada.pk}/change/")
    assert text.count(f"?user={ada.pk}") == shown
    assert f"{ada.pk}/end/" not in text
    assert "end_token_sessions" not in page(client, USERS)


def test_a_user_can_still_be_changed(admin, ada):
    form = admin.get(f"{USERS}{ada.pk}/change/").context["adminform"].form
    body = {name: value for name, value in form.initial.items() if value is not None}
    body |= {"first_name": "Ada", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin.post(f"{USERS}{ada.pk}/change/", body).status_code == 302
    ada.refresh_from_db()
    assert ada.first_name == "Ada"


def act(client, user, users=USERS):
    return client.post(users, {"action": "end_token_sessions", "_selected_action": [user.pk]}, follow=True)


def test_the_action_ends_all_sessions_of_the_selected_users(admin, ada):
    make_user("grace")
    tokens = [login() for _ in range(2)]
    others = login("grace")
    assert "Ended sessions: 2." in act(admin, ada).content.decode()
    assert [who_am_i(each["access"]).status_code for each in (*tokens, others)] == [401, 401, 200]
    assert LogEntry.objects.filter(object_id=ada.pk, change_message="End all sessions of this user").count() == 1
    assert LogEntry.objects.filter(change_message="ended by an administrator").count() == 2


def test_the_action_works_on_a_list_with_prefetched_rows(admin, ada):
    """Django refuses to iterate such a query without a size."""
    tokens = login()
    assert "Ended sessions: 1." in act(admin, ada, "/eager/auth/user/").content.decode()
    assert who_am_i(tokens["access"]).status_code == 401


@pytest.mark.parametrize(
    "permissions",
    [("view_user", "view_tokensession"), ("view_user", "change_user", "delete_user", "view_tokensession")],
)
def test_the_action_needs_the_permission_to_end_sessions(ada, staff_with, permissions):
    client, tokens = staff_with(*permissions), login()
    assert "end_token_sessions" not in page(client, USERS)
    act(client, ada)
    assert who_am_i(tokens["access"]).status_code == 200


def test_an_admin_without_actions_gets_none(admin):
    assert "end_token_sessions" not in page(admin, "/silent/auth/user/")


def test_the_pages_of_this_site_link_to_this_site(admin, ada):
    login()
    session = TokenSession.objects.get()
    text = page(admin, f"{SESSIONS}{session.pk}/change/")
    assert f'action="{SESSIONS}{session.pk}/end/"' in text
    assert admin.post(f"{SESSIONS}{session.pk}/end/").url == f"{SESSIONS}{session.pk}/change/"
    assert f'href="{SESSIONS}user/{ada.pk}/end/"' in page(admin, SESSIONS, user=ada.pk)
    assert f'href="{USERS}{ada.pk}/change/"' in page(admin, SESSIONS, user=ada.pk)
    assert admin.post(f"{SESSIONS}user/{ada.pk}/end/").url == f"{SESSIONS}?user={ada.pk}"
