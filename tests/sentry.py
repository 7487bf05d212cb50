"""Sentry's SDK with its defaults, and a transport that sends nothing."""

import sentry_sdk
from sentry_sdk.transport import Transport

from tests.frames import Seen


class Kept(Transport):
    """Keeps the events that Sentry would send."""

    def __init__(self):
        super().__init__()
        self.events = []

    def capture_envelope(self, envelope):
        self.events.append(envelope.get_event())


def seen_by_sentry(error, modules=("oxijwt.",), **options):
    """Every variable of the frames of these modules in Sentry's event about an exception, as Seen."""
    kept = Kept()
    sentry_sdk.init("https://key@localhost/1", transport=kept, default_integrations=False, **options)
    try:
        sentry_sdk.capture_exception(error)
    finally:
        sentry_sdk.init(default_integrations=False)  # the default ones patch the whole process
    [event] = kept.events
    frames = [frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]]
    ours = [frame for frame in frames if frame["module"].startswith(modules)]
    return Seen(
        (frame["function"], name, repr(shown)) for frame in ours for name, shown in frame.get("vars", {}).items()
    )
