"""A short simulation holds its limits, and misses them where the package is broken."""

from collections import Counter
from dataclasses import replace

import pytest
import rest_framework.fields  # noqa: F401  it imports psycopg, which must not meet a frozen datetime
from django.test import override_settings
from django.urls import include, path
from rest_framework.response import Response

from oxijwt.token_sessions import views as session_views
from oxijwt.token_sessions.models import TokenSession
from oxijwt.views import TokenVerifyView

from .course import Course
from .figures import Outcome, limits
from .people import claims
from .run import play
from .scenarios import (
    GUESSES,
    GUESSES_STEADILY,
    POLLS,
    POLLS_AT_MIDNIGHT,
    POLLS_CAREFULLY,
    POLLS_ROAMING,
    PREDICTS_STRICT,
    SCENARIOS,
)

pytestmark = pytest.mark.django_db(transaction=True)

VICTIMS, HOURS = 2, 1
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
LOSES = Course(refreshes=24, attempts=0, rides=0, detected_after=None, is_lasting=False)
DETECTED = replace(LOSES, refreshes=1, attempts=1, detected_after=300.0)
GOOD = {
    name: Outcome(BY_NAME[name], [course])
    for name, course in {
        GUESSES: replace(DETECTED, attempts=2, rides=1),
        GUESSES_STEADILY: DETECTED,
        POLLS: DETECTED,
        POLLS_CAREFULLY: LOSES,
        POLLS_AT_MIDNIGHT: replace(LOSES, rides=1),
        PREDICTS_STRICT: DETECTED,
    }.items()
}


class TellingVerify(TokenVerifyView):
    """A verify view that refuses a token from the moment at which it is spent."""

    def post(self, request, *args, **kwargs):
        shown = claims(request.data["token"])
        if TokenSession.objects.filter(pk=shown["sid"], generation__gt=shown["gen"]).exists():
            return Response(status=401)
        return super().post(request, *args, **kwargs)


class TellingSerializer(session_views.SessionSerializer):
    """A list that shows the time of the last rotation."""

    def last_used_at_of(self, session):
        return session_views.last_use(session)


TELLING = {
    POLLS: path("api/token/verify/", TellingVerify.as_view()),
    POLLS_CAREFULLY: path(
        "api/token/sessions/", session_views.SessionListView.as_view(serializer_class=TellingSerializer)
    ),
}
"""The view that each polling thief would need."""


def missed_limits(outcomes):
    return [figure.what for figure in limits(outcomes) if not figure.within]


def test_thieves_gain_no_more_than_they_may():
    shortly = [scenario for scenario in SCENARIOS if scenario.name != POLLS_ROAMING]
    outcomes = {scenario.name: play(scenario, VICTIMS, HOURS) for scenario in shortly}
    assert missed_limits(outcomes) == []
    predicted = outcomes["predicts"]
    assert (predicted.total("rides"), predicted.total("is_lasting")) == (predicted.total("refreshes"), VICTIMS)
    assert predicted.log == Counter({("WARNING", "Refresh repeated by another user agent"): predicted.total("rides")})
    disguised = outcomes["predicts, with the victim's user agent"]
    assert {level for level, _kind in disguised.log} == {"INFO"}
    assert outcomes[POLLS].log == Counter({("WARNING", "Refresh token reused"): VICTIMS})


def test_the_good_outcomes_miss_no_limit():
    assert missed_limits(GOOD) == []


@pytest.mark.parametrize("name", TELLING)
def test_a_thief_whom_a_view_tells_of_rotations_rides_along(name):
    """Verify refused a token once it was spent, and the list showed when: 326 rides at 326 rotations."""
    with override_settings(ROOT_URLCONF=(TELLING[name], path("", include("tests.sites.session_urls")))):
        broken = play(BY_NAME[name], 1, 0.25)
    # The thief has no time to use a rotation of the last seconds.
    assert broken.total("rides") >= broken.total("refreshes") - 1 > 0
    assert missed_limits(GOOD | {name: broken}) == [
        f"{name}: rides for each theft",
        f"{name}: still riding at the end",
    ]


@pytest.mark.parametrize("name", [GUESSES, GUESSES_STEADILY, PREDICTS_STRICT])
def test_thieves_are_not_detected_where_a_spent_token_is_always_repeated(name):
    outcome = play(replace(BY_NAME[name], grace=3600), 1, 0.5)
    assert f"{name}: not detected" in missed_limits(GOOD | {name: outcome})
