"""Counting what the event loop hands over to a thread, and whose code does it."""

import sys
from contextlib import contextmanager
from unittest import mock

from asgiref.sync import SyncToAsync

ORIGINAL = SyncToAsync.__call__


class HandOvers(list):
    """The module of each frame that has awaited a `sync_to_async`, in order."""

    @property
    def ours(self):
        """Those from the package's own code."""
        return [module for module in self if module.startswith("oxijwt.")]


@contextmanager
def counted():
    """The hand-overs inside. An awaiting coroutine is the frame behind the one that it awaits."""
    seen = HandOvers()

    async def call(self, *args, **kwargs):
        seen.append(sys._getframe(1).f_globals["__name__"])
        return await ORIGINAL(self, *args, **kwargs)

    with mock.patch.object(SyncToAsync, "__call__", call):
        yield seen
