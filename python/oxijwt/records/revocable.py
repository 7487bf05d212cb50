"""`BlacklistMixin`: what can be done with tokens that apps keep records of (simplejwt's name)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from oxijwt.aio.loop import asks_records_later

from . import can_end_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.token_blacklist.models import OutstandingToken
    from oxijwt.utils import Claims, Hidden, Names

    from . import Ended, Records

Result = TypeVar("Result")
T = TypeVar("T")


class WhileRevocable(Generic[Result]):
    """Decorator for a method that only exists while an app that can end tokens is installed.

    Code written for simplejwt asks `hasattr(token, "blacklist")` or catches AttributeError.
    """

    def __init__(self, function: Callable[..., Result]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Callable[..., Result]:
        if not can_end_tokens():
            raise AttributeError(f"{owner.__name__}.{self._name} needs an app that can end tokens")
        return self._function if instance is None else partial(self._function, instance)


class BlacklistMixin(Generic[T]):
    """Tokens that apps keep records of: they are recorded when they are issued, and they can be ended."""

    payload: Claims
    if TYPE_CHECKING:

        @property
        def records(self) -> Records:
            """Token's."""

    before_write: Callable[[Any, Hidden[str]], None] | None = None
    """`rotate` calls it with the successor and its text before it writes. If it raises, this token stays unspent."""

    def verify(self, *args: object, **kwargs: object) -> None:
        """Check the token, then its records. Raises TokenError, or SessionError with a code."""
        super().verify(*args, **kwargs)  # type: ignore[misc]  # Token's
        if not asks_records_later.get():
            self.records.check()

    async def acheck_records(self) -> None:
        """As `verify`, for the records only."""
        await self.records.acheck()

    @WhileRevocable
    def check_blacklist(self) -> None:
        """Raise TokenError if the token is blacklisted. One SQL statement."""
        self.records.check_blacklist()

    @WhileRevocable
    def blacklist(self) -> Ended:
        """End the token's session, or blacklist a token without one.

        Returns (session or BlacklistedToken, whether this call ended it). Raises TokenError.
        """
        return self.records.end()

    def outstand(self) -> tuple[OutstandingToken, bool] | None:
        """Record the token: (OutstandingToken, whether it is new), or None if no table holds tokens of its type."""
        return self.records.listed()

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token returns a new refresh token."""
        return self.records.rotates

    def rotate(self, user: AbstractBaseUser | None = None) -> str:
        """Give this token the claims of its successor, and return the successor, signed. `user` saves a query.

        simplejwt's serializer has these steps. Raises TokenError, or SessionError, if another request has spent the
        token; ServiceUnavailable if the database is busy.
        """
        return self.records.rotate(user)

    @classmethod
    def for_user(
        cls,
        user: AbstractBaseUser,
        *,
        audience: Names | None = None,
        issuer: str | None = None,
        scope: Names | None = None,
    ) -> Self:
        """As Token's; the token is recorded, or starts a session, depending on the installed apps."""
        # The other arguments are not passed on: a class in between may override for_user(cls, user).
        token: Self = super().for_user(user)  # type: ignore[misc]  # Token's
        token.issue(user, audience, issuer, scope)  # type: ignore[attr-defined]  # likewise
        if can_end_tokens():  # otherwise nothing is recorded
            token.records.issued(user)
        return token
