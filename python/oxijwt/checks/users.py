"""The check of USER_ID_FIELD: tokens name their user by this field."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured

from oxijwt.settings import api_settings

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Field

SETTING = "SIMPLE_JWT['USER_ID_FIELD']"


def user_id_field() -> Iterable[CheckMessage]:
    """The finding about USER_ID_FIELD. A service without a user model gets no finding."""
    try:
        model = get_user_model()
    except ImproperlyConfigured:
        return
    hint = f"Use a unique field of {model._meta.label}, such as '{model._meta.pk.name}'."
    field = field_of(model, api_settings.USER_ID_FIELD)
    if field is None:
        yield Error(f"{SETTING} must be a field of the user model.", hint=hint, id="oxijwt.E033")
    elif "password" in f"{field.name} {field.column}".lower():
        yield Error(
            f"{SETTING} must not be a password: everybody who has a token can read it.", hint=hint, id="oxijwt.E035"
        )
    elif not is_unique(model, field):
        yield Error(f"{SETTING} must be unique: two users with one id can't log in.", hint=hint, id="oxijwt.E034")


def field_of(model: type["AbstractBaseUser"], name: object) -> "Field | None":  # type: ignore[type-arg]  # of any type
    """The model's field of this name. None without one, or if the name stands for another model's objects."""
    if name == "pk":
        return model._meta.pk
    try:
        field = model._meta.get_field(name)  # type: ignore[arg-type]  # a setting may be of any type
    except (FieldDoesNotExist, TypeError):  # TypeError: the name can't be hashed
        return None
    return field if field.concrete and name == field.attname else None


def is_unique(model: type["AbstractBaseUser"], field: "Field") -> bool:  # type: ignore[type-arg]  # of any type
    """Whether the database refuses two users with the same value of this field."""
    return field.unique or any(
        constraint.fields == (field.name,) for constraint in model._meta.total_unique_constraints
    )
