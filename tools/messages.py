"""`python -m tools.messages`: compares the catalogues of translations with the messages of the package. Ends with 1 if
they differ.

The catalogues are python/oxijwt/locale/LOCALE/LC_MESSAGES/django.po. A message is the English text that a module passes
to gettext. `--write` adds new messages to each catalogue, removes messages that are gone, and compiles django.mo. A new
message has no translation yet: write one into each catalogue, and then call `--write` again.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "python/oxijwt"
CATALOGUES = PACKAGE / "locale"
FUNCTIONS = {"_", "gettext", "gettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def messages() -> dict[str, list[str]]:
    """The messages of the package, each with the files that have it."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).as_posix()
        for message in messages_of(path.read_text()):
            names = found.setdefault(message, [])
            if name not in names:
                names.append(name)
    return found


def messages_of(source: str) -> Iterator[str]:
    """The messages of a module, from top to bottom.

    Raises ValueError for a message that is not a constant, and for functions that have more than a message, such as
    ngettext: no message of the package needs them.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in FUNCTIONS:
            yield ast.literal_eval(call.args[0])
        elif "gettext" in name:
            raise ValueError(f"tools.messages does not know {name}")


def locales() -> list[str]:
    """The names of the locales, such as `pt_BR`."""
    return sorted(path.parts[-3] for path in CATALOGUES.glob("*/LC_MESSAGES/django.po"))


def read(locale: str) -> polib.POFile:
    """The catalogue of a locale."""
    return polib.pofile(str(CATALOGUES / locale / "LC_MESSAGES/django.po"), wrapwidth=0)


def compiled_path(locale: str) -> Path:
    """Where the catalogue of a locale is compiled to."""
    return CATALOGUES / locale / "LC_MESSAGES/django.mo"


def problems(catalogue: polib.POFile, expected: set[str]) -> Iterator[str]:
    """What is wrong with a catalogue."""
    entries = {entry.msgid: entry for entry in catalogue}
    yield from (f"lacks {message!r}" for message in sorted(expected - entries.keys()))
    yield from (f"has {message!r}, which the package does not have" for message in sorted(entries.keys() - expected))
    if catalogue.obsolete_entries():
        yield "has obsolete entries"
    for message, entry in entries.items():
        yield from (f"{message!r} {problem}" for problem in entry_problems(entry))


def entry_problems(entry: polib.POEntry) -> Iterator[str]:
    """What is wrong with one translation."""
    wanted = placeholders(entry.msgid)
    if not entry.msgstr:
        yield "is not translated"
    elif entry.fuzzy:
        yield "is fuzzy"
    elif placeholders(entry.msgstr) != wanted:
        yield f"must have the placeholders {wanted}"


def placeholders(text: str) -> list[str]:
    """The placeholders of a text, sorted, because a translation may name them in another order."""
    return sorted(PLACEHOLDER.findall(text))


def update(locale: str, found: dict[str, list[str]]) -> None:
    """Give a catalogue exactly the messages of the package, in their order, and compile it."""
    catalogue = read(locale)
    entries = {entry.msgid: entry for entry in catalogue}
    catalogue[:] = [entries.get(message) or polib.POEntry(msgid=message) for message in found]
    for entry in catalogue:
        entry.occurrences = [(name, "") for name in found[entry.msgid]]
    catalogue.save()
    # gettext reads no other header, and 25 files would have them.
    catalogue.metadata = {name: catalogue.metadata[name] for name in ("Content-Type", "Plural-Forms")}
    compiled_path(locale).write_bytes(catalogue.to_binary())


def main() -> int:
    """Print the problems of all catalogues, after an update with `--write`. The exit status."""
    parser = argparse.ArgumentParser(description="Compares the catalogues with the messages of the package.")
    parser.add_argument("--write", action="store_true", help="update the catalogues and compile them")
    arguments = parser.parse_args()
    found = messages()
    if arguments.write:
        for locale in locales():
            update(locale, found)
    lines = [f"{locale}: {problem}" for locale in locales() for problem in problems(read(locale), set(found))]
    print("\n".join(lines) or f"{len(found)} messages, {len(locales())} complete catalogues")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
