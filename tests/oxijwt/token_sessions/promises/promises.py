"""What ends sessions: for each line of docs/sessions.md's table "Ending a session" the acts that it promises."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.test import Client, RequestFactory

from oxijwt.authentication import authenticate_token
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import claims, logout, make_user, session_of
from tests.oxijwt.token_sessions.crowd import let_grace_pass

from .consumers import Question
from .scene import HERE

SESSIONS_IN_ADMIN = "/admin/token_sessions/tokensession/"


@dataclass(frozen=True)
class Promise:
    """An act that ends the login `mine` of a scene, and `other` too if `ends_both`."""

    name: str
    act: Callable
    ends_both: bool = False
    codes: dict = field(default_factory=dict)
    """The codes of refusals, by question; `session_revoked` if there is none."""

    def code(self, question):
        """The code of a refusal."""
        return self.codes.get(question, "session_revoked")


def log_out(kind, scope, who="mine"):
    """A logout with a token of one of the logins."""

    def act(scene):
        assert logout(**{kind: getattr(scene, who)[kind]}, scope=scope).status_code == 204

    return act


def log_out_async(kind, scope, who="mine"):
    """A logout at the async view."""

    def act(scene):
        token = getattr(scene, who)[kind]
        body, access = ({"refresh": token}, None) if kind == "refresh" else ({}, token)
        status, _body = scene.processes[HERE].request(
            "POST", "/api/async/token/logout/", body | {"scope": scope}, access=access
        )
        assert status == 204

    return act


def blacklist_async(scene):
    """A logout at the async blacklist view."""
    status, _body = scene.processes[HERE].request(
        "POST", "/api/async/token/blacklist/", {"refresh": scene.mine["refresh"]}
    )
    assert status == 200


def delete_in_list(scene):
    path = f"/api/token/sessions/{claims(scene.mine['access'])['sid']}/"
    response = Client().delete(path, HTTP_AUTHORIZATION=f"Bearer {scene.other['access']}")
    assert response.status_code == 204


def log_out_of_django(scene):
    """As a logout view of another package."""
    request = RequestFactory().post("/")
    request.user, request.auth = authenticate_token(scene.mine["access"])
    user_logged_out.send(type(request.user), request=request, user=request.user)


def end_session(scene):
    api.end_session(session_of(scene.mine["access"]))


def end_session_of(scene):
    assert api.end_session_of(scene.mine["refresh"])


def revoke_others(scene):
    assert api.revoke_for_user(scene.user, except_=[session_of(scene.other["access"]).pk]) == 1


def revoke_all(scene):
    assert TokenSession.objects.revoke_for_user(scene.user) == 2


def post_to_admin(path, scene, **body):
    client = Client()
    client.force_login(make_user(f"the admin of {scene.user}", is_staff=True, is_superuser=True))
    assert client.post(f"{SESSIONS_IN_ADMIN}{path}", body).status_code == 302
    assert session_of(scene.mine["access"]).revoked_at is not None


def end_in_admin(scene):
    post_to_admin(f"{claims(scene.mine['access'])['sid']}/end/", scene)


def end_all_in_admin(scene):
    post_to_admin(f"user/{scene.user.pk}/end/", scene)


def action_in_admin(action):
    """An action on one session in the admin's list."""

    def act(scene):
        selected = claims(scene.mine["access"])["sid"]
        post_to_admin("", scene, action=action, _selected_action=selected, post="yes")

    return act


def change_password(scene):
    scene.user.set_password("another password")
    scene.user.save()


def change_password_and_keep_the_other(scene):
    change_password(scene)
    api.update_session_auth_hash(claims(scene.other["access"]), scene.user)


def delete_user(scene):
    scene.user.delete()


def deactivate_by_save(scene):
    scene.user.is_active = False
    scene.user.save()


def deactivate_by_update(scene):
    get_user_model().objects.filter(pk=scene.user.pk).update(is_active=False)


def spend_and_reuse(path):
    """A refresh, and after the grace interval the spent token once more; the login goes on with the new tokens."""

    def act(scene):
        spent, process = scene.mine["refresh"], scene.processes[HERE]
        status, successors = process.request("POST", "/api/token/refresh/", {"refresh": spent})
        assert status == 200
        let_grace_pass(pk=claims(spent)["sid"])
        status, body = process.request("POST", path, {"refresh": spent})
        assert (status, body["code"]) == (401, "token_reused")
        scene.mine = successors

    return act


CHANGED = dict.fromkeys(Question, "password_changed")
DELETED = dict.fromkeys(Question, "user_not_found") | {Question.MAY_REFRESH: "no_active_account"}
INACTIVE = dict.fromkeys(Question, "user_inactive") | {Question.MAY_REFRESH: "no_active_account"}

PROMISES = {
    "`POST logout/` with a refresh token or an access token, `scope` `local` (default), `others`, `global`": (
        Promise("logout local, refresh", log_out("refresh", "local")),
        Promise("logout local, access", log_out("access", "local")),
        Promise("logout others, refresh", log_out("refresh", "others", "other")),
        Promise("logout others, access", log_out("access", "others", "other")),
        Promise("logout global, refresh", log_out("refresh", "global", "other"), ends_both=True),
        Promise("logout global, access", log_out("access", "global"), ends_both=True),
        Promise("async logout local, refresh", log_out_async("refresh", "local")),
        Promise("async logout local, access", log_out_async("access", "local")),
        Promise("async logout others", log_out_async("refresh", "others", "other")),
        Promise("async logout global", log_out_async("access", "global"), ends_both=True),
        Promise("async blacklist view", blacklist_async),
    ),
    "`DELETE sessions/<id>/`": (Promise("DELETE sessions/", delete_in_list),),
    "Django's signal `user_logged_out` ([below](#a-logout-by-another-package))": (
        Promise("user_logged_out", log_out_of_django),
    ),
    "`api.end_session(session)`, `api.end_session_of(raw_token)`": (
        Promise("end_session", end_session),
        Promise("end_session_of", end_session_of),
    ),
    "`api.revoke_for_user(user, except_=…)`, or `TokenSession.objects.revoke_for_user`": (
        Promise("revoke_for_user except", revoke_others),
        Promise("objects.revoke_for_user", revoke_all, ends_both=True),
    ),
    "[the admin](#in-the-admin): a button or an action": (
        Promise("admin, button", end_in_admin),
        Promise("admin, button for a user", end_all_in_admin, ends_both=True),
        Promise("admin, action", action_in_admin("end_sessions")),
        Promise("admin, action for users", action_in_admin("end_all_sessions"), ends_both=True),
    ),
    "a changed password": (
        Promise("changed password", change_password, ends_both=True, codes=CHANGED),
        Promise("changed password, one kept", change_password_and_keep_the_other, codes=CHANGED),
    ),
    "a deleted user": (Promise("deleted user", delete_user, ends_both=True, codes=DELETED),),
    "a deactivated user: `save()` with `is_active` False": (
        Promise("deactivated by save()", deactivate_by_save, ends_both=True),
    ),
    "the same by `update()`": (
        Promise("deactivated by update()", deactivate_by_update, ends_both=True, codes=INACTIVE),
    ),
    "a spent refresh token after the grace interval, at a refresh": (
        Promise("reuse, refresh view", spend_and_reuse("/api/token/refresh/")),
        Promise("reuse, async refresh view", spend_and_reuse("/api/async/token/refresh/")),
        Promise("reuse, own view, serializer", spend_and_reuse("/api/project/serializer/")),
        Promise("reuse, own view, RefreshToken", spend_and_reuse("/api/project/by-hand/")),
    ),
}
"""By the line of the table: its first column."""
