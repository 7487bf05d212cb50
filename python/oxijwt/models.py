"""TokenUser: a user made of a token's claims, for services without the user's table."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import models as auth_models
from django.db.models.manager import EmptyManager
from django.utils.functional import cached_property

from .settings import api_settings

if TYPE_CHECKING:
    from .tokens import Token


class TokenUser:
    """What JWTStatelessUserAuthentication puts into `request.user` (simplejwt's `models.TokenUser`).

    It has Django's user interface, no permissions, no groups and no row; other attributes are looked up in the token.
    """

    is_active = True  # no token is issued for an inactive user

    _groups: ClassVar[EmptyManager[auth_models.Group]] = EmptyManager(auth_models.Group)
    _user_permissions: ClassVar[EmptyManager[auth_models.Permission]] = EmptyManager(auth_models.Permission)

    def __init__(self, token: "Token") -> None:
        self.token = token

    def __str__(self) -> str:
        return f"TokenUser {self.id}"

    @cached_property
    def id(self) -> Any:
        return self.token[api_settings.USER_ID_CLAIM]

    @cached_property
    def pk(self) -> Any:
        return self.id

    @cached_property
    def username(self) -> Any:
        return self.token.get("username", "")

    @cached_property
    def is_staff(self) -> Any:
        return self.token.get("is_staff", False)

    @cached_property
    def is_superuser(self) -> Any:
        return self.token.get("is_superuser", False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenUser):
            return NotImplemented
        return bool(self.id == other.id)

    def __hash__(self) -> int:
        return hash(self.id)

    def save(self) -> None:
        """Always NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def delete(self) -> None:
        """Always NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def set_password(self, raw_password: str) -> None:
        """Always NotImplementedError."""
        raise NotImplementedError("Token users have no DB representation")

    def check_password(self, raw_password: str) -> None:
        """Always NotImplementedError."""
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

    def get_username(self) -> Any:
        return self.username

    def __getattr__(self, attr: str) -> Any:
        if attr == "token":  # not there yet while it is being unpickled
            raise AttributeError(attr)
        return self.token.get(attr)
