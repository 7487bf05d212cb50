"""What the mutations put into tokens: JSON texts of values, by where they go."""

from .cases import ISSUER
from .draft import quote

DIGITS = "1" * 4299
LONG_NUMBERS = (DIGITS, DIGITS + "1", DIGITS + "11", "-" + DIGITS + "1", "-" + DIGITS + "11")
LONG_NUMBERS += (DIGITS + "1e-4300", DIGITS + "11e-4300", "-" + DIGITS + "11.5E-4300", "0." + DIGITS + "11")
NESTED = ("[]", "{}", '[1,"a",null]', '{"a":{"a":1}}', '[{"a":[{"b":1,"c":2.5}]}]')
DUPLICATED = ('{"a":1,"a":2}', '{"a":1,"\\u0061":1}', '{"a":[{"b":1,"c":{},"b":2}]}', '[{"":0,"":0}]')
NUMBERS = ("0", "-0", "-0.0", "1", "-1", "1.5", "1e3", "1E-400", "9007199254740993", "1.7976931348623157e308", "0.1")
NOT_FINITE = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1.8e308")
NOT_JSON = ("01", "+1", "1.", ".5", "0x10", "1_000", "nul", "True", "'a'", "", "-", "1e", "[1,]", '{"a":1,}')
STRINGS = (
    '""',
    '"text"',
    '"é €"',
    '"\\u00e9"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\u0000"',
    '"\u2028\ufeff"',
    '"\x7f\x80"',
    '"\\/\\b\\f\\n\\r\\t\\"\\\\"',
    '"\uff11\uff12\uff13"',
)
SURROGATES = ('"\\ud800"', '"a\\udc00"', '"\\ude00\\ud83d"', '["\\ud83d\\ud83d\\ude00"]', '{"\\udfff":1}')
BAD_STRINGS = ('"\x00"', '"\x1f"', '"\n"', '"\\x41"', '"\\u12"', '"\\uzzzz"', '"\\', '"open')
PLAIN = ("null", "true", "false", *NUMBERS, *STRINGS, *NESTED)
ANY = (*PLAIN, *NOT_FINITE, *SURROGATES, *DUPLICATED)

DEPTHS = (2, 8, 30, 31, 32, 33, 34, 40, 100, 900)
"""Levels of nesting; of 10,000 there is a mutation of its own, for each costs a millisecond."""

