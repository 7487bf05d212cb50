"""`manage.py jwtkeys`: makes, lists, rotates and removes the keys in SIMPLE_JWT['KEY_FILE']. Prints no private part."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from oxijwt._core import CoreError, KeyPhase
from oxijwt.backends import ALLOWED_ALGORITHMS
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import file as key_file
from oxijwt.keys.rotation import rotation_policy
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_to_epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.management.base import CommandParser

    from oxijwt._core import KeySet, KeySetChange, ListedKey

HEADINGS = ("kid", "algorithm", "phase", "made", "signs from", "dropped at")
UNSCHEDULED = "-"


class Command(BaseCommand):
    help = "Makes, lists, rotates and removes the keys in SIMPLE_JWT['KEY_FILE']. Private parts are never printed."
    requires_system_checks = []  # they refuse a project without the file that `generate` makes

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        generate = actions.add_parser("generate", help="make the file with a first key, unless it has one in force")
        _add_algorithm(generate, "ALGORITHM of the settings")
        generate.add_argument(
            "--not-before", type=moment, metavar="TIME", help="when the key begins to sign (ISO 8601 with a time zone)"
        )
        actions.add_parser("list", help="print a table of the keys")
        rotate = actions.add_parser("rotate", help="make the next key, which signs after KEY_PUBLISH_AHEAD")
        _add_algorithm(rotate, "that of the last key")
        rotate.add_argument(
            "--now", action="store_true", help="let it sign at once: the key that signs may have leaked"
        )
        rotate.add_argument(
            "--revoke",
            metavar="KID",
            help="take this key out; all of its tokens are refused (--revoke=KID: it may begin with -)",
        )
        actions.add_parser("prune", help="remove the keys that were dropped")
        actions.add_parser("export", help="print the public JWK Set")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, action)(_path(), **options)
        except KeyConfigurationError as error:
            raise CommandError(str(error)) from error
        except CoreError as error:
            raise CommandError(error.args[1]) from error

    def generate(self, path: str, algorithm: str | None, not_before: int | None, **options: Any) -> None:
        def plan(keys: KeySet) -> KeySetChange:
            chosen, now = algorithm or api_settings.ALGORITHM, _now()
            begins = now if not_before is None else not_before
            return keys.rotate(chosen, rotation_policy(), now, not_before=begins)

        self._change(path, plan, waits="is in force", may_create=True)

    def list(self, path: str, **options: Any) -> None:
        self._print_table(key_file.read(path))

    def rotate(self, path: str, algorithm: str | None, now: bool, revoke: str | None, **options: Any) -> None:
        if revoke is None:
            self._rotate(path, algorithm, at_once=now)
        elif now or algorithm:
            raise CommandError("--revoke stands alone: the next key takes the place of the revoked one at once.")
        else:
            self._change(path, lambda keys: keys.revoke(revoke, _now()))

    def _rotate(self, path: str, algorithm: str | None, *, at_once: bool) -> None:
        def plan(keys: KeySet) -> KeySetChange:
            chosen = algorithm or _last_algorithm(keys) or api_settings.ALGORITHM
            return keys.rotate(chosen, rotation_policy(), _now(), at_once=at_once)

        self._change(path, plan, waits="waits, or was just made", otherwise="The key that waited signs now.")

    def prune(self, path: str, **options: Any) -> None:
        self._change(path, lambda keys: keys.prune(_now()), otherwise="No key is to be removed.")

    def export(self, path: str, **options: Any) -> None:
        ring = key_file.read(path).ring(rotation_policy())
        self.stdout.write(ring.public_jwk_set(_now()))

    def _change(
        self,
        path: str,
        plan: Callable[[KeySet], KeySetChange],
        *,
        waits: str = "",
        otherwise: str = "",
        may_create: bool = False,
    ) -> None:
        change = key_file.change(path, plan, may_create=may_create)
        for kid in change.removed:
            self.stdout.write(f"Key {kid} is removed.")
        if change.added is not None:
            self.stdout.write(f"Key {change.added} is made.")
        elif change.waits_for is not None:
            self.stdout.write(f"Nothing is to be done: key {change.waits_for} {waits}.")
        elif not change.removed:
            self.stdout.write(otherwise)
        self._print_table(key_file.read(path))

    def _print_table(self, keys: KeySet) -> None:
        rows = [HEADINGS, *(_row(key) for key in keys.keys(_now()))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def moment(text: str) -> int:
    """Seconds since 1970 of a time in ISO 8601, which must name its time zone."""
    try:
        time_ = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("it is no time in ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if time_.tzinfo is None:
        raise ArgumentTypeError("it names no time zone, as 2026-01-31T12:00:00Z does")
    return datetime_to_epoch(time_)


def _add_algorithm(parser: CommandParser, default: str) -> None:
    parser.add_argument(
        "--algorithm", choices=sorted(ALLOWED_ALGORITHMS), metavar="NAME", help=f"the new key's (default: {default})"
    )


def _path() -> str:
    if not api_settings.KEY_FILE:
        raise CommandError(f"{key_file.SETTING} is not set.")
    path: str = api_settings.KEY_FILE
    return path


def _now() -> int:
    return int(time.time())


def _last_algorithm(keys: KeySet) -> str | None:
    # Where a key is made at all, the last in line is the one that signs; or all are dropped.
    last = max(keys.keys(_now()), key=lambda key: (key.phase == KeyPhase.SIGNING, key.signs_from), default=None)
    return None if last is None else last.algorithm


def _row(key: ListedKey) -> tuple[str, ...]:
    times = (key.made_at, key.signs_from, key.dropped_at)
    return (key.kid, key.algorithm, str(key.phase), *map(_utc, times))


def _utc(seconds: int | None) -> str:
    if not seconds:  # keys written by hand may have no times
        return UNSCHEDULED
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
