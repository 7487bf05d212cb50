"""The bodies of requests and answers, as serializers that nothing but drf-spectacular reads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from rest_framework import serializers

from oxijwt.settings import api_settings
from oxijwt.transport.cookies import FIELDS, cookie_name
from oxijwt.views.style import OAUTH_NAMES

from .operations import Operation, is_ours, project_classes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import Direction

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
"""A description of each field with a token, and of what tells about it."""

SESSION_HELP = {
    "created_at": "The time of the login.",
    "expires_at": "The session ends then unless it is refreshed. Other sessions show the end of that day (UTC).",
    "ip_address": "IPv4 or IPv6, at the login or last refresh. The current session shows that of this request.",
    "user_agent": "At the login or last refresh. The current session shows that of this request.",
}
LAST_USED = "Now for the current session. Other sessions show the day (UTC) of the last refresh, or a later login."
"""Descriptions of the fields of a session."""

FOR_SIMPLEJWT = "drf_spectacular.contrib.rest_framework_simplejwt"
"""drf-spectacular's extensions for simplejwt, which are also for our serializers under simplejwt's name."""

TOKENS = frozenset({"access", "refresh", "token"})
"""simplejwt's names of fields with a token."""


LOGOUT_SCOPES = {
    "local": "this session",
    "others": "the user's other sessions",
    "global": "all sessions of the user",
}
"""The choices for `scope` of a logout, with their meaning."""


class LogoutScopeField(serializers.ChoiceField):
    """`scope` of a logout. drf-spectacular would name its choices ScopeEnum, and warn of a project's own `scope`."""


class LogoutScope(OpenApiSerializerFieldExtension):
    """A component of its own, which says what the choices mean."""

    target_class: type[LogoutScopeField] = LogoutScopeField

    def get_name(self) -> str:
        return "LogoutScopeEnum"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        text = "\n".join(f"* `{choice}` - {meaning}" for choice, meaning in self.target.choices.items())
        return {"type": "string", "enum": [*self.target.choices], "description": text}


class CsrfTokenSerializer(serializers.Serializer[None]):
    """The CSRF token for the next requests."""

    csrf_token: serializers.CharField = serializers.CharField()


def body_of(serializer: SerializerClass, operation: Operation) -> SerializerClass:
    """The serializer with the fields that a request and an answer have under the settings.

    A serializer for which the project has an extension stays as it is.
    """
    extension = OpenApiSerializerExtension.get_match(serializer)
    if extension is not None and type(extension).__module__ != FOR_SIMPLEJWT:
        return serializer
    own = not is_ours(serializer)
    name = ("Cookie" * operation.cookies + serializer.__name__) if own else operation.component
    fields = asked(serializer, operation), answered(operation), sometimes(operation)
    return shaped(serializer, name, *fields)  # type: ignore[arg-type]  # mypy


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
    """The names of what the serializer and the view answer, without tokens that are always in cookies."""
    if not operation.tokens:
        return ()
    is_login = operation.cookies and not operation.token_cookies
    left = [name for name in operation.tokens if not (is_login and name in in_cookies())]
    if operation.rotates and not api_settings.ROTATE_REFRESH_TOKENS:
        left = [name for name in left if name != "refresh"]
    if not api_settings.uses_oauth_names:
        return (*left, *(["expires_in"] if api_settings.TOKEN_RESPONSE_EXPIRES_IN else []))
    scope = ["scope"] if api_settings.USER_SCOPES else []
    return (*(OAUTH_NAMES[name] for name in left), "token_type", "expires_in", *scope)


def sometimes(operation: Operation) -> frozenset[str]:
    """The names of tokens that an answer has only if the request had its token in the body and not in the cookie."""
    if not (operation.cookies and operation.rotates):
        return frozenset()
    return frozenset(OAUTH_NAMES[name] if api_settings.uses_oauth_names else name for name in in_cookies())


def in_cookies() -> set[str]:
    """The fields whose token is in a cookie."""
    return {field for setting, field in FIELDS.items() if cookie_name(setting)}


class SometimesWithTokens:
    """A serializer whose answer may lack the fields of `sometimes`."""

    sometimes: frozenset[str]


class Sometimes(OpenApiSerializerExtension):
    """drf-spectacular takes each field of an answer for required."""

    target_class: type[SometimesWithTokens] = SometimesWithTokens
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        found = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        required = [name for name in found.pop("required", ()) if name not in self.target.sometimes]
        return {**found, **({"required": required} if required else {})}


@cache
def shaped(
    serializer: SerializerClass,
    name: str,
    asked: tuple[tuple[str, bool], ...],
    answered: tuple[str, ...],
    sometimes: frozenset[str],
) -> SerializerClass:
    """A subclass with these fields, and without the other fields of tokens. One object for each shape."""
    declared: dict[str, object] = getattr(serializer, "_declared_fields", {})
    fields: dict[str, object] = dict.fromkeys(TOKENS.intersection(declared))
    fields |= {field: described_field(field, read_only=True) for field in answered}
    for field, required in asked:
        fields[field] = described_field(field, required=required, write_only=field not in answered)
    if is_logout_scope(declared.get("scope")):
        fields["scope"] = LogoutScopeField(choices=[*LOGOUT_SCOPES.items()], default="local")
    if not any(vars(base).get("__doc__") for base in project_classes(serializer)):
        fields["__doc__"] = " "  # the next docstring is for programmers
    if is_ours(serializer):
        fields |= session_fields(serializer)
    bases = (SometimesWithTokens, serializer) if sometimes else (serializer,)
    return type(name, bases, fields | {"sometimes": sometimes})


def is_logout_scope(field: object) -> bool:
    """Whether a field has the choices of the package's own logout."""
    return isinstance(field, serializers.ChoiceField) and [*field.choices] == [*LOGOUT_SCOPES]


def session_fields(serializer: SerializerClass) -> dict[str, object]:
    """Members that describe the fields of a session. Empty for the other serializers, which have no model."""
    meta = getattr(serializer, "Meta", None)
    if meta is None:
        return {}
    arguments = {name: {"help_text": text} for name, text in SESSION_HELP.items()}
    last_used = serializers.DateTimeField(read_only=True, help_text=LAST_USED)
    return {"Meta": type("Meta", (meta,), {"extra_kwargs": arguments}), "last_used_at": last_used}


def described_field(name: str, **arguments: bool) -> serializers.Field[Any, Any, Any, Any]:
    """A field with its description."""
    kind: type[Any] = serializers.IntegerField if name == "expires_in" else serializers.CharField
    field: serializers.Field[Any, Any, Any, Any] = kind(help_text=HELP[name], **arguments)
    return field


def is_flat(serializer: Serializer) -> bool:
    """Whether each field's errors are a list of messages, which those of nested fields are not."""
    nested = (serializers.BaseSerializer, serializers.ListField, serializers.DictField)
    fields: Iterable[object] = getattr(serializer, "fields", {}).values()
    return not any(isinstance(field, nested) for field in fields)


def has_answer(serializer: Serializer) -> bool:
    """Whether an answer has any of the fields. The fields of a project's extension may be others."""
    if OpenApiSerializerExtension.get_match(serializer) is not None:
        return True
    fields: Iterable[serializers.Field[Any, Any, Any, Any]] = getattr(serializer, "fields", {}).values()
    return any(not field.write_only for field in fields)
