"""The bodies of answers to refused requests."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import Direction


CODES = (
    "token_not_valid",
    "session_revoked",
    "session_expired",
    "token_reused",
    "password_changed",
    "user_not_found",
    "user_inactive",
    "no_active_account",
    "not_authenticated",
    "bad_authorization_header",
    "csrf_failed",
    "invalid_scope",
    "service_unavailable",
)
"""The codes of the views. The schema has no enum: a project may raise others, and clients would fail on these."""


class TokenErrorSerializer(serializers.Serializer[None]):
    """Why a request was refused."""

    detail: serializers.CharField = serializers.CharField(help_text="For people, in the language of the request.")
    code: serializers.CharField = serializers.CharField(
        required=False,
        help_text=f"For programs, for example {', '.join(map('`{}`'.format, CODES))}. A refused login has none.",
    )


class TokenErrorMessageSerializer(serializers.Serializer[None]):
    """The reason of one class of tokens."""

    token_class: serializers.CharField = serializers.CharField(help_text="For example `AccessToken`.")
    token_type: serializers.CharField = serializers.CharField(help_text="For example `access`.")
    message: serializers.CharField = serializers.CharField(help_text="For people, in the language of the request.")


class AccessTokenErrorSerializer(TokenErrorSerializer):
    """Why the access token of a request was refused."""

    messages: serializers.ListSerializer[None] = TokenErrorMessageSerializer(  # type: ignore[assignment]  # `many` makes a list
        many=True, required=False, help_text="One for each class of tokens that the site takes."
    )


class TokenBadRequestSerializer(TokenErrorSerializer):
    """The messages by field, or one message if the body can't be read."""


class TokenBadRequest(OpenApiSerializerExtension):
    """A serializer can't say that an object has any names."""

    target_class: type[TokenBadRequestSerializer] = TokenBadRequestSerializer

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        error = auto_schema.resolve_serializer(TokenErrorSerializer, direction).ref
        messages = {"type": "array", "items": {"type": "string"}}
        by_field = {"type": "object", "additionalProperties": messages}
        return {"oneOf": [error, by_field], "description": inspect.cleandoc(self.target.__doc__)}
