"""Tokens about which nothing is kept: they are valid until their `exp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.views.decorators.debug import sensitive_variables

from oxijwt.aio.users import ask
from oxijwt.exceptions import TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.settings import api_settings
from oxijwt.statements.kept import getting
from oxijwt.utils import find_user, is_id

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.aio.users import Answered
    from oxijwt.token_blacklist.models import OutstandingToken
    from oxijwt.tokens import Token

    from . import Ended


class StatelessRecords:
    """Records (`records.Records`) of a token about which nothing is kept."""

    ahead: Answered[AbstractBaseUser] | None = None
    """The user for the next `find_user`, if `aread_ahead` has asked."""

    def __init__(self, token: Token) -> None:
        self.token = token
        """A Token, or an object of a project's own class in AUTH_TOKEN_CLASSES."""

    @property
    def rotates(self) -> bool:
        """ROTATE_REFRESH_TOKENS."""
        return bool(api_settings.ROTATE_REFRESH_TOKENS)

    def issued(self, user: AbstractBaseUser) -> None:
        """Nothing is written."""

    def check(self) -> None:
        """Every token is valid."""

    async def acheck(self) -> None:
        """Every token is valid."""

    def check_blacklist(self) -> None:
        """There is no blacklist."""

    def check_current(self) -> None:
        """A token is never spent."""

    def check_untyped(self) -> None:
        """Every token is valid."""

    def ids_to_ask(self) -> tuple[str, ...]:
        """The ids that `check_untyped` looks for in a table: none."""
        return ()

    def check_session(self) -> None:
        """The token has no session."""

    def find_user(self) -> AbstractBaseUser | None:
        """One SQL statement; none if the token names no user."""
        user_id = self.token.get(api_settings.USER_ID_CLAIM)
        if user_id is None:
            return None
        if self.ahead is not None:
            answered, self.ahead = self.ahead, None
            return find_user(answered, api_settings.USER_ID_FIELD, user_id)
        users = get_user_model()._default_manager  # a project's manager need not be called `objects`
        return find_user(getting(users), api_settings.USER_ID_FIELD, user_id)

    async def aread_ahead(self) -> bool:
        """The user, in one SQL statement."""
        user_id = self.token.get(api_settings.USER_ID_CLAIM)
        if user_id is not None:
            self.ahead = await ask(getting(get_user_model()._default_manager), api_settings.USER_ID_FIELD, user_id)
        return True

    def adopt(self, user: AbstractBaseUser | None) -> None:
        """The token has no session."""

    def narrowed(self) -> None:
        """Only the token itself knows its scope."""
        self.token.narrow()

    def end_moved(self) -> None:
        """The token has no session."""

    @sensitive_variables()
    def rotate(self, user: AbstractBaseUser | None) -> str:
        """Only `jti`, `exp` and `iat` change. The old token stays valid."""
        self.renew()
        return str(self.token)

    def renew(self) -> None:
        """Set a new `jti`, `exp` and `iat`, and the scope that the client has asked for."""
        self.token.narrow()
        self.token.set_jti()
        self.token.set_exp()
        self.token.set_iat()

    def jti(self) -> str:
        """The token's id. Raises TokenError if it has none, or one that a row can't hold."""
        jti = self.token.get(api_settings.JTI_CLAIM)
        if not isinstance(jti, str):
            raise TokenError(_("Token has no id"))
        # Nobody has checked the id of a token that was read without verification, or an id that the project has set.
        if not is_id(jti):
            raise TokenError(_("Token is invalid"))
        return jti

    def end(self) -> Ended:
        """Raises TokenError: nothing can end the token."""
        raise TokenError(_("The token can't be ended"))

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """None."""
        return None


class OtherIssuersToken(StatelessRecords):
    """Records of a token of one of ISSUERS. It can only authenticate requests: refreshing, ending and recording it
    raise TokenError.
    """

    def rotate(self, user: AbstractBaseUser | None) -> str:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))

    def end(self) -> Ended:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))
