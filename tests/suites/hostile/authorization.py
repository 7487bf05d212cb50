"""Authorization headers, each with a good token in `{token}`. A new case is one more line."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .places import CSRF_COOKIE


class Shape(NamedTuple):
    """A way to send the token: the header's text, whether our scheme is seen, and why the token is taken if it is."""

    name: str
    text: str
    is_ours: bool
    reason: str = ""
    header: str = "HTTP_AUTHORIZATION"
    configured: Mapping[str, Any] = {}


def ours(name, text, **options):
    """Our scheme with something that is no token: refused, and said so."""
    return Shape(name, text, True, **options)


def others(name, text, **options):
    """Nothing of ours: as if there were no token."""
    return Shape(name, text, False, **options)


def taken(name, text, reason, **options):
    """Unusual, and right all the same."""
    return Shape(name, text, True, reason, **options)


ANY_CASE = "schemes are compared without case (RFC 9110 section 11.1)"
BLANKS = "blanks and tabulators part the two, however many (RFC 9110 section 5.6.3)"
CONFIGURED = "it is what the settings name"

OTHER_NAME = {"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN"}
OTHER_TYPE = {"AUTH_HEADER_TYPES": ("JWT",)}
SEVERAL_TYPES = {"AUTH_HEADER_TYPES": ("Bearer", "JWT")}

AUTHORIZATION_SHAPES = [
    others("empty", ""),
    others("blanks only", "   "),
    others("tabulators only", "\t\t"),
    ours("scheme alone", "Bearer"),
    ours("scheme and blank", "Bearer "),
    ours("three parts", "Bearer {token} more"),
    ours("two tokens", "Bearer {token} {token}"),
    ours("token cut by a blank", "Bearer eyJ {token}"),
    others("token alone", "{token}"),
    others("token first", "{token} Bearer"),
    others("no blank", "Bearer{token}"),
    others("colon", "Bearer: {token}"),
    others("equals", "Bearer={token}"),
    others("comma before", ", Bearer {token}"),
    ours("comma after", "Bearer {token},"),
    ours("sent twice, as a server joins it", "Bearer {token},Bearer {token}"),
    ours("sent twice, joined with a blank", "Bearer {token}, Bearer {token}"),
    others("after another scheme", "Basic YTph, Bearer {token}"),
    others("after another scheme, joined", "Basic YTph,Bearer {token}"),
    ours("before another scheme", "Bearer {token}, Basic YTph"),
    ours("quoted", 'Bearer "{token}"'),
    ours("as a parameter", 'Bearer token="{token}"'),
    ours("with a parameter", 'Bearer {token}; realm="api"'),
    ours("in braces", "Bearer {{token}}"),
    others("scheme quoted", '"Bearer" {token}'),
    others("Basic", "Basic {token}"),
    others("Digest", "Digest {token}"),
    others("DPoP", "DPoP {token}"),
    others("Token", "Token {token}"),
    others("JWT while it is not configured", "JWT {token}"),
    others("scheme cut", "Beare {token}"),
    others("scheme longer", "Bearers {token}"),
    others("scheme of a long s", "BEARERſ {token}"),
    ours("scheme twice", "Bearer Bearer {token}"),
    others("scheme of fullwidth letters", "Ｂｅａｒｅｒ {token}"),
    others("scheme of Cyrillic letters", "Веarer {token}"),
    ours("NUL after the token", "Bearer {token}\0"),
    ours("NUL before the token", "Bearer \0{token}"),
    others("NUL in the scheme", "Bearer\0 {token}"),
    others("line feed between", "Bearer\n{token}"),
    others("carriage return between", "Bearer\r{token}"),
    others("folded line between", "Bearer\r\n {token}"),
    others("vertical tabulator between", "Bearer\v{token}"),
    others("form feed between", "Bearer\f{token}"),
    others("file separator between", "Bearer\x1c{token}"),
    others("unit separator between", "Bearer\x1f{token}"),
    others("next line between", "Bearer\x85{token}"),
    others("no-break space between", "Bearer\xa0{token}"),
    others("wide space between", "Bearer\u3000{token}"),
    others("underscore between", "Bearer_{token}"),
    others("percent-encoded blank between", "Bearer%20{token}"),
    others("plus between", "Bearer+{token}"),
    others("line feed before", "\nBearer {token}"),
    ours("line feed after", "Bearer {token}\n"),
    ours("carriage return after", "Bearer {token}\r"),
    ours("vertical tabulator after", "Bearer {token}\v"),
    ours("another header smuggled", "Bearer {token}\r\nX-User: 1"),
    ours("Latin-1 after the token", "Bearer {token}ÿ"),
    others("Latin-1 scheme", "Béarer {token}"),
    ours("outside Latin-1", "Bearer 名"),
    others("outside Latin-1 only", "名"),
    ours("lone surrogate", "Bearer \ud800"),
    others("lone surrogate scheme", "\udcff {token}"),
    ours("20 KB", "Bearer " + "a" * 20_000),
    ours("20 KB of parts", "Bearer" + " a" * 10_000),
    others("20 KB scheme", "B" * 20_000 + " {token}"),
    others("another header of the token", "Bearer {token}", header="HTTP_PROXY_AUTHORIZATION"),
    others("a header of ours that is not configured", "Bearer {token}", header="HTTP_X_ACCESS_TOKEN"),
    others("the server's own variable", "Bearer {token}", header="REDIRECT_HTTP_AUTHORIZATION"),
    others("a cookie", f"{CSRF_COOKIE}; access={{token}}; Authorization=Bearer {{token}}", header="HTTP_COOKIE"),
    others("the query", "access_token={token}&Authorization=Bearer%20{token}", header="QUERY_STRING"),
    others("the usual header while another is configured", "Bearer {token}", configured=OTHER_NAME),
    others("the configured header without scheme", "{token}", header="HTTP_X_ACCESS_TOKEN", configured=OTHER_NAME),
    others("Bearer while another scheme is configured", "Bearer {token}", configured=OTHER_TYPE),
    others("a scheme beside several", "Basic {token}", configured=SEVERAL_TYPES),
    others("several schemes in one", "Bearer,JWT {token}", configured=SEVERAL_TYPES),
    ours("one scheme after the other", "JWT Bearer {token}", configured=SEVERAL_TYPES),
    taken("as usual", "Bearer {token}", "the control of the cases above"),
    taken("blanks around", "  Bearer   {token}  ", BLANKS),
    taken("a tabulator between", "Bearer\t{token}", BLANKS),
    taken("tabulators and blanks", "\t Bearer \t {token}\t", BLANKS),
    taken("lower case", "bearer {token}", ANY_CASE),
    taken("upper case", "BEARER {token}", ANY_CASE),
    taken("mixed case", "bEaReR {token}", ANY_CASE),
    taken("another header", "Bearer {token}", CONFIGURED, header="HTTP_X_ACCESS_TOKEN", configured=OTHER_NAME),
    taken("another scheme", "JWT {token}", CONFIGURED, configured=OTHER_TYPE),
    taken("the first of several schemes", "Bearer {token}", CONFIGURED, configured=SEVERAL_TYPES),
    taken("the second of several schemes", "jwt {token}", CONFIGURED, configured=SEVERAL_TYPES),
]
