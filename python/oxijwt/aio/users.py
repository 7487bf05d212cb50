"""The query for a user, awaited. `utils.find_user` then decides, as in sync code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from django.core.exceptions import ObjectDoesNotExist

from oxijwt.utils import NO_USER_ID, UNFIT_USER_ID, User

from .loop import in_thread, is_only_sync

if TYPE_CHECKING:
    from django.db.models import Manager, QuerySet

    from oxijwt.statements.kept import Joining

    Users = Manager[User] | QuerySet[User] | Joining[User]


@dataclass(frozen=True)
class Answered(Generic[User]):
    """A query for a user that was awaited. `utils.find_user` reads it as a manager, without asking the database."""

    user: User | None
    error: Exception | None = None

    def get(self, **lookup: object) -> User:
        """The user that the database has found. Raises what the query has raised."""
        if self.user is None:
            raise self.error or ObjectDoesNotExist
        return self.user


async def ask(users: Users[User], field: str, user_id: object) -> Answered[User]:
    """Ask for a user by Django's async ORM. An error that `find_user` reads as an answer is kept, others are raised."""
    if isinstance(user_id, NO_USER_ID):  # `find_user` never asks for these
        return Answered(None)
    wanted = {field: user_id}
    try:
        if is_only_sync(type(users), "get", "aget"):  # a project's `get`
            return Answered(await in_thread(lambda: users.get(**wanted)))
        return Answered(await users.aget(**wanted))
    except (ObjectDoesNotExist, *UNFIT_USER_ID) as error:
        return Answered(None, error)
