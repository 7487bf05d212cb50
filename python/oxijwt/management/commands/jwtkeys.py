"""`manage.py jwtkeys` makes, lists, rotates and removes the keys of SIMPLE_JWT['KEY_FILE']; prints no private key."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    help = "Makes, lists, rotates and removes the keys in SIMPLE_JWT['KEY_FILE']. It never prints a private key."
    requires_system_checks = []  # they fail without the file that `generate` makes

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        generate = actions.add_parser("generate", help="make the file with its first key, unless a key is in force")
        add_algorithm(generate, "the setting ALGORITHM")
        generate.add_argument(
            "--not-before", type=moment, metavar="TIME", help="when the key starts to sign (ISO 8601 with a time zone)"
        )
        actions.add_parser("list", help="print a table of the keys")
        rotate = actions.add_parser("rotate", help="make the next key; it signs after KEY_PUBLISH_AHEAD")
        add_algorithm(rotate, "the last key's")
        rotate.add_argument(
            "--now", action="store_true", help="sign with it at once, since the signing key may have leaked"
        )
        rotate.add_argument(
            "--revoke",
            metavar="KID",
            help="remove this key; all of its tokens are refused (write --revoke=KID if it begins with -)",
        )
        actions.add_parser("prune", help="remove the dropped keys")
        actions.add_parser("export", help="print the public JWK Set")

    def handle(self, *args: object, action: str, **options: object) -> None:
        if not api_settings.KEY_FILE:
            raise CommandError(f"{key_file.SETTING} is not set.")
        try:
            getattr(self, action)(api_settings.KEY_FILE, **options)
        except KeyConfigurationError as error:
            raise CommandError(str(error)) from error
        except CoreError as error:
            raise CommandError(error.args[1]) from error

    def generate(self, path: str, algorithm: str | None, not_before: int | None, **options: object) -> None:
        def plan(keys: KeySet) -> KeySetChange:
            chosen, now = algorithm or api_settings.ALGORITHM, current_time()
            begins = now if not_before is None else not_before
            return keys.rotate(chosen, rotation_policy(), now, not_before=begins)

        self._change(path, plan, waits="is in force", may_create=True)

    def list(self, path: str, **options: object) -> None:
        self._print_table(key_file.read(path))

    def rotate(self, path: str, algorithm: str | None, now: bool, revoke: str | None, **options: object) -> None:
        def plan(keys: KeySet) -> KeySetChange:
            chosen = algorithm or last_algorithm(keys) or api_settings.ALGORITHM
            return keys.rotate(chosen, rotation_policy(), current_time(), at_once=now)

        if revoke is None:
            self._change(path, plan, waits="waits, or was just made", otherwise="The waiting key signs now.")
        elif now or algorithm:
            raise CommandError("--revoke must be used alone: the next key replaces the revoked one at once.")
        else:
            self._change(path, lambda keys: keys.revoke(revoke, current_time()))

    def prune(self, path: str, **options: object) -> None:
        self._change(path, lambda keys: keys.prune(current_time()), otherwise="There is no key to remove.")

    def export(self, path: str, **options: object) -> None:
        ring = key_file.read(path).ring(rotation_policy())
        self.stdout.write(ring.public_jwk_set(current_time()))

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
            self.stdout.write(f"Removed key {kid}.")
        if change.added is not None:
            self.stdout.write(f"Made key {change.added}.")
        elif change.waits_for is not None:
            self.stdout.write(f"There is nothing to do: key {change.waits_for} {waits}.")
        elif not change.removed:
            self.stdout.write(otherwise)
        self._print_table(key_file.read(path))

    def _print_table(self, keys: KeySet) -> None:
        rows = [HEADINGS, *map(row_of, keys.keys(current_time()))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def moment(text: str) -> int:
    """Seconds since 1970 of a time in ISO 8601 with a time zone. Raises ArgumentTypeError."""
    try:
        time_ = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("it must be a time in ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if time_.tzinfo is None:
        raise ArgumentTypeError("it must have a time zone, as 2026-01-31T12:00:00Z has")
    return datetime_to_epoch(time_)


def add_algorithm(parser: CommandParser, default: str) -> None:
    """Add the option --algorithm. `default` is for its help text."""
    parser.add_argument(
        "--algorithm",
        choices=sorted(ALLOWED_ALGORITHMS),
        metavar="NAME",
        help=f"the new key's algorithm (default: {default})",
    )


def current_time() -> int:
    """Seconds since 1970."""
    return int(time.time())


def last_algorithm(keys: KeySet) -> str | None:
    """The algorithm of the signing key, or of the key that signs last; None without keys."""
    # When a rotation makes a key, the last key in the line is the signing one, or all keys are dropped.
    last = max(keys.keys(current_time()), key=lambda key: (key.phase == KeyPhase.SIGNING, key.signs_from), default=None)
    return None if last is None else last.algorithm


def row_of(key: ListedKey) -> tuple[str, ...]:
    """A key's row of the table."""
    times = (key.made_at, key.signs_from, key.dropped_at)
    return (key.kid, key.algorithm, str(key.phase), *map(utc, times))


def utc(seconds: int | None) -> str:
    """Seconds since 1970 in ISO 8601; the number itself if no datetime can hold it, `-` for None and 0."""
    if not seconds:  # keys that were written by hand may have no times
        return UNSCHEDULED
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
