"""Functions that a project's settings may name."""

from oxijwt._core import unverified_claims

SCOPES = {"ada": "orders:read orders:write reports:read", "bob": "orders:read"}


def scopes_of(user, request):
    """What USER_SCOPES answers: by user name."""
    return SCOPES.get(user.get_username(), "")


def roles(user, request, token):
    """What CLAIMS answers: a claim that everybody has, and one that only staff has."""
    return {"name": user.get_username(), **({"is_staff": True} if user.is_staff else {})}


def read(text):
    """A token's claims, unverified."""
    return unverified_claims(text, 16_384)
