"""The JWK Set in a schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from drf_spectacular.generators import EndpointEnumerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from oxijwt.views import JWKSView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rest_framework.request import Request
    from rest_framework.response import Response


def optional(text: str) -> serializers.CharField:
    """A member that only some keys have."""
    return serializers.CharField(required=False, help_text=text)


class JwkSerializer(serializers.Serializer[None]):
    """A public key (RFC 7517). The members after `use` depend on `kty`."""

    kty: serializers.CharField = serializers.CharField(help_text="`RSA`, `EC` or `OKP`.")
    kid: serializers.CharField = serializers.CharField(help_text="The `kid` of the tokens that this key verifies.")
    alg: serializers.CharField = serializers.CharField(help_text="The algorithm, for example `ES256`.")
    use: serializers.CharField = serializers.CharField(help_text="`sig`.")
    n: serializers.CharField = optional("The modulus of an RSA key.")
    e: serializers.CharField = optional("The exponent of an RSA key.")
    crv: serializers.CharField = optional("The curve of an EC or OKP key.")
    x: serializers.CharField = optional("The point of an OKP key, or the first coordinate of an EC key's.")
    y: serializers.CharField = optional("The second coordinate of an EC key's point.")


class JwkSetSerializer(serializers.Serializer[None]):
    """The public keys of this site (RFC 7517 section 5). It is empty if the site signs with a secret."""

    keys: serializers.ListSerializer[None] = JwkSerializer(many=True)  # type: ignore[assignment]  # `many` makes a list


def caching(name: str, text: str) -> OpenApiParameter:
    """A header of both answers."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[200, 304])


class KeySetSchema(AutoSchema):
    """The schema of KeySet."""

    def get_operation_id(self) -> str:
        """As drf-spectacular's, without the dots of the path: generated code uses it as a name."""
        return re.sub(r"\W+", "_", super().get_operation_id()).replace("__", "_")


class KeySet(APIView):
    """What drf-spectacular sees in place of JWKSView. It serves no request."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = ()
    schema = KeySetSchema()

    @extend_schema(
        summary="Get the public keys",
        description="The JWK Set (RFC 7517) with which other services verify this site's tokens.",
        responses={
            (200, "application/jwk-set+json"): OpenApiResponse(JwkSetSerializer, "The keys."),
            304: OpenApiResponse(description="The client has the same set already."),
        },
        parameters=[
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the last answer."),
            caching("ETag", "Changes when the keys change."),
            caching("Cache-Control", "How long the keys may be cached."),
        ],
    )
    def get(self, request: Request) -> Response:
        raise NotImplementedError


class KeySetEnumerator(EndpointEnumerator):
    """Finds the URLs of JWKSView."""

    def should_include_endpoint(self, path: str, callback: Callable[..., Any]) -> bool:
        return issubclass(getattr(callback, "view_class", object), JWKSView)

    def get_allowed_methods(self, callback: Callable[..., Any]) -> list[str]:
        return ["GET"]


def key_set_endpoints() -> Iterator[tuple[str, str, str, Callable[..., Any]]]:
    """(path, pattern, method, view) of each JWKSView in ROOT_URLCONF."""
    found = KeySetEnumerator()._get_api_endpoints(None, "")  # type: ignore[no-untyped-call]  # drf-spectacular's
    for path, pattern, method, _view in found:
        yield path, pattern, method, KeySet.as_view()
