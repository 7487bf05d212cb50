"""Tokens of which nothing is kept: they count until their `exp`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from oxijwt.exceptions import TokenError
from oxijwt.settings import api_settings
from oxijwt.utils import find_user, is_id


class StatelessRecords:
    """Nothing is kept of the token (`records.Records`)."""

    def __init__(self, token: Any) -> None:
        self.token = token
        """A Token, or what a project's own class in AUTH_TOKEN_CLASSES makes."""

    @property
    def rotates(self) -> bool:
        """ROTATE_REFRESH_TOKENS."""
        return bool(api_settings.ROTATE_REFRESH_TOKENS)

    def issued(self, user: Any) -> None:
        """Nothing is written."""

    def check(self) -> None:
        """Every token counts."""

    def check_blacklist(self) -> None:
        """There is no blacklist."""

    def check_current(self) -> None:
        """No token is spent."""

    def check_untyped(self) -> None:
        """Every token counts."""

    def check_session(self) -> None:
        """The token has no session."""

    def find_user(self) -> Any | None:
        """One statement, without one where the token names nobody."""
        user_id = self.token.get(api_settings.USER_ID_CLAIM)
        return None if user_id is None else find_user(get_user_model().objects, api_settings.USER_ID_FIELD, user_id)

    @sensitive_variables()
    def rotate(self, user: Any) -> str:
        """New `jti`, `exp` and `iat`; the token before goes on counting."""
        self.renew()
        return str(self.token)

    def renew(self) -> None:
        """Give the token the claims of its successor."""
        self.token.set_jti()
        self.token.set_exp()
        self.token.set_iat()

    def jti(self) -> str:
        """The token's id. Raises TokenError where it has none that a row can hold."""
        jti = self.token.get(api_settings.JTI_CLAIM)
        if not isinstance(jti, str):
            raise TokenError(_("Token has no id"))
        # Nothing has checked the id of a token that was read unverified, or an id that the project's code has set.
        if not is_id(jti):
            raise TokenError(_("Token is invalid"))
        return jti

    def end(self) -> tuple[Any, bool]:
        """Nothing can end the token."""
        return None, False

    def listed(self) -> Any:
        """None: nothing is kept."""
        return None


class OtherIssuersToken(StatelessRecords):
    """A token of one of ISSUERS: it authenticates requests. To refresh, end and record it is that issuer's business."""

    def rotate(self, user: Any) -> str:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))

    def end(self) -> tuple[Any, bool]:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))

    def listed(self) -> Any:
        """Raises TokenError."""
        raise TokenError(_("Token is invalid"))
