"""Making a token for a user: whose it is, and what CLAIMS and USER_SCOPES say about the user.

Both are asked each time a token is made that authenticates requests: an access token or a sliding token. A refresh
token carries the scope of the login, but no claims of CLAIMS, so none can be outdated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ImproperlyConfigured

from oxijwt import records
from oxijwt.context import asked_scope, current_request
from oxijwt.exceptions import InvalidScope
from oxijwt.locale import gettext_lazy as _
from oxijwt.records.revocable import BlacklistMixin
from oxijwt.settings import SCOPE_CLAIM, api_settings
from oxijwt.utils import get_md5_hash_password, logger
from oxijwt.verifier import address

from .scopes import checked_names, names_in, names_in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records import Records
    from oxijwt.utils import Claims, Names

ASKED_CLAIM = "asked"
"""The claim of a sliding token with the names of the claims that CLAIMS has given. The next refresh drops those."""


@dataclass(frozen=True)
class Grant:
    """What the next token of a user gets. The project was asked once."""

    claims: Claims = field(default_factory=dict, repr=False)
    """The answer of CLAIMS."""
    allowed: tuple[str, ...] | None = None
    """The scopes that USER_SCOPES allows; None without the setting."""
    asked: tuple[str, ...] | None = None
    """The scopes that the client or the caller has asked for; None for all."""

    def scope_of(self, held: Iterable[str]) -> list[str]:
        """Those of the scopes in `held` that the user may have and that were asked for."""
        limits = [limit for limit in (self.allowed, self.asked) if limit is not None]
        return [name for name in held if all(name in limit for limit in limits)]


class Issuing:
    """The part of a Token that makes it for a user."""

    if TYPE_CHECKING:  # what Token has
        payload: Claims

        @property
        def records(self) -> Records: ...

    grant: Grant | None = None
    """What the token's user was granted when `for_user` made it or a refresh read it; None if nobody has asked."""

    @classmethod
    def for_user(
        cls,
        user: AbstractBaseUser,
        *,
        audience: Names | None = None,
        issuer: str | None = None,
        scope: Names | None = None,
    ) -> Self:
        """A new token with the user's id, and with the digest of the password hash if CHECK_REVOKE_TOKEN is set.

        With the session app an access token gets a session, which ends with the token; inside `context.login` it joins
        the login's session. It also gets the claims of CLAIMS.

        `audience` (one or several) and `issuer` become the claims `aud` and `iss`, and tokens made from this one
        inherit them. None: those of the settings. `scope` (a text of names, or several names) becomes the claim `scope`
        (RFC 9068 section 2.2.3). None: all that USER_SCOPES allows. Raises TypeError for a wrong type and ValueError
        for an empty value of the first two; InvalidScope for a scope that can't be read or that the user may not have.
        """
        if not getattr(user, "is_active", True):
            logger.warning("Made a token for inactive user %s; check is_active before calling for_user().", user.pk)
        token = cls()
        token.payload[api_settings.USER_ID_CLAIM] = str(getattr(user, api_settings.USER_ID_FIELD))
        if api_settings.CHECK_REVOKE_TOKEN:
            token.payload[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
        if not isinstance(token, BlacklistMixin):  # its own `for_user` continues with its records
            token.issue(user, audience, issuer, scope)
            records.start_session(token, user)  # type: ignore[arg-type]  # a Token
        return token

    def issue(
        self, user: AbstractBaseUser, audience: Names | None, issuer: str | None, scope: Names | None = None
    ) -> None:
        """Set the claims that the arguments of `for_user` and the project's settings say. Raises as `for_user`."""
        if audience is not None or issuer is not None:
            address(self.payload, audience, issuer)
        if scope is not None or api_settings.asks_about_users:
            self.grant = Grant(asked_claims(user, self), allowed_scopes(user))
            self.begin_scope(None if scope is None else given_names(scope))
            self.take_claims(self.grant.claims)

    def begin_scope(self, given: tuple[str, ...] | None) -> None:
        """Set the claim `scope`: what the caller gave, or else all that the user may have, or what the client asks for.

        Raises InvalidScope if the user may not have it.
        """
        allowed = None if self.grant is None else self.grant.allowed
        held = allowed if given is None else given
        if held is None:  # the project has no scopes
            return
        require_within(held, allowed)
        asked = names_in_body(asked_scope())
        require_within(asked, held)
        set_scope(self.payload, held if asked is None else asked)

    def ask_again(self, user: AbstractBaseUser | None, scope: object = None) -> Grant:
        """Ask CLAIMS and USER_SCOPES about the token's user before a refresh. Nothing is written.

        `scope` is what the client asks for; None for all that the token has. Raises InvalidScope for more than that.
        """
        held = self.payload.get(SCOPE_CLAIM)
        has_scopes = api_settings.USER_SCOPES is not None or isinstance(held, str)
        asked = names_in_body(scope) if has_scopes else None
        grant = Grant(asked_claims(user, self), allowed_scopes(user), asked)
        require_within(asked, [name for name in names_in(held) if grant.allowed is None or name in grant.allowed])
        self.grant = grant
        return grant

    def narrow(self) -> None:
        """Keep only the scopes that the client has asked for, for all later refreshes."""
        if self.grant is not None and self.grant.asked is not None:
            set_scope(self.payload, self.grant.asked)

    def take_claims(self, claims: Claims) -> None:
        """Take the answer of CLAIMS."""
        self.payload.update(claims)

    def give_to(self, access: Issuing) -> None:
        """Give an access token that has this token's claims what its user was granted."""
        grant = self.grant
        if grant is None:
            user: AbstractBaseUser | None = self.records.find_user()
            grant = self.ask_again(user)
        access.take_claims(grant.claims)
        if grant.allowed is not None or grant.asked is not None:
            set_scope(access.payload, grant.scope_of(names_in_order(access.payload.get(SCOPE_CLAIM))))


class TakingAgain(Issuing):
    """The part of a sliding token that takes claims again at each refresh."""

    def take_claims(self, claims: Claims) -> None:
        """Take the answer of CLAIMS, and drop the claims of the last answer."""
        names = self.payload.pop(ASKED_CLAIM, [])
        for name in names if isinstance(names, list) else []:
            if name not in api_settings.reserved_claims:
                self.payload.pop(name, None)
        super().take_claims(claims)
        if claims:
            self.payload[ASKED_CLAIM] = list(claims)

    def narrow(self) -> None:
        """Keep only the scopes that the user may still have and that the client has asked for."""
        grant = self.grant
        if grant is not None and (grant.allowed is not None or grant.asked is not None):
            set_scope(self.payload, grant.scope_of(names_in_order(self.payload.get(SCOPE_CLAIM))))


def asked_claims(user: AbstractBaseUser | None, token: object) -> Claims:
    """The answer of CLAIMS about a user; empty without the setting or a user. Raises ImproperlyConfigured."""
    if api_settings.CLAIMS is None or user is None:
        return {}
    claims: object = api_settings.CLAIMS(user, current_request(), token)
    if not isinstance(claims, dict) or not all(isinstance(name, str) for name in claims):
        raise ImproperlyConfigured("SIMPLE_JWT['CLAIMS'] must return a dict with a text for each name.")
    for name in claims:
        if name in api_settings.reserved_claims:
            raise ImproperlyConfigured(f"SIMPLE_JWT['CLAIMS'] must not set the claim '{name}'. oxijwt sets it.")
    return dict(claims)


def allowed_scopes(user: AbstractBaseUser | None) -> tuple[str, ...] | None:
    """The answer of USER_SCOPES about a user; None without the setting. Raises ImproperlyConfigured."""
    if api_settings.USER_SCOPES is None:
        return None
    scopes: Any = () if user is None else api_settings.USER_SCOPES(user, current_request())
    try:
        return checked_names(scopes or ())
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"SIMPLE_JWT['USER_SCOPES'] returned something else than scopes. {error}") from error


def names_in_body(scope: object) -> tuple[str, ...] | None:
    """The names in the scope that a client asks for, which must be a text; None for None. Raises InvalidScope."""
    if scope is None:
        return None
    if not isinstance(scope, str):
        raise InvalidScope(_("The scope must be a text."))
    if len(scope) > api_settings.MAX_TOKEN_LENGTH:  # no token has so many, and to read them takes long
        raise InvalidScope
    return given_names(scope)


def given_names(scope: object) -> tuple[str, ...]:
    """The names in a scope. Raises InvalidScope for anything but a text of names, or several names."""
    try:
        return checked_names(scope)
    except (TypeError, ValueError) as error:
        raise InvalidScope(str(error)) from error


def require_within(asked: Collection[str] | None, held: Collection[str] | None) -> None:
    """Raise InvalidScope if a scope is asked for that is not held. None asks for nothing, or holds everything."""
    if asked is not None and held is not None and not set(asked).issubset(held):
        raise InvalidScope


def set_scope(claims: Claims, names: Collection[str]) -> None:
    """Set the claim `scope` to these names, or remove it if there are none."""
    if names:
        claims[SCOPE_CLAIM] = " ".join(names)
    else:
        claims.pop(SCOPE_CLAIM, None)
