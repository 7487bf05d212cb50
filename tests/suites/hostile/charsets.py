"""`python -m tests.suites.hostile.charsets`: every codec of Python as the charset of a body of 2 MB, for each view.

It prints a table of the answers and their times, and ends with 1 if an answer is a 5xx or takes MOST seconds. A time is
the best of three, on the CPU, so that other processes do not count.
"""

import encodings
import pkgutil
import sys
import time
from collections import defaultdict
from itertools import product
from typing import NamedTuple

READ = {
    "utf_8",
    "utf_16",
    "utf_16_be",
    "utf_16_le",
    "utf_32",
    "utf_32_be",
    "utf_32_le",
    "ascii",
    "latin_1",
    "iso8859_1",
}
"""The codecs that views decode with. `iso8859_1` is another name of Latin-1."""
CHARSETS = [
    *sorted(module.name for module in pkgutil.iter_modules(encodings.__path__) if module.name != "aliases"),
    "nonsense",
]
FIELDS = {"token_obtain_pair": "password", "token_refresh": "refresh", "token_verify": "token"}
"""The views that are on every site, by the field with the long value."""
BOUNDARY = "b"
TYPES = {
    "JSON": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}",
}
TEXTS = {
    "JSON": '{{"username": "ada", "{field}": "{value}"}}',
    "form": "username=ada&{field}={value}",
    "multipart": (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="username"\r\n\r\nada\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{{field}}"\r\n\r\n{{value}}\r\n--{BOUNDARY}--\r\n'
    ),
}
SIZE = 2_000_000
MOST = 0.05
"""Seconds."""


class Cell(NamedTuple):
    """A view, a kind of body and a charset, and the answer to them."""

    view: str
    kind: str
    charset: str
    status: int
    seconds: float


def body(kind, field, charset, size):
    """A body of about `size` bytes. JSON is in its charset if views read that, and otherwise in ASCII."""
    codec = charset if kind == "JSON" and charset in READ else "ascii"
    width = len("aa".encode(codec)) - len("a".encode(codec))
    return TEXTS[kind].format(field=field, value="a" * (size // width)).encode(codec)


def answers(client, urls, fields, size, tries=1):
    """The answer of each view to each charset, as cells. `urls` and `fields` have the names of the views."""
    for (view, field), (kind, media_type) in product(fields.items(), TYPES.items()):
        for charset in CHARSETS:
            content = body(kind, field, charset, size)
            status, seconds = answer(client, urls[view], content, f"{media_type}; charset={charset}", tries)
            yield Cell(view, kind, charset, status, seconds)


def answer(client, url, content, content_type, tries):
    """The status of the answer, and the shortest time of these tries."""
    times = []
    for _ in range(tries):
        began = time.process_time()
        response = client.generic("POST", url, content, content_type=content_type)
        times.append(time.process_time() - began)
    return response.status_code, min(times)


def table(cells):
    """The lines of a markdown table: for each view and kind of body the statuses, and the slowest answer."""
    groups = defaultdict(list)
    for cell in cells:
        groups[cell.view, cell.kind].append(cell)
    yield "| view | body | answers | slowest, CPU ms | its charset |"
    yield "|---|---|---|--:|---|"
    for (view, kind), found in groups.items():
        statuses = sorted({cell.status for cell in found})
        counts = ", ".join(f"{sum(cell.status == status for cell in found)} × {status}" for status in statuses)
        slowest = max(found, key=lambda cell: cell.seconds)
        yield f"| {view} | {kind} | {counts} | {1000 * slowest.seconds:.1f} | {slowest.charset} |"


def main():
    """Measure on the site of sessions, in a database that is dropped afterwards."""
    import django  # noqa: PLC0415  the settings are chosen first
    from django.conf import settings  # noqa: PLC0415

    django.setup()
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import get_runner, setup_test_environment  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0)
    databases = runner.setup_databases()
    fields = FIELDS | {"token_blacklist": "refresh", "token_logout": "refresh"}
    client = Client(raise_request_exception=False)
    cells = list(answers(client, {name: reverse(name) for name in fields}, fields, SIZE, tries=3))
    runner.teardown_databases(databases)
    print(f"{len(CHARSETS)} charsets, {len(cells)} requests of {SIZE} bytes, three times each\n")
    print(*table(cells), sep="\n")
    return any(cell.status >= 500 or cell.seconds >= MOST for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
