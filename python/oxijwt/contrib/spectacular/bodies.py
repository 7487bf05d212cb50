"""The bodies of requests and answers, as serializers that nothing but drf-spectacular reads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from oxijwt.settings import api_settings
from oxijwt.transport.cookies import FIELDS, cookie_name
from oxijwt.views.style import OAUTH_NAMES

from .operations import Operation, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable

    Serializer = serializers.BaseSerializer[Any]
    SerializerClass = type[Serializer]

HELP = {
    "access": "Authenticates requests.",
    "refresh": "Gets the next access token. It must stay secret.",
    "token": "A token in compact form.",
    "access_token": "Authenticates requests.",
    "refresh_token": "Gets the next access token. It must stay secret.",
    "token_type": "The word before the token in the header of a request.",
    "expires_in": "Seconds until the access token expires.",
    "scope": "Scopes, with spaces in between.",
}
"""A description of each field."""

TOKENS = frozenset({"access", "refresh", "token"})
"""simplejwt's names of fields with a token."""


class TokenErrorSerializer(serializers.Serializer[None]):
    """Why a request was refused."""

    detail: serializers.CharField = serializers.CharField(help_text="For people, in the language of the request.")
    code: serializers.CharField = serializers.CharField(
        required=False, help_text="For programs. A wrong login has none."
    )
    messages: serializers.ListField = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()),
        required=False,
        help_text="What each class of tokens says about an access token.",
    )


class CsrfTokenSerializer(serializers.Serializer[None]):
    """The CSRF token for the next requests."""

    csrf_token: serializers.CharField = serializers.CharField()


def body_of(serializer: SerializerClass, operation: Operation) -> SerializerClass:
    """The serializer with the fields that a request and an answer have under the settings.

    A project's own serializer that has an extension stays as it is.
    """
    own = not is_ours(serializer)
    if own and OpenApiSerializerExtension.get_match(serializer):
        return serializer
    name = ("Cookie" * operation.cookies + serializer.__name__) if own else operation.component
    return shaped(serializer, name, asked(serializer, operation), answered(operation))  # type: ignore[arg-type]  # mypy


def asked(serializer: SerializerClass, operation: Operation) -> tuple[tuple[str, bool], ...]:
    """The fields of a request with a token or scopes, by name, and whether they are required.

    `refresh` and `token` are fields of the serializer. The views read `refresh_token` and `scope` themselves.
    """
    names = {"refresh": OAUTH_NAMES["refresh"]} if api_settings.uses_oauth_names else {}
    declared = getattr(serializer, "_declared_fields", {})
    tokens = {name: declared[name] for name in declared if name in TOKENS and not declared[name].read_only}
    fields = [(names.get(name, name), field.required and not operation.cookies) for name, field in tokens.items()]
    return (*fields, *([("scope", False)] if operation.tokens and api_settings.USER_SCOPES else []))


def answered(operation: Operation) -> tuple[str, ...]:
    """The names of what the serializer and the view answer, without tokens in cookies."""
    if not operation.tokens:
        return ()
    left = [name for name in operation.tokens if not (operation.cookies and name in in_cookies())]
    if operation.rotates and not api_settings.ROTATE_REFRESH_TOKENS:
        left = [name for name in left if name != "refresh"]
    if not api_settings.uses_oauth_names:
        return (*left, *(["expires_in"] if api_settings.TOKEN_RESPONSE_EXPIRES_IN else []))
    scope = ["scope"] if api_settings.USER_SCOPES else []
    return (*(OAUTH_NAMES[name] for name in left), "token_type", "expires_in", *scope)


def in_cookies() -> set[str]:
    """The fields whose token is in a cookie."""
    return {field for setting, field in FIELDS.items() if cookie_name(setting)}


@cache
def shaped(
    serializer: SerializerClass, name: str, asked: tuple[tuple[str, bool], ...], answered: tuple[str, ...]
) -> SerializerClass:
    """A subclass with these fields, and without the other fields of tokens. One object for each shape."""
    declared: Iterable[str] = getattr(serializer, "_declared_fields", {})
    fields: dict[str, object] = dict.fromkeys(TOKENS.intersection(declared))
    fields |= {field: described_field(field, read_only=True) for field in answered}
    for field, required in asked:
        fields[field] = described_field(field, required=required, write_only=field not in answered)
    if is_ours(serializer):
        fields["__doc__"] = " "  # our docstring is for programmers
    return type(name, (serializer,), fields)


def described_field(name: str, **arguments: bool) -> serializers.Field[Any, Any, Any, Any]:
    """A field with its description."""
    kind: type[Any] = serializers.IntegerField if name == "expires_in" else serializers.CharField
    field: serializers.Field[Any, Any, Any, Any] = kind(help_text=HELP[name], **arguments)
    return field


def has_answer(serializer: Serializer) -> bool:
    """Whether an answer has any of the fields."""
    fields: Iterable[serializers.Field[Any, Any, Any, Any]] = getattr(serializer, "fields", {}).values()
    return any(not field.write_only for field in fields)
