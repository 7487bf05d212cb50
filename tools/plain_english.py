"""`python -m tools.plain_english [FOLDER]`: how often a checkout's texts use constructions that are hard to read.

FOLDER is a checkout of oxijwt, by default this one. The texts are README.md, CHANGELOG.md, docs, and the comments and
docstrings of python/oxijwt and src. Code in them is left out. `--list` prints each sentence that counts. The counts are
for comparing two checkouts: a regular expression also finds phrases that are right in their place.
"""

import argparse
import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]

IS = r"\b(?:is|are|was|were|be)"
CONSTRUCTIONS = {
    '"is no X"': rf"(?i)(?<!\bthere ){IS} no (?!longer\b|more\b|less\b)\w",
    '"is none of", "has none"': r"\b(?:is|are|was|were|be|has|have|had) none\b",
    "a verb without its object (`where there is one`)": (
        r"(?i)\b(?:where|if|when|while|unless|until) (?:there|it|they) (?:is|are|was|were|has|have|had)(?: one| any)?"
        r"(?=[.,;:)]|$)"
    ),
    '"what is X" and "who is X" as a noun': (
        r"^(?:What|Who|Whose)\b[^?]*$|(?:^|[,;:] |\b(?:and|or|so|that|of) )(?:what|who) (?:is|are|was|were|has|had)\b"
    ),
    '"whoever", "whatever"': r"(?i)\b(?:who|whom|what|which)ever\b",
    '"is to do"': rf"(?i){IS} (?:still |not )?to [a-z]+\b",
    "an infinitive as the subject": rf"(?:^T|[;:] t)o (?!(?:a|an|the|each|its)\b)[a-z]+\b[^,.;:]*{IS}\b",
    '"of ours", "is the issuer\'s"': (
        rf"(?i)\bof (?:ours|theirs|yours)\b|{IS} (?:(?:the|that|this|an|a) )?(?:ours|theirs|yours|\w+'s)(?=[.,;:)]|$)"
    ),
    '"beside", "anew", "lest", "hence"': r"(?i)\b(?:besides?|anew|lest|hence|thereof|therein|whence)\b",
    'verb + "nothing", "nobody"': (
        r"(?i)\b(?!(?:is|are|was|were|be|and|or|but|for|of|with|to|that|where|then|else|so|if|which|does|do|as|has)\b)"
        r"[a-z]+ (?:nothing|nobody|nowhere|no one)\b"
    ),
    "inverted order": r"^(?:Of|Nor|Besides?|Through|Neither|In (?:it|them)|So (?:is|are|do|does|has)|With it) ",
    "data that says, asks or knows": (
        r"(?i)\b(?:token|key|file|row|claim|setting|cache|database|header|list|table|name|value|text|code|class)(?:e?s)?"
        r" (?:can )?(?:says?|asks?|knows?|wants?|tells?|forgets?|believes?|forgives?)\b"
    ),
}
"""By construction, what finds it in one sentence."""

CODE = re.compile(r"``?[^`]+``?")
DIRECTIVE = re.compile(r"^#+:? ?(?:noqa(?:: [A-Z0-9, ]+)?|type: ignore(?:\[[\w, -]+\])?)?\s*(?:#\s*)?")
SENTENCE_END = re.compile(r"(?<=[.?!:;])\s+")


class Text(NamedTuple):
    """One paragraph, cell, docstring or comment."""

    area: str
    place: str
    text: str

    def sentences(self) -> list[str]:
        """Its sentences, with code reduced to `x`. A semicolon or colon ends one too."""
        return [part for part in SENTENCE_END.split(" ".join(CODE.sub("`x`", self.text).split())) if part]


class Hit(NamedTuple):
    """A construction in a sentence."""

    text: Text
    sentence: str
    construction: str


