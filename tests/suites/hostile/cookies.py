"""Cookie headers, each with a good token in `{token}`, and CSRF tokens. A new case is one more line."""

from typing import NamedTuple

from .places import CSRF_SECRET


class Shape(NamedTuple):
    """A cookie header. `{name}` is the name of the cookie. `reason` says why it is taken."""

    name: str
    text: str
    reason: str = ""


def refused(name, text):
    """The token is not seen, or it is another one."""
    return Shape(name, text)


def taken(name, text, reason):
    """Unusual, and right all the same."""
    return Shape(name, text, reason)


BLANKS = "Django strips blanks around names and values"
LAST = "the last of several cookies with the same name counts in Django"
QUOTES = "Django takes the quotes off a cookie, and the escapes within"
OTHERS = "other cookies do not matter"

COOKIE_SHAPES = [
    refused("nothing", ""),
    refused("no value", "{name}="),
    refused("name alone", "{name}"),
    refused("token alone", "{token}"),
    refused("no name", "={token}"),
    refused("a colon", "{name}:{token}"),
    refused("name in lower case", "__host-refresh_token={token}; __host-access_token={token}"),
    refused("name in upper case", "__HOST-REFRESH_TOKEN={token}; __HOST-ACCESS_TOKEN={token}"),
    refused("no prefix", "refresh_token={token}; access_token={token}"),
    refused("the weaker prefix", "__Secure-refresh_token={token}; __Secure-access_token={token}"),
    refused("the stronger prefix", "__Host-Http-refresh_token={token}; __Host-Http-access_token={token}"),
    refused("names of settings", "AUTH_COOKIE_REFRESH={token}; AUTH_COOKIE_ACCESS={token}"),
    refused("names of the body", "refresh={token}; access={token}; token={token}"),
    refused("a longer name", "{name}x={token}"),
    refused("a cut name", "_{name}={token}"),
    refused("a name in brackets", "{name}[]={token}"),
    refused("a quoted name", '"{name}"={token}'),
    refused("a percent-encoded name", "%5F%5FHost-refresh_token={token}; %5F%5FHost-access_token={token}"),
    refused("a fullwidth name", "＿＿Host-refresh_token={token}; ＿＿Host-access_token={token}"),
    refused("NUL in the name", "{name}\0={token}"),
    refused("after a comma", "a=b, {name}={token}"),
    refused("two equals signs", "{name}=={token}"),
    refused("a scheme", "{name}=Bearer {token}"),
    refused("percent-encoded dots", "{name}=%2E{token}"),
    refused("a quote before", '{name}="{token}'),
    refused("a quote after", '{name}={token}"'),
    refused("single quotes", "{name}='{token}'"),
    refused("cut by a semicolon", "{name}=eyJ;{token}"),
    refused("two tokens", "{name}={token} {token}"),
    refused("two tokens and a comma", "{name}={token},{token}"),
    refused("twice, right first", "{name}={token}; {name}=x"),
    refused("twice, the last one empty", "{name}={token}; {name}="),
    refused("NUL after", "{name}={token}\0"),
    refused("NUL before", "{name}=\0{token}"),
    refused("a line break within", "{name}=a\r\n {token}"),
    refused("Latin-1 after", "{name}={token}ÿ"),
    refused("outside Latin-1", "{name}=名"),
    refused("lone surrogate", "{name}={token}\ud800"),
    refused("20 KB", "{name}=" + "a" * 20_000),
    refused("20 KB of blanks within", "{name}=a" + " " * 20_000 + "{token}"),
    refused("5,000 names", "; ".join(f"a{number}=b" for number in range(5_000))),
    refused("20 KB of semicolons", ";" * 20_000),
    refused("20 KB of equals signs", "=" * 20_000),
    refused("20 KB of quotes", '{name}="' + '\\"' * 10_000),
    refused("another header smuggled", "{name}=\r\nAuthorization: Bearer {token}"),
    taken("as usual", "{name}={token}", "the control of the cases above"),
    taken("blanks around", "  {name} =  {token}  ", BLANKS),
    taken("tabulators around", "\t{name}\t=\t{token}\t", BLANKS),
    taken("no-break spaces around", "{name}=\xa0{token}\xa0", BLANKS),
    taken("no blank after a semicolon", "a=b;{name}={token};c=d", OTHERS),
    taken("after 2,000 others", "; ".join(f"a{number}=b" for number in range(2_000)) + "; {name}={token}", OTHERS),
    taken("attributes of a Set-Cookie", "{name}={token}; Path=/; HttpOnly; Secure", OTHERS),
    taken("as in RFC 2965", "$Version=1; {name}={token}; $Path=/", OTHERS),
    taken("beside a hostile one", "a=\ud800\0; {name}={token}", OTHERS),
    taken("twice, right last", "{name}=x; {name}={token}", LAST),
    taken("quoted", '{name}="{token}"', QUOTES),
    taken("an escaped letter", '{name}="\\145{token[1:]}"', QUOTES),
]


