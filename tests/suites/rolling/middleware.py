"""Says whose library answers, and breaks a rule for the runs that must fail."""

import json
from importlib import import_module

from django.http import JsonResponse

from .tokens import claims_of

LIBRARY = "X-Library"
FORGOTTEN, WRONG_TYPE = "forgotten", "wrong_type"
"""Codes of the broken rules."""


def name_library(get_response):
    """Every response names the package that the node's authentication class comes from."""
    authentication = import_module("rest_framework_simplejwt.authentication")
    library = authentication.JWTAuthentication.__module__.partition(".")[0]

    def respond(request):
        response = get_response(request)
        response[LIBRARY] = library
        return response

    return respond


def break_rules(get_response):
    """Refuses refresh tokens that the database has forgotten, and access tokens with a generation."""

    def respond(request):
        code = FORGOTTEN if is_forgotten(request) else WRONG_TYPE if has_generation(request) else None
        return get_response(request) if code is None else JsonResponse({"code": code}, status=401)

    return respond


def is_forgotten(request):
    """Whether it is a refresh with a token that is newer than its session's row."""
    if not request.path.endswith("/refresh/"):
        return False
    claims = claims_of(json.loads(request.body)["refresh"])
    sessions = import_module("oxijwt.token_sessions.models").TokenSession.objects
    return "sid" in claims and sessions.filter(pk=claims["sid"], generation__lt=claims["gen"]).exists()


def has_generation(request):
    """Whether its access token has one: simplejwt copies it from the refresh token."""
    header = request.headers.get("Authorization")
    return header is not None and "gen" in claims_of(header)
