"""What is asked of the claims of a class of tokens: rules that the core applies, and rules that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt._core import TokenRules
from oxijwt.exceptions import TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.settings import api_settings
from oxijwt.utils import is_id

if TYPE_CHECKING:
    from oxijwt.utils import Claims

    from . import Token


def rules_of(token_class: type[Token], token_type: str | None, check_exp: object) -> TokenRules | None:
    """What `Token.verify` asks, for the core. The rules hold until a setting changes, or a method of the class.

    `token_type` None means any type. `check_exp` must be the class's. None if a setting can't be the name of a claim.
    """
    type_claim, id_claim = api_settings.TOKEN_TYPE_CLAIM, api_settings.JTI_CLAIM
    user_id_claim, session_id_claim = api_settings.USER_ID_CLAIM, api_settings.SESSION_ID_CLAIM
    if not all(isinstance(name, str) for name in (type_claim or "", id_claim or "", user_id_claim, session_id_claim)):
        return None
    names = ("verify", "verify_token_type", "token_type")
    return TokenRules(
        [("check_exp", check_exp), *((name, getattr(token_class, name)) for name in names)],
        type_claim=type_claim,
        token_type=token_type,
        id_claim=id_claim,
        user_id_claim=user_id_claim,
        session_id_claim=session_id_claim,
        session_required_from=api_settings.session_required_from,
    )


def check_id(claims: Claims) -> None:
    """Raise TokenError unless JTI_CLAIM is None, or the claim that it names is an id."""
    name = api_settings.JTI_CLAIM
    if name is None:
        return
    if name not in claims:
        raise TokenError(_("Token has no id"))
    if not is_id(claims[name]):
        raise TokenError(_("Token is invalid"))


def check_user_id(claims: Claims) -> None:
    """Raise TokenError if USER_ID_CLAIM is there, and neither text nor an integer."""
    user_id = claims.get(api_settings.USER_ID_CLAIM, "")
    # `true` is an int in Python, and user 1 in Django.
    if not isinstance(user_id, str | int) or isinstance(user_id, bool):
        raise TokenError(_("Token is invalid"))


def refuse_authentication_only(token: Token) -> None:
    """Raise TokenError for a token that can only authenticate requests: one of ISSUERS, or an access token."""
    if token.verified is None:
        return
    if token.verified.issuer is not None:
        raise TokenError(_("Token is invalid"))
    if token.verified.is_access_token:
        raise TokenError(_("Token has wrong type"))
