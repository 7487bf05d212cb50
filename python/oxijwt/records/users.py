"""Rows that refer to a user, who may be deleted before the row is inserted, or be in another database."""

from __future__ import annotations

from contextlib import contextmanager
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, router
from django.db.models import Q
from django.db.transaction import TransactionManagementError

from oxijwt.exceptions import UserDeleted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db import DatabaseError
    from django.db.models import Model


MARIADB_NO_REFERENCED_ROW = 1452
"""ER_NO_REFERENCED_ROW_2, an error number."""


@contextmanager
def requiring_user(row: Model, user_id: object, alias: str) -> Iterator[None]:
    """Inside, `row` is inserted, which refers to the user. Raises UserDeleted if the user is gone.

    `alias` names the database. If it would find out later or never, one SELECT asks.
    """
    try:
        yield
    except IntegrityError as error:
        if names_nobody(error, user_id, alias):
            raise UserDeleted from error
        raise
    if user_id is not None and is_found_late(alias) and not has_user(user_id):
        row.delete(using=alias)
        raise UserDeleted


def names_nobody(error: IntegrityError, user_id: object, alias: str) -> bool:
    """Whether a row was not inserted because its user is gone: not for another reason, such as a `jti` that exists."""
    # A SELECT could be refused: the transaction may be broken.
    if alias == users_database() and connections[alias].in_atomic_block:
        return MARIADB_NO_REFERENCED_ROW in error.args
    return user_id is not None and not has_user(user_id)


def refuse_without_user(user_id: object) -> None:
    """Raise IntegrityError, as the commit would, if a row that was just inserted refers to a deleted user."""
    if not has_user(user_id):
        raise IntegrityError("The user was deleted.")


def is_found_late(alias: str) -> bool:
    """Whether this database finds a reference to a deleted user only when the caller's transaction commits.

    Also if it never does, since the users are in another database.
    """
    connection = connections[alias]
    if alias != users_database():
        return True
    return connection.in_atomic_block and connection.features.can_defer_constraint_checks


def users_database() -> str:
    """The alias of the database that users are written to. Decisions read from it too, and not from a replica."""
    return router.db_for_write(get_user_model())


def has_user(user_id: object) -> bool:
    """Whether the user's row exists. One SQL statement."""
    return get_user_model()._base_manager.using(users_database()).filter(pk=user_id).exists()  # type: ignore[misc]  # a key of any type


def ids_of_users(text: str, most: int) -> list[object]:
    """The keys of at most so many users: first the user whose key is `text`, then those whose name begins with it.

    A name is the USERNAME_FIELD or the EMAIL_FIELD. Two SQL statements, which read the table of users.
    """
    model: type[AbstractBaseUser] = get_user_model()
    first = find_by_key(text)
    fields = [field for field in model._meta.concrete_fields if field.name in names_of(model) and not field.is_relation]
    begins = reduce(or_, (Q((f"{field.name}__istartswith", text)) for field in fields), Q(pk__in=[]))
    users = model._base_manager.using(users_database()).filter(begins)
    ids = [] if first is None else [first.pk]
    return [*ids, *users.exclude(pk__in=ids).values_list("pk", flat=True)[: most - len(ids)]]


def names_of(model: type[AbstractBaseUser]) -> set[str]:
    """The names of the fields that have a user's name and email address, if the model has them.

    A model without EMAIL_FIELD has its address in `email`, as Django's `get_email_field_name` says.
    """
    return {str(getattr(model, "USERNAME_FIELD", "")), str(getattr(model, "EMAIL_FIELD", "email"))}


def find_by_key(text: str) -> AbstractBaseUser | None:
    """The user whose primary key is written so, or None. At most one SQL statement."""
    model: type[AbstractBaseUser] = get_user_model()
    if "\x00" in text:  # PostgreSQL refuses it in a key that is a text
        return None
    try:
        key = model._meta.pk.to_python(text)
    except ValidationError:
        return None
    return model._base_manager.using(users_database()).filter(pk=key).first()


def is_missing_row(error: DatabaseError) -> bool:
    """Whether Django's `save(update_fields=…)` found no row: its own error, and none that a database raised."""
    return error.__cause__ is None and not isinstance(error, TransactionManagementError)