def markdown(path: Path) -> Iterator[str]:
    """The paragraphs, headings, items and table cells of a page, without its code blocks."""
    prose = re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for block in re.split(r"\n\s*\n|\n(?= *[-*|#] ?|\d+\. )", prose):
        cells = re.split(r"(?<!\\)\|", block) if block.lstrip().startswith("|") else [block]
        yield from (cell.strip(" -*#\n") for cell in cells)


def python(path: Path) -> Iterator[str]:
    """The docstrings (of attributes too) and the comments of a module."""
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from re.split(r"\n\s*\n", node.value.value)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    yield from joined((token.start[0], DIRECTIVE.sub("", token.string)) for token in comments)


def rust(path: Path) -> Iterator[str]:
    """The lines of a Rust file that are comments, paragraphs of them joined."""
    lines = ((row, line.strip()) for row, line in enumerate(path.read_text().splitlines(), 1))
    found = ((row, re.sub(r"^//[/!]? ?", "", line)) for row, line in lines if line.startswith("//"))
    for block in joined(found):
        yield from re.split(r"\|", block) if block.startswith("|") else [block]


def joined(lines: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Comments on neighbouring rows as one text; an empty line or a table's row begins another one."""
    block, last = "", None
    for row, line in lines:
        if block and (row != (last or 0) + 1 or not line or line.startswith("|")):
            yield block
            block = ""
        block, last = f"{block} {line}".strip(), row
    if block:
        yield block


def texts(folder: Path) -> Iterator[Text]:
    """Every text of a checkout."""
    readers = {
        "docs": (markdown, [*(folder / name for name in ("README.md", "CHANGELOG.md")), *folder.glob("docs/**/*.md")]),
        "Python": (python, folder.glob("python/oxijwt/**/*.py")),
        "Rust": (rust, folder.glob("src/**/*.rs")),
    }
    for area, (read, paths) in readers.items():
        for path in sorted(paths):
            yield from (Text(area, str(path.relative_to(folder)), text) for text in read(path) if text)


def found_in(sentence: str) -> Iterator[str]:
    """The constructions of a sentence, each as often as it occurs."""
    for construction, expression in CONSTRUCTIONS.items():
        yield from (construction for _match in re.finditer(expression, sentence))


def main() -> None:
    """Print the table, or with `--list` the sentences."""
    parser = argparse.ArgumentParser(description="Counts constructions that are hard to read.")
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="print each sentence that counts")
    arguments = parser.parse_args()
    every_text = list(texts(arguments.folder))
    hits = [
        Hit(text, sentence, name) for text in every_text for sentence in text.sentences() for name in found_in(sentence)
    ]
    if arguments.list:
        for hit in hits:
            print(f"{hit.text.place}: {hit.construction}: {hit.sentence}")
    else:
        print_table(every_text, hits)


def print_table(every_text: list[Text], hits: list[Hit]) -> None:
    """The constructions in each area, and the hits to 1000 words."""
    areas = ("docs", "Python", "Rust")
    rows = [[name, *(count(hits, area, name) for area in areas)] for name in CONSTRUCTIONS]
    totals = [sum(hit.text.area == area for hit in hits) for area in areas]
    words = [sum(len(text.text.split()) for text in every_text if text.area == area) for area in areas]
    print(f"| construction | {' | '.join(areas)} | all |\n|---|--:|--:|--:|--:|")
    for name, *counts in [*rows, ["**total**", *totals], ["words", *words]]:
        print(f"| {name} | {' | '.join(map(str, counts))} | {sum(counts)} |")
    rates = [
        1000 * total / max(number, 1) for total, number in zip([*totals, len(hits)], [*words, sum(words)], strict=True)
    ]
    print(f"| per 1000 words | {' | '.join(f'{rate:.1f}' for rate in rates)} |")


def count(hits: list[Hit], area: str, construction: str) -> int:
    """How often a construction occurs in an area."""
    return sum(hit.text.area == area and hit.construction == construction for hit in hits)


if __name__ == "__main__":
    main()
