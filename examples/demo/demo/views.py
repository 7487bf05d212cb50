"""The page and its files, an index of URLs, a view that needs an access token, and one that rotates the key."""

import json
import time
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.static import serve
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

PAGE = Path(__file__).parent / "page"
URLS = {
    "login": "token_obtain_pair",
    "refresh": "token_refresh",
    "verify": "token_verify",
    "logout": "token_logout",
    "sessions": "session_list",
    "jwks": "jwks",
    "cookie_csrf": "cookie_csrf",
    "cookie_login": "cookie_login",
    "cookie_refresh": "cookie_refresh",
    "cookie_logout": "cookie_logout",
    "hello": "hello",
    "rotate_key": "rotate_key",
}


def index(request: HttpRequest) -> HttpResponseBase:
    """The page for a browser; the URLs as JSON for other clients, also for those that accept anything."""
    wants_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    response = page_file(request, "index.html") if wants_page else urls(request)
    patch_vary_headers(response, ["Accept"])
    return response


def page_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """A file of the page. Raises Http404. A browser asks each time whether it has changed."""
    response = serve(request, name, document_root=PAGE)
    patch_cache_control(response, no_cache=True)
    return response


@api_view()
@permission_classes([AllowAny])
def urls(request: Request) -> Response:
    return Response({what: request.build_absolute_uri(reverse(name)) for what, name in URLS.items()})


@api_view()
def hello(request: Request) -> Response:
    return Response({"hello": request.user.get_username()})


@api_view(["POST"])
def rotate_key(_request: Request) -> Response:
    """Rotate the signing key, and answer with the `kid`, algorithm and phase of every key.

    Only for the demo, where every user may do it. A real site runs `manage.py jwtkeys rotate` from cron.
    """
    call_command("jwtkeys", "rotate", "--now", verbosity=0)
    listed = StringIO()
    call_command("jwtkeys", "list", "--json", stdout=listed)
    # A process looks at the file once a second at most. After this second, the next token has the new key.
    time.sleep(1)
    return Response({"keys": [{name: key[name] for name in SHOWN} for key in json.loads(listed.getvalue())]})


SHOWN = ("kid", "algorithm", "phase")
