"""`manage.py jwtkeys` makes, lists, rotates and removes the keys of SIMPLE_JWT['KEY_FILE']; prints no private key."""

from __future__ import annotations

import json
import time
from argparse import SUPPRESS, ArgumentTypeError
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from oxijwt._core import CoreError, KeyPhase
from oxijwt.backends import ALLOWED_ALGORITHMS
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import file as key_file
from oxijwt.keys import material
from oxijwt.keys.rotation import rotation_policy
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_to_epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.core.management.base import CommandParser

    from oxijwt._core import KeySet, KeySetChange, ListedKey

    Row = tuple[str, ...]
    """A row of the table: its cells."""

HEADINGS = ("kid", "algorithm", "phase", "made", "signs from", "dropped at")
UNSCHEDULED = "-"
HMAC_NOTE = (
    "It is an HMAC secret, so the JWK Set can't show it, and no other service can verify its tokens. For a key with a"
    " public half, run: manage.py jwtkeys rotate --algorithm ES256"
)


class Command(BaseCommand):
    help = "Makes, lists, rotates and removes the keys in SIMPLE_JWT['KEY_FILE']. It never prints a private key."
    requires_system_checks = []  # they fail without the file that `generate` makes

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, summary: str) -> CommandParser:
            added: CommandParser = actions.add_parser(
                name,
                help=summary,
                parents=[base_options()],
                add_help=False,  # it is one of the base options
                formatter_class=DjangoHelpFormatter,
            )
            return added

        generate = action("generate", "make the file with its first key, unless a key is in force")
        add_algorithm(generate, "the setting ALGORITHM")
        generate.add_argument(
            "--not-before", type=moment, metavar="TIME", help="when the key starts to sign (ISO 8601 with a time zone)"
        )
        listing = action("list", "print a table of the keys")
        listing.add_argument("--json", action="store_true", dest="as_json", help="print JSON in place of the table")
        rotate = action("rotate", "make the next key; it signs after KEY_PUBLISH_AHEAD")
        add_algorithm(rotate, "the last key's")
        rotate.add_argument(
            "--now", action="store_true", help="sign with it at once, since the signing key may have leaked"
        )
        rotate.add_argument(
            "--revoke",
            metavar="KID",
            help="remove this key; all of its tokens are refused (write --revoke=KID if it begins with -)",
        )
        action("prune", "remove the dropped keys")
        action("export", "print the public JWK Set")

    def handle(self, *args: object, action: str, verbosity: int, **options: object) -> None:
        self._is_quiet = verbosity == 0
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

    def list(self, path: str, as_json: bool, **options: object) -> None:
        rows = rows_of(key_file.read(path))
        if as_json:
            self.stdout.write(json.dumps([json_object(row) for row in rows], indent=2))
        else:
            self._print_table(rows)

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
        if self._is_quiet:
            return
        for kid in change.removed:
            self.stdout.write(f"Removed key {kid}.")
        if change.added is not None:
            self.stdout.write(f"Made key {change.added}.")
        elif change.waits_for is not None:
            self.stdout.write(f"There is nothing to do: key {change.waits_for} {waits}.")
        elif not change.removed:
            self.stdout.write(otherwise)
        rows = rows_of(key_file.read(path))
        if any(kid == change.added and material.is_hmac(algorithm) for kid, algorithm, *_rest in rows):
            self.stdout.write(HMAC_NOTE)
        self._print_table(rows)

    def _print_table(self, rows: Sequence[Row]) -> None:
        rows = [HEADINGS, *rows]
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


def base_options() -> CommandParser:
    """A parser of Django's own options, which may then stand behind an action too.

    They have no defaults here: those of an action would replace what stands before it.
    """
    plain = BaseCommand()
    plain.requires_system_checks = []  # there is nothing to skip
    parser = plain.create_parser("", "")
    for option in parser._actions:
        option.default = SUPPRESS
    return parser


def rows_of(keys: KeySet) -> list[Row]:
    """The rows of the table, without the headings."""
    return [row_of(key) for key in keys.keys(current_time())]


def json_object(row: Row) -> dict[str, str | None]:
    """A row as JSON has it: null for a time that is not scheduled."""
    cells = zip(HEADINGS, row, strict=True)
    return {name.replace(" ", "_"): None if cell == UNSCHEDULED else cell for name, cell in cells}


def row_of(key: ListedKey) -> Row:
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
