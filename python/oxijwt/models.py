"""TokenUser: a user made of a token's claims, for services without the user's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import models as auth_models
from django.db.models.manager import EmptyManager
from django.utils.functional import cached_property

from .keys.issuers import trusts_staff
from .settings import api_settings
from .verifier import SignedBy

if TYPE_CHECKING:
    from .tokens import Token


PROBED = frozenset(
    {
        "all",
        "as_sql",
        "contribute_to_class",
        "deconstruct",
        "dict",
        "error_dict",
        "flatten",
        "get_absolute_url",
        "get_expression_for_validation",
        "get_session_auth_hash",
        "get_source_expressions",
        "getlist",
        "items",
        "keys",
        "natural_key",
        "prepare_database_save",
        "relabel_aliases",
        "relabeled_clone",
        "resolve_expression",
        "serializable_value",
        "split_having_qualify",
        "tolist",
    }
)
"""Methods that Django and DRF look for in any value, and call if they find one."""


def gives_rights(token: Token) -> bool:
    """Whether the claims `is_staff` and `is_superuser` of this token count.

    They count in our own tokens, in those of JWK_URL, and in those of an issuer that has `trust_staff` in ISSUERS.
    """
    verified = getattr(token, "verified", None)  # a project's own class need not have it
    if verified is None or verified.signed_by in {SignedBy.US, SignedBy.JWK_URL}:
        return True
    return trusts_staff(api_settings.ISSUERS, verified.issuer)


class TokenUser:
    """The `request.user` of JWTStatelessUserAuthentication (simplejwt's `models.TokenUser`).

    It has Django's user interface, but no permissions, no groups and no database row. Any other attribute is the
    token's claim of that name, or None. Two kinds of names raise AttributeError, because Django would call None: names
    with a leading underscore, and those of PROBED that are not a claim.
    """

    is_active = True  # inactive users get no tokens

    _groups: ClassVar[EmptyManager[auth_models.Group]] = EmptyManager(auth_models.Group)
    _user_permissions: ClassVar[EmptyManager[auth_models.Permission]] = EmptyManager(auth_models.Permission)

    def __init__(self, token: Token) -> None:
        self.token = token

    def __str__(self) -> str:
        return f"TokenUser {self.id}"

    @cached_property
    def id(self) -> str | int:
        user_id: str | int = self.token[api_settings.USER_ID_CLAIM]
        return user_id

    @cached_property
    def pk(self) -> str | int:
        return self.id

    @cached_property
    def username(self) -> str:
        name: str = self.token.get("username", "")
        return name

    @cached_property
    def is_staff(self) -> bool:
        """Whether the claim is exactly true, in a token whose rights count (`gives_rights`)."""
        return self.token.get("is_staff") is True and gives_rights(self.token)

    @cached_property
    def is_superuser(self) -> bool:
        """As `is_staff`."""
        return self.token.get("is_superuser") is True and gives_rights(self.token)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenUser):
            return NotImplemented
        return self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def save(self) -> None:
        """Always raises NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def delete(self) -> None:
        """Always raises NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def set_password(self, raw_password: str) -> None:
        """Always raises NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def check_password(self, raw_password: str) -> None:
        """Always raises NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    @property
    def groups(self) -> EmptyManager[auth_models.Group]:
        return self._groups

    @property
    def user_permissions(self) -> EmptyManager[auth_models.Permission]:
        return self._user_permissions

    def get_group_permissions(self, obj: object = None) -> set[str]:
        return set()

    def get_all_permissions(self, obj: object = None) -> set[str]:
        return set()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return False

    def has_module_perms(self, module: str) -> bool:
        return False

    @property
    def is_anonymous(self) -> bool:
        return False

    @property
    def is_authenticated(self) -> bool:
        return True

    def get_username(self) -> str:
        return self.username

    def __getattr__(self, attr: str) -> Any:
        # Unpickling asks for `token`, and for names with an underscore, before the token is set.
        if attr == "token" or attr.startswith("_") or (attr in PROBED and attr not in self.token):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attr!r}")
        return self.token.get(attr)
