"""Scopes that a client asks for, and `scope` claims of tokens. A new case is one more line.

The user may have ALLOWED, and the tokens have it.
"""

from typing import NamedTuple

ALLOWED = "orders:read orders:write"

ANY_ORDER = "a scope is a set of names (RFC 6749 section 3.3)"
NOTHING_ASKED = "null asks for nothing, as no scope does"


class Scope(NamedTuple):
    """A `scope`. `reason` says why it is taken, and `granted` what it gives. Without a reason it must be refused."""

    name: str
    value: object
    granted: str | None = None
    reason: str = ""


def refused(name, value):
    """A scope that is refused."""
    return Scope(name, value)


def taken(name, value, granted, reason):
    """A scope that is taken."""
    return Scope(name, value, granted, reason)


ASKED_SCOPES = [
    taken("as held", ALLOWED, ALLOWED, "the control of the cases below"),
    taken("a part", "orders:write", "orders:write", "a narrower scope"),
    taken("the other way round", "orders:write orders:read", "orders:write orders:read", ANY_ORDER),
    taken("a name twice", "orders:read orders:read", "orders:read", ANY_ORDER),
    taken("null", None, ALLOWED, NOTHING_ASKED),
    refused("not held", "admin"),
    refused("held and not held", "orders:read admin"),
    refused("upper case", "ORDERS:READ"),
    refused("cut", "orders:rea"),
    refused("longer", "orders:reads"),
    refused("a wildcard", "*"),
    refused("a wildcard at the end", "orders:*"),
    refused("a pattern", "orders:.*"),
    refused("empty", ""),
    refused("blank", " "),
    refused("a blank before", " orders:read"),
    refused("a blank after", "orders:read "),
    refused("two blanks between", "orders:read  orders:write"),
    refused("a tabulator between", "orders:read\torders:write"),
    refused("a line break between", "orders:read\norders:write"),
    refused("a line break after", "orders:read\n"),
    refused("a comma between", "orders:read,orders:write"),
    refused("plus between", "orders:read+orders:write"),
    refused("a no-break space between", "orders:read\xa0orders:write"),
    refused("NUL", "\0"),
    refused("NUL after", "orders:read\0"),
    refused("a control character", "orders:read\x01"),
    refused("escape character", "\x1b[31morders:read"),
    refused("DEL", "orders:read\x7f"),
    refused("C1 control character", "orders:read\x85"),
    refused("lone surrogate", "orders:read\ud800"),
    refused("lone low surrogate", "\udfff"),
    refused("emoji", "orders:read😀"),
    refused("fullwidth", "ｏｒｄｅｒｓ:read"),
    refused("zero-width space", "orders:read\u200b"),
    refused("right to left", "\u202eorders:read"),
    refused("a combining letter", "orders:re\u0301ad"),
    refused("a quote", 'orders:read"'),
    refused("quoted", '"orders:read"'),
    refused("a backslash", "orders:read\\"),
    refused("markup", "<script>alert(1)</script>"),
    refused("SQL", "' OR 1=1 --"),
    refused("a template", "{{7*7}}%s{0}"),
    refused("a list", []),
    refused("a list of held ones", ["orders:read"]),
    refused("a list of lists", [["orders:read"]]),
    refused("an object", {}),
    refused("an object of held ones", {"orders:read": "orders:read"}),
    refused("a lookup", {"contains": "orders"}),
    refused("zero", 0),
    refused("a number", 1),
    refused("negative", -1),
    refused("huge", 10**400),
    refused("a float", 1.5),
    refused("true", True),
    refused("false", False),
    refused("2 MB", "a" * 2_000_000),
    refused("2 MB of names", "a " * 999_999 + "a"),
    refused("2 MB of different names", " ".join(str(number) for number in range(290_000))),
    refused("2 MB of blanks", " " * 2_000_000),
    refused("2 MB, held but for the last letter", "orders:read " * 160_000 + "x"),
    refused("100,000 held ones and one not held", "orders:read " * 100_000 + "admin"),
    refused("a list of 100,000", ["orders:read"] * 100_000),
    refused("deep", [[[[[[[[[[[[]]]]]]]]]]]]),
]

SCOPE_CLAIMS = [
    taken("as held", ALLOWED, ALLOWED, "the control of the cases below"),
    taken("more than the user may have", "orders:read admin", "orders:read", "the user has lost the others"),
    taken("nothing that the user may have", "admin", None, "likewise"),
    *(
        taken(name, value, None, "a claim that can't be read grants nothing")
        for name, value in [
            ("null", None),
            ("true", True),
            ("a number", 1),
            ("a float", 1.5),
            ("a list", ["orders:read"]),
            ("an object", {"orders:read": 1}),
            ("empty", ""),
            ("blank", " "),
            ("a blank after", "orders:read "),
            ("two blanks between", "orders:read  orders:write"),
            ("a tabulator between", "orders:read\torders:write"),
            ("a line break after", "orders:read\n"),
            ("NUL", "orders:read\0"),
            ("a control character", "orders:read\x01"),
            ("a quote", 'orders:read "'),
            ("a backslash", "orders:read \\"),
            ("emoji", "orders:read 😀"),
            ("2 KB and a tabulator", "orders:read " * 150 + "\t"),
        ]
    ),
    taken("2 KB", "orders:read " * 150 + "x", "orders:read", "likewise"),
]
"""`scope` claims of a token with a right signature, and what an access token gets from them."""
