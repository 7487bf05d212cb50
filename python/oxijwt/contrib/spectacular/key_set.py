"""The JWK Set in a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.generators import EndpointEnumerator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.views import APIView

from oxijwt.views import JWKSView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rest_framework.request import Request
    from rest_framework.response import Response

JWK_SET: dict[str, Any] = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"type": "object", "additionalProperties": {}}}},
    "required": ["keys"],
}
"""A JWK Set (RFC 7517 section 5)."""


class KeySet(APIView):
    """What drf-spectacular sees in place of JWKSView. It serves no request."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = ()

    @extend_schema(
        summary="Get the public keys",
        description="The JWK Set (RFC 7517) with which other services verify this site's tokens.",
        responses={
            (200, "application/jwk-set+json"): OpenApiResponse(JWK_SET, "The keys."),
            304: OpenApiResponse(description="The client has the same set already."),
        },
        parameters=[OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304])],
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