ALGORITHMS = (
    *("HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES256K", "EdDSA", "Ed25519", "Ed448"),
    *("none", "None", "NONE", "", "hs256", "HS256 ", "HS256\0", "HS-256", "A128KW", "dir"),
)
TYPS = (
    *("JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "application/jwt", "application/at+jwt", "Application/JWT"),
    *("", "JWS", "JOSE", "dpop+jwt", "logout+jwt", " JWT", "JWT ", "application/", "text/jwt", "JWT\0", "at+jwt;x=1"),
    # Full-width letters, and a dotless i.
    *("application/application/jwt", "\uff2a\uff37\uff34", "appl\u0131cation/jwt"),
)
HEADER = {
    "alg": (*map(quote, ALGORITHMS), "null", "true", "256", "[]", "{}", '["HS256"]', '{"a":1}', '"\\u0048S256"'),
    "typ": (*map(quote, TYPS), "null", "true", "1", '["JWT"]', "{}"),
    "cty": ('"JWT"', '"application/json"', '""', "null", "1"),
    "kid": ('"one"', '""', '"../../dev/null"', '"\\u0000"', "1", "0", "null", "true", "1.5", "[]", '["one"]', "{}"),
    "crit": ('["b64"]', "[]", '["exp"]', '["alg"]', '["b64","b64"]', '[""]', "[1]", '"b64"', "null", "{}", "true"),
    "b64": ("true", "false", "null", "0", "1", '"false"', "[]"),
    "zip": ('"DEF"', "null", '""', "1"),
    "enc": ('"A128GCM"', "null", '""', "[]"),
    "jwk": ('{"kty":"oct","k":"AAAA"}', "{}", "null", '"text"'),
    "jku": ('"https://attacker.example/keys"', "1"),
    "x5u": ('"https://attacker.example/chain"', "null"),
    "x5c": ('["MIIB"]', "[]", '"MIIB"'),
    "x5t": ('"AAAA"', "7"),
}
EXTENDED = (
    (("crit", '["b64"]'), ("b64", "true")),
    (("crit", '["b64"]'), ("b64", "false")),
    (("crit", '["b64"]'), ("b64", "null")),
    (("crit", '["exp"]'), ("exp", "1")),
    (("enc", '"A128GCM"'), ("zip", '"DEF"')),
)
"""Members that are only odd together."""

TIME_OFFSETS = (-86_400, -29, -1, 0, 0, 0, 1, 29, 86_400)
"""Seconds from the limits: now, and the tolerances before and after it."""
TIME_FORMS = (
    "{}",
    "{}.0",
    "{}.25",
    "{}.5",
    "{}.75",
    "{}e0",
    '"{}"',
    '" {} "',
    '"{}.5"',
    '"1_{}"',
    "-{}",
    "{}000",
    "[{}]",
    '{{"seconds":{}}}',
)
TIMES = (
    *("253402300799", "253402300799.5", "253402300800", "253402300800.0", "1e12", "1e308"),
    *("-62135596800", "-62135596801", "-62135596800.5", "-1e12", "18446744073709551616", "9" * 400),
    *(
        '"\uff11\uff19\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10"',
        '"0x7f"',
        '"1e9"',
        '"now"',
        '"-5"',
        '"+1900000300"',
    ),
    *ANY,
)
AUDIENCES = (
    *('"api"', '"web"', '"other"', '""', '"API"', '"api "', '["api"]', '["web","api"]', '["other"]', "[]", '[""]'),
    *('["api",1]', '["api",null]', '[["api"]]', '["other",["api"]]', '["api","api"]', '{"api":1}', "{}", "[null]"),
    *("null", "0", "1", "true", "false", "1.5", '["api",true]', '["\\u0061pi"]', '"ap\\u0069"', '["\\ud800"]'),
)
ISSUERS = (
    *(quote(ISSUER), quote(ISSUER + "/"), quote(ISSUER.upper()), quote(ISSUER[:-1]), '""', '"https://old.example"'),
    *(f"[{quote(ISSUER)}]", f"{{{quote(ISSUER)}:1}}", "null", "1", "0", "true", "false", "[]", "{}", "2.5"),
)
SUBJECTS = (
    '"42"',
    '""',
    "42",
    "0",
    "-1",
    "9" * 40,
    "true",
    "false",
    "null",
    "42.0",
    "4e1",
    "[]",
    '["42"]',
    "{}",
    '"é"',
)
IDS = (
    *('""', '"a"', '" "', quote("j" * 254), quote("j" * 255), quote("j" * 256), quote("é" * 255), quote("é" * 256)),
    *(
        '"a\\u0000"',
        '"a\\n"',
        '"\\u001f"',
        '"\\u007f"',
        '"\x7f"',
        '"\\u0080"',
        '"\x85"',
        '"\\u009f"',
        '"\\u00a0"',
        '"\u200b"',
    ),
    *('"\\ud83d\\ude00"', '"\u2028"', "null", "1", "0", "1.5", "true", "[]", '["a"]', "{}"),
)
CLAIMS = {
    "aud": AUDIENCES,
    "iss": ISSUERS,
    "sub": SUBJECTS,
    "jti": IDS,
    "token_type": ANY,
    "user_id": ANY,
    "roles": ANY,
}

NOT_OBJECTS = (b"", b"null", b"[]", b'"text"', b"1", b"true", b"[{}]", b'[["exp",1]]', b"{}", b" ", b"NaN", b'"{}"')
ENCODINGS = ("utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32", "utf-7", "cp500")
NOT_UTF8 = (b"\xff", b"\xc0\xaf", b"\xc3", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\x80")
RAW_SURROGATES = (b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80")
TRAILING = (b"{}", b"x", b",", b"}", b"\0", b"\n{}", b"null", b"//", b"\xef\xbb\xbf")
BLANKS = (b" ", b"\n", b"\t\r\n ", b"\x0b", b"\x0c", b"\xc2\xa0", b"\xe2\x80\x83", b"\0")
SEPARATORS = (
    *((b":", b"="), (b":", b" :\t"), (b",", b",,"), (b",", b" ,\r\n"), (b",", b";"), (b'"', b"'"), (b"{", b"{,")),
    *((b"}", b",}"), (b"{", b"{/**/"), (b":", b"::"), (b"}", b"]"), (b'":', b'" : ')),
)
STRAY = (
    b"=",
    b"==",
    b"===",
    b"====",
    b"!",
    b"+",
    b"/",
    b" ",
    b"\n",
    b"\0",
    b"\xc3\xa9",
    b"\xff",
    b"A",
    b"~",
    b".",
    b"%3D",
)
"""What is put at an end or inside of base64url."""
