"""What an answer to something hostile must look like."""

from django.conf import settings

TAKEN = {200, 204}
TELLING = {"access", "refresh", "token", "user", "id"}


def assert_no_complaints(results):
    """Fail with the name of every case whose answer is wrong. `results`: pairs of the name and what is wrong."""
    complaints = [f"{name}: {complaint}" for name, complaint in results if complaint]
    assert not complaints, f"{len(complaints)} cases:\n" + "\n".join(complaints)


def refusal_complaint(response, status, token_was_refused=True):
    """What is wrong with a refusal, or None: its status, its type, its challenge, or what it tells."""
    if response.status_code != status:
        return f"{response.status_code} instead of {status}: {response.content[:200]!r}"
    if response.headers["Content-Type"] != "application/json":
        return f"answered with {response.headers['Content-Type']}"
    if status == 401 and TELLING & set(response.json()):
        return f"told {response.content!r}"
    given = response.headers.get("WWW-Authenticate")
    if status == 401 and given != challenge(token_was_refused):
        return f"challenged with {given}"
    return None


def challenge(token_was_refused):
    """The challenge of RFC 6750 section 3, in the scheme that is configured."""
    scheme = settings.SIMPLE_JWT.get("AUTH_HEADER_TYPES", ("Bearer",))[0]
    return f'{scheme} realm="api"' + (', error="invalid_token"' if token_was_refused else "")


def cookie_complaint(place, response):
    """What is wrong with a refusal of a token in a cookie, or None: the browser must forget it."""
    if not place.cookie or not has_token(place, response):
        return None
    deleted = response.cookies.get(place.cookie)
    return None if deleted is not None and deleted["max-age"] == 0 else "the cookie was not deleted"


def has_token(place, response):
    """Whether Django has found a token in the request's cookie, or the place takes it from somewhere else."""
    return not place.cookie or bool(response.wsgi_request.COOKIES.get(place.cookie))


def server_error(response):
    """A server error and the exception behind it."""
    kind = response.exc_info[0].__name__ if getattr(response, "exc_info", None) else "no exception"
    return f"{response.status_code}, {kind}"
