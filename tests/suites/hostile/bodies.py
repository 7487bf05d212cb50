"""Hostile bodies for every endpoint that takes one. A new case is one more line.

`right` is the body that the endpoint would take, as a dict: a token in its field, or credentials.
"""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b+b"
"""With a `+`, which no token has: Django finds a boundary within a line, and one signature in thousands has `--b`."""
FIELDS = ("refresh", "token", "username", "email", "password")
LOGINS = ("token_obtain_pair", "token_obtain_sliding", "cookie_login")
LOGOUT = ("token_logout", "cookie_logout")
NO_TOKEN = {"token_logout": 401, "cookie_refresh": 401, "cookie_logout": 401}
"""What these answer to a body without a token: it could have come in the header or in a cookie."""


PARSERS = "the project's parser reads it so"
NAMED_CHARSET = "the charset is the one that the header names"
TRIMMED = "DRF's CharField trims blanks"
UNREAD = "other fields are not read"


class Body(NamedTuple):
    """A body, and the status it is answered with; `reason` says why it is taken where it is.

    `elsewhere`: endpoints that answer otherwise. `only`: the endpoints that it is for. `is_page`: Django itself
    refuses it, with a page.
    """

    name: str
    make: Callable[[dict[str, str]], bytes]
    content_type: str = JSON
    status: int = 400
    reason: str = ""
    elsewhere: Mapping[str, int] = {}
    only: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    is_page: bool = False


def raw(name, content, content_type=JSON, **options):
    """The bytes themselves."""
    return Body(name, lambda right: content, content_type, **options)


def edited(name, edit, content_type=JSON, **options):
    """Bytes made of the right body."""
    return Body(name, edit, content_type, **options)


def values(name, value, status=400, **options):
    """Every field has this value, given as JSON."""
    return raw(
        f"fields: {name}",
        b"{%b}" % b",".join(b'"%b":%b' % (field.encode(), value) for field in FIELDS),
        status=status,
        **options,
    )


def login(name, change, status=400, reason=""):
    """Credentials with something changed; `change` is given the name of the user."""
    return edited(
        f"login: {name}",
        lambda right: _json(right | _changes(right, change)),
        status=status,
        reason=reason,
        only=LOGINS,
    )


def scope(name, value, **options):
    """A logout of a right token with another scope, given as JSON."""
    return edited(f"scope: {name}", lambda right: _json(right)[:-1] + b',"scope":%b}' % value, only=LOGOUT, **options)


def _changes(right, change):
    user_field = next(name for name in right if name != "password")
    return {user_field if name == "user" else name: value for name, value in change(right[user_field]).items()}


def _json(value):
    return json.dumps(value).encode()


def _form(right):
    return urlencode(right).encode()


def _multipart(right, disposition="", ending="--b+b--\r\n"):
    parts = [
        f'--b+b\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n\r\n{value}\r\n'
        for name, value in right.items()
    ]
    return "".join([*parts, ending]).encode()


def _nested(opening, closing, depth):
    return opening * depth + b"1" + closing * depth


def _wide(right):
    return dict.fromkeys(right, "a.b.c")


def _in_base64(right):
    return {name: base64.b64encode(value.encode()).decode() for name, value in right.items()}


def _twice(first, second):
    names = first or second
    wrong = dict.fromkeys(names, "a.b.c")
    return _json(first or wrong)[:-1] + b"," + _json(second or wrong)[1:]


def _escaped(right):
    return b"{%b}" % b",".join(
        b'"%b":%b' % ("".join(f"\\u{ord(letter):04x}" for letter in name).encode(), _json(value))
        for name, value in right.items()
    )


