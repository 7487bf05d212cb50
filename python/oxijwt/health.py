"""Whether this process can serve: as a function, as a view for a load balancer, and for `manage.py check`.

    manage.py check --deploy --tag oxijwt_health --database default

The check needs both options, `--deploy` and `--database`, since it asks the database and the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.core.checks import ERROR, CheckMessage, Error, Tags
from django.core.checks import register as register_check
from django.db import Error as DatabaseError
from django.db import transaction
from django.http import JsonResponse
from django.views.decorators.cache import never_cache

from .checks import found_by, keys, rings
from .exceptions import ServiceUnavailable
from .records import revocation_cache_is_complete, session_app
from .settings import api_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.apps import AppConfig
    from django.http import HttpRequest

TAG = "oxijwt_health"
LEAST_CLOCK_DIFFERENCE = 5.0
"""In seconds. Clocks may differ by this much with a grace interval under 15 s; else by a third of it."""


def problems() -> list[CheckMessage]:
    """What keeps this process from serving: findings with an id, a message and a hint. None of them shows a key.

    It reads KEY_FILE again and signs a token. It asks REVOCATION_CACHE, and the sessions' database for its time.
    It never raises.
    """
    found = found_by(keys.algorithm_and_keys, rings.key_ring, revocation_list, clock)
    return [finding for finding in found if finding.level >= ERROR]


def revocation_list() -> Iterable[CheckMessage]:
    """A finding if REVOCATION_CACHE does not answer, or its list is not complete."""
    if api_settings.REVOCATION_CACHE is None:
        return
    try:
        answer = None if revocation_cache_is_complete() else "has lost its list of ended sessions"
    except ServiceUnavailable:
        answer = "does not answer"
    if answer is not None:
        yield Error(
            f"SIMPLE_JWT['REVOCATION_CACHE'] {answer}: stateless services answer 503.",
            hint="Run: manage.py publishrevocations",
            id="oxijwt.E070",
        )


def clock() -> Iterable[CheckMessage]:
    """A finding if the database does not answer, or its clock and this machine's differ by too much for sessions."""
    app = session_app()
    if app is None:
        return
    try:
        seconds = app.clock_difference()
    except DatabaseError:
        yield Error(
            "The database of the sessions does not answer.", hint="Look at the database's log.", id="oxijwt.E071"
        )
        return
    limit = max(api_settings.REFRESH_REUSE_GRACE.total_seconds() / 3, LEAST_CLOCK_DIFFERENCE)
    if abs(seconds) > limit:
        yield Error(
            f"This machine's clock and the database's differ by {abs(seconds):.1f} s: more than the {limit:g} s that"
            " sessions allow.",
            hint="Synchronize the machines' clocks (NTP).",
            id="oxijwt.E072",
        )


@never_cache
@login_not_required
@transaction.non_atomic_requests
def view(request: HttpRequest) -> JsonResponse:
    """GET → 200 `{"status": "ok"}`; 503 `{"status": "failing", "problems": [ids]}` with the ids of docs/settings.md."""
    found = [finding.id for finding in problems()]
    if found:
        return JsonResponse({"status": "failing", "problems": found}, status=503)
    return JsonResponse({"status": "ok"})


def register() -> None:
    """Register the check."""
    register_check(check_health, TAG, Tags.database, deploy=True)


def check_health(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """`problems`, for Django's check framework. Without `--database`, nothing may be asked."""
    return [] if databases is None else problems()