class Csrf(NamedTuple):
    """A request with a good cookie: headers about CSRF. `reason` says why it passes."""

    name: str
    headers: dict[str, str]
    reason: str = ""


def csrf(name, token=CSRF_SECRET, cookie=f"csrftoken={CSRF_SECRET}", reason="", **headers):
    """The CSRF token in the header and the CSRF cookie; None for a request without it."""
    sent = {"HTTP_X_CSRFTOKEN": token, "HTTP_COOKIE": cookie} | headers
    return Csrf(name, {key: value for key, value in sent.items() if value is not None}, reason)


CSRF_SHAPES = [
    csrf("neither", None, ""),
    csrf("no header", None),
    csrf("no cookie", CSRF_SECRET, ""),
    csrf("empty header", ""),
    csrf("blank header", " "),
    csrf("another token", "b" * 32),
    csrf("upper case", "A" * 32),
    csrf("cut", "a" * 31),
    csrf("longer", "a" * 33),
    csrf("a letter shorter than a masked one", "a" * 63),
    csrf("a masked one of another secret", "b" * 32 + "c" * 32),
    csrf("twice", f"{CSRF_SECRET},{CSRF_SECRET}"),
    csrf("blanks around", f" {CSRF_SECRET} "),
    csrf("100 KB", "a" * 100_000),
    csrf("NUL", "a" * 31 + "\0"),
    csrf("line break", "a" * 31 + "\n"),
    csrf("Latin-1", "a" * 31 + "ÿ"),
    csrf("outside Latin-1", "名" * 32),
    csrf("lone surrogate", "a" * 31 + "\ud800"),
    csrf("fullwidth", "ａ" * 32),
    csrf("in another header", None, HTTP_X_XSRF_TOKEN=CSRF_SECRET, HTTP_X_CSRF_TOKEN=CSRF_SECRET),
    csrf("in the query", None, QUERY_STRING=f"csrfmiddlewaretoken={CSRF_SECRET}"),
    csrf("both empty", "", "csrftoken="),
    csrf("both short", "a", "csrftoken=a"),
    csrf("both long", "a" * 5_000, "csrftoken=" + "a" * 5_000),
    csrf("both with other letters", "!" * 32, "csrftoken=" + "!" * 32),
    csrf("cookie of another name", CSRF_SECRET, f"CSRFTOKEN={CSRF_SECRET}; csrf_token={CSRF_SECRET}"),
    csrf("cookie twice", CSRF_SECRET, f"csrftoken={CSRF_SECRET}; csrftoken=" + "b" * 32),
    csrf("cookie of surrogates", CSRF_SECRET, "csrftoken=\udcff"),
    csrf("another origin", HTTP_ORIGIN="http://evil.example"),
    csrf("another scheme", HTTP_ORIGIN="https://testserver"),
    csrf("another port", HTTP_ORIGIN="http://testserver:8000"),
    csrf("a host below", HTTP_ORIGIN="http://a.testserver"),
    csrf("a host that begins so", HTTP_ORIGIN="http://testserver.evil.example"),
    csrf("origin null", HTTP_ORIGIN="null"),
    csrf("origin empty", HTTP_ORIGIN=""),
    csrf("origin without scheme", HTTP_ORIGIN="testserver"),
    csrf("two origins", HTTP_ORIGIN="http://testserver http://testserver"),
    csrf("origin with a path", HTTP_ORIGIN="http://testserver/"),
    csrf("origin with a user", HTTP_ORIGIN="http://testserver@evil.example"),
    csrf("origin that is no URL", HTTP_ORIGIN="http://[::1"),
    csrf("origin with a lone surrogate", HTTP_ORIGIN="http://testserver\ud800"),
    csrf("origin with NUL", HTTP_ORIGIN="http://testserver\0"),
    csrf("origin of 100 KB", HTTP_ORIGIN="http://" + "a" * 100_000),
    csrf("as usual", reason="the control of the cases above"),
    csrf("this origin", reason="a browser names it", HTTP_ORIGIN="http://testserver"),
    csrf("masked", "b" * 32 + "b" * 32, "csrftoken=" + "a" * 32, reason="Django masks the secret with a second text"),
    csrf("another referer over http", reason="Django checks it over https only", HTTP_REFERER="http://evil.example/"),
]