SYNTAX = [
    raw("nothing", b"", elsewhere=NO_TOKEN),
    raw("blank", b" "),
    raw("null", b"null"),
    raw("array", b"[]"),
    raw("array of tokens", b'["a.b.c"]'),
    edited("array of the right body", lambda right: _json([right])),
    raw("string", b'"a.b.c"'),
    edited("string of the right body", lambda right: _json(_json(right).decode())),
    raw("number", b"1"),
    raw("float", b"1.5"),
    raw("true", b"true"),
    raw("empty object", b"{}", elsewhere=NO_TOKEN),
    raw("other fields only", b'{"x":1}', elsewhere=NO_TOKEN),
    raw("names in upper case", b'{"REFRESH":"a","TOKEN":"a","USERNAME":"a","PASSWORD":"a"}', elsewhere=NO_TOKEN),
    raw("names of Python", b'{"__class__":{},"__proto__":{},"self":{}}', elsewhere=NO_TOKEN),
    raw("empty name", b'{"":""}', elsewhere=NO_TOKEN),
    raw("no JSON", b"refresh=a.b.c"),
    raw("cut", b'{"refresh": "a'),
    raw("single quotes", b"{'refresh': 'a'}"),
    raw("a comma too many", b'{"refresh": "a",}'),
    raw("a comment", b'{"refresh": "a" /* */}'),
    raw("invalid UTF-8", b'{"refresh": "\xff"}'),
    raw("invalid UTF-8 only", b"\xff\xfe\xfd"),
    raw("overlong UTF-8", b'{"refresh": "\xc0\x80"}'),
    raw("control character", b'{"refresh": "\x01"}'),
    raw("NUL", b'{"refresh": "a"}\0'),
    raw("NULs", b"\0" * 1_000),
    raw("NaN", b'{"refresh": NaN}'),
    raw("Infinity", b'{"refresh": -Infinity}'),
    raw("integer of 5000 digits", b'{"refresh": ' + b"1" * 5_000 + b"}"),
    raw("more after it", b"{}{}"),
    raw("two lines", b"{}\n{}"),
    raw("form sent as JSON", b"token=a&refresh=a&username=a&password=a"),
    raw("XML", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///dev/null'>]><x>&y;</x>"),
    raw("pickle", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00."),
    raw("100 arrays", _nested(b"[", b"]", 100)),
    raw("100,000 arrays", _nested(b"[", b"]", 100_000)),
    raw("100,000 arrays, open", b"[" * 100_000),
    raw("100,000 objects", _nested(b'{"a":', b"}", 100_000)),
    raw("100,000 arrays and objects", _nested(b'[{"a":', b"}]", 100_000)),
    values("100,000 arrays", _nested(b"[", b"]", 100_000)),
    values("900 arrays", _nested(b"[", b"]", 900)),
    values("20,000 objects", _nested(b'{"a":', b"}", 20_000)),
    edited(
        "deep in a field that nobody reads",
        lambda right: _json(right)[:-1] + b',"x":' + _nested(b"[", b"]", 100_000) + b"}",
    ),
    edited("byte order mark", lambda right: b"\xef\xbb\xbf" + _json(right)),
    edited("UTF-16", lambda right: _json(right).decode().encode("utf-16")),
    edited("UTF-32", lambda right: _json(right).decode().encode("utf-32")),
    edited("compressed", lambda right: gzip.compress(_json(right)), headers={"HTTP_CONTENT_ENCODING": "gzip"}),
    edited("chunks", lambda right: b"2\r\n{}\r\n0\r\n\r\n", headers={"HTTP_TRANSFER_ENCODING": "chunked"}),
    edited(
        "10,000 fields more",
        lambda right: _json(right | {f"x{number}": 1 for number in range(10_000)}),
        status=200,
        reason=UNREAD,
    ),
    edited("same name twice, right last", lambda right: _twice({}, right), status=200, reason=PARSERS),
    edited("same name twice, wrong last", lambda right: _twice(right, {}), status=401),
    edited("names escaped", _escaped, status=200, reason=PARSERS),
]


VALUES = [
    values("null", b"null"),
    values("true", b"true"),
    values("false", b"false"),
    values("array", b"[]"),
    values("array of text", b'["a.b.c"]'),
    values("object", b"{}"),
    values("object of text", b'{"a": "a.b.c"}'),
    values("a lookup", b'{"contains": "a"}'),
    values("empty", b'""'),
    values("blank", b'" "'),
    values("line break", rb'"\n"'),
    values("NUL", rb'"\u0000"'),
    values("lone surrogate", rb'"\ud800"'),
    values("number", b"1", 401),
    values("negative", b"-1", 401),
    values("float", b"1.5", 401),
    values("1e300", b"1e300", 401),
    values("1e400", b"1e400", 401),
    values("2**64", b"18446744073709551616", 401),
    values("integer of 4000 digits", b"1" * 4_000, 401),
    values("text of 200 KB", b'"' + b"a" * 200_000 + b'"', 401),
    values("text of 400 KB", b'"' + b"a" * 400_000 + b'"', 401),
    values("400 KB of dots", b'"' + b"." * 400_000 + b'"', 401),
    values("text of 3 MB", b'"' + b"a" * 3_000_000 + b'"', is_page=True),
    values("four-byte letters", '"😀"'.encode(), 401),
    values("right to left", '"\u202ea.b.c"'.encode(), 401),
    values("SQL", b'"\' OR 1=1 --"', 401),
    values("markup", b'"<script>alert(1)</script>"', 401),
    values("a template", b'"{{7*7}}%s{0}"', 401),
    edited("fields: arrays of the right ones", lambda right: _json({name: [value] for name, value in right.items()})),
    edited("fields: objects of the right ones", lambda right: _json(dict.fromkeys(right, right))),
    edited("fields: blanks around", lambda right: _json(right | _padded(right)), status=200, reason=TRIMMED),
]


def _padded(right):
    return {name: f" {value}\n" for name, value in right.items() if name != "password"}


CREDENTIALS = [
    login("NUL in the name", lambda user: {"user": f"{user}\0"}),
    login("NUL in the password", lambda user: {"password": "a\0"}),
    login("surrogate in the name", lambda user: {"user": f"{user}\ud800"}),
    login("surrogate in the password", lambda user: {"password": "a\udfff"}),
    login("name as array", lambda user: {"user": [user]}),
    login("name as object", lambda user: {"user": {"username": user}}),
    login("name as a lookup", lambda user: {"user": {"startswith": "a"}}),
    login("password as array", lambda user: {"password": ["a"]}),
    login("password as object", lambda user: {"password": {}}),
    login("password true", lambda user: {"password": True}),
    login("password null", lambda user: {"password": None}),
    login("no password", lambda user: {"password": ""}),
    login("long name", lambda user: {"user": "é" * 100_000}, 401),
    login("long password", lambda user: {"password": "é" * 100_000}, 401),
    login("quotes", lambda user: {"user": "' OR 1=1 --"}, 401),
    login("wildcard", lambda user: {"user": "%"}, 401),
    login("another password", lambda user: {"password": "A PASSWORD OF THE TESTS"}, 401),
    login("password with a blank", lambda user: {"password": "a password of the tests\u2003"}, 200, TRIMMED),
    login("the user's password hash", lambda user: {"password": "md5$salt$00000000000000000000000000000000"}, 401),
    login("an unusable password", lambda user: {"password": "!"}, 401),
    login("number as name", lambda user: {"user": 1}, 401),
    login("the user's id as name", lambda user: {"user": "1"}, 401),
]
SCOPES = [
    scope("unknown", b'"everything"'),
    scope("upper case", b'"GLOBAL"'),
    scope("empty", b'""'),
    scope("blank after", b'"global "'),
    scope("null", b"null"),
    scope("true", b"true"),
    scope("number", b"1"),
    scope("array", b'["global"]'),
    scope("object", b'{"global":1}'),
    scope("NUL", rb'"global\u0000"'),
    scope("surrogate", rb'"\ud800"'),
    scope("deep", _nested(b"[", b"]", 100_000)),
]

TYPES = [
    edited("text", _json, "text/plain", status=415),
    edited("no type", _json, "", status=415),
    edited("a word for a type", _json, "json", status=415),
    edited("a slash for a type", _json, "/", status=415),
    edited("any type", _json, "*/*", status=200, reason="DRF's first parser takes it"),
    edited("XML's type", _json, "application/xml", status=415),
    edited("another JSON", _json, "application/ld+json", status=415),
    edited("JOSE", lambda right: next(iter(right.values())).encode(), "application/jwt", status=415),
    edited("line break in the type", _json, "application/json\r\nX-User: 1", status=415),
    edited("long type", _json, "application/" + "a" * 100_000, status=415),
    edited("letters outside Latin-1", _json, "application/jsoń", status=415),
    edited("upper case type", _json, "APPLICATION/JSON", status=200, reason="media types have no case"),
    edited("parameters", _json, 'application/json; q=1; x="y"', status=200, reason=PARSERS),
    edited("thousands of parameters", _json, "application/json" + "; a=b" * 5_000, status=415),
    edited("unknown charset", _json, "application/json; charset=nonsense", status=415),
    edited("charset of a path", _json, "application/json; charset=../../x", status=415),
    edited(
        "UTF-16 named",
        lambda right: _json(right).decode().encode("utf-16"),
        "application/json; charset=utf-16",
        status=200,
        reason=NAMED_CHARSET,
    ),
    edited("UTF-16 named, UTF-8 sent", _json, "application/json; charset=utf-16"),
    edited("UTF-32 named, UTF-8 sent", _json, "application/json; charset=utf-32"),
    edited("UTF-7", _json, "application/json; charset=utf-7", status=415),
    edited("Latin-1", _json, "application/json; charset=latin-1", status=200, reason=NAMED_CHARSET),
    edited("EBCDIC", _json, "application/json; charset=cp500", status=415),
    edited("a codec that decompresses", _json, "application/json; charset=zlib", status=415),
    edited("a codec that decompresses, bz2", _json, "application/json; charset=bz2", status=415),
    edited("a codec of hexadecimal", _json, "application/json; charset=hex", status=415),
    edited("a codec of base64", _json, "application/json; charset=base64", status=415),
    edited("a codec of letters", _json, "application/json; charset=rot13", status=415),
    edited("a codec that always fails", _json, "application/json; charset=undefined", status=415),
    edited("punycode", _json, "application/json; charset=punycode", status=415),
    edited("form in such a charset", _form, f"{FORM}; charset=zlib", status=415),
    edited("form in Latin-1", _form, f"{FORM}; charset=latin-1", status=200, reason=NAMED_CHARSET),
]
FORMS = [
    edited("form", _form, FORM, status=200, reason=PARSERS),
    raw("form of nothing", b"", FORM, elsewhere=NO_TOKEN),
    edited("form: JSON", _json, FORM, elsewhere=NO_TOKEN),
    edited(
        "form: fields twice, right first", lambda right: _form(right) + b"&" + _form(_wide(right)), FORM, status=401
    ),
    edited(
        "form: fields twice, right last",
        lambda right: _form(_wide(right)) + b"&" + _form(right),
        FORM,
        status=200,
        reason=PARSERS,
    ),
    edited(
        "form: indexes",
        lambda right: _form({f"{name}[0]": value for name, value in right.items()}),
        FORM,
        elsewhere=NO_TOKEN,
    ),
    edited(
        "form: names with a blank",
        lambda right: _form({f"{name} ": value for name, value in right.items()}),
        FORM,
        elsewhere=NO_TOKEN,
    ),
    edited(
        "form: semicolons",
        lambda right: _form(right).replace(b"&", b";") + b";x=1",
        FORM,
        status=401,
        elsewhere=dict.fromkeys(LOGINS, 400),
    ),
    raw("form: invalid UTF-8", b"refresh=%ff&token=%ff&username=%ff&email=%ff&password=%ff", FORM, status=401),
    raw("form: NULs", b"refresh=%00&token=%00&username=%00&email=%00&password=%00", FORM),
    raw("form: percent signs", b"refresh=%&token=%&username=%&email=%&password=%zz", FORM, status=401),
    raw("form: 10,000 fields", b"&".join(b"x%d=1" % number for number in range(10_000)), FORM, is_page=True),
    raw(
        "form: 10,000 times a field",
        b"&".join([b"refresh=a&token=a&username=a&password=a"] * 2_500),
        FORM,
        is_page=True,
    ),
    raw("form: 3 MB", b"refresh=" + b"a" * 3_000_000, FORM, is_page=True),
    edited("multipart", _multipart, MULTIPART, status=200, reason=PARSERS),
    edited("multipart: no boundary", _multipart, "multipart/form-data"),
    edited("multipart: empty boundary", _multipart, "multipart/form-data; boundary="),
    edited("multipart: long boundary", _multipart, "multipart/form-data; boundary=" + "b" * 1_000, status=415),
    edited("multipart: boundary with NUL", _multipart, "multipart/form-data; boundary=\0"),
    edited("multipart: boundary outside Latin-1", _multipart, "multipart/form-data; boundary=名"),
    edited(
        "multipart: another boundary",
        _multipart,
        "multipart/form-data; boundary=c",
        status=401,
        elsewhere=dict.fromkeys(LOGINS, 400),
    ),
    edited("multipart: JSON", _json, MULTIPART, elsewhere=NO_TOKEN),
    raw("multipart: nothing", b"", MULTIPART, elsewhere=NO_TOKEN),
    raw("multipart: cut", b"--b+b\r\nContent-Disposition: form-data; name=token", MULTIPART, elsewhere=NO_TOKEN),
    edited("multipart: not ended", lambda right: _multipart(right, ending=""), MULTIPART, status=200, reason=PARSERS),
    edited("multipart: files", lambda right: _multipart(right, '; filename="t"'), MULTIPART),
    edited("multipart: files with a path", lambda right: _multipart(right, '; filename="../../t"'), MULTIPART),
    edited(
        "multipart: base64",
        lambda right: _multipart(_in_base64(right), "\r\nContent-Transfer-Encoding: base64"),
        MULTIPART,
        status=200,
        reason=PARSERS,
    ),
    edited(
        "multipart: unknown encoding",
        lambda right: _multipart(right, "\r\nContent-Transfer-Encoding: x"),
        MULTIPART,
        status=200,
        reason=PARSERS,
    ),
    edited(
        "multipart: charset of a part",
        lambda right: _multipart(right, "\r\nContent-Type: text/plain; charset=zlib"),
        MULTIPART,
        status=200,
        reason=PARSERS,
    ),
    raw(
        "multipart: no name",
        b"--b+b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b+b--\r\n",
        MULTIPART,
        elsewhere=NO_TOKEN,
    ),
    raw("multipart: 10,000 fields", _multipart({f"x{number}": 1 for number in range(10_000)}), MULTIPART, is_page=True),
    raw(
        "multipart: 1,000 files",
        _multipart({f"x{number}": 1 for number in range(1_000)}, '; filename="t"'),
        MULTIPART,
        is_page=True,
    ),
    edited("multipart mixed", _multipart, "multipart/mixed; boundary=b+b", status=415),
    edited("quoted form", lambda right: quote(_json(right)).encode(), FORM, elsewhere=NO_TOKEN),
]

HOSTILE_BODIES = [*SYNTAX, *VALUES, *CREDENTIALS, *SCOPES, *TYPES, *FORMS]
