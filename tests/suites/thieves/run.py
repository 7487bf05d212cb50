"""Plays scenarios."""

from datetime import timedelta

from django.conf import settings
from django.test import override_settings

from .course import SecurityLog, follow, simulated_time
from .figures import Outcome


def play(scenario, victims, hours):
    """The Outcome of a scenario with so many victims, each for so many hours after the theft."""
    changed = settings.SIMPLE_JWT | {"REFRESH_REUSE_GRACE": timedelta(seconds=scenario.grace)}
    log = SecurityLog()
    with override_settings(SIMPLE_JWT=changed), simulated_time() as clock, log.listening():
        count = -(-victims // scenario.victims_of_each)
        courses = [follow(scenario, clock, number, hours) for number in range(count)]
    return Outcome(scenario, courses, log.lines)
