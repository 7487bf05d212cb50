"""oxijwt's tokens against simplejwt's, with four algorithms.

One process for each algorithm runs both in turns. simplejwt is the real one, from its sdist. The cache of verified
tokens is off, as in the bars; where oxijwt has the cache, other lines show a token that it contains.
"""

from collections.abc import Iterator

from django.test import override_settings

from tests.suites.bench import bars
from tests.suites.bench.report import Line, at_least, run_cases
from tests.suites.bench.turns import Call, Pace, race

from .django_setup import cache_of, configure, make_user, tokens_of
from .keys import make_pair

ENTRIES = 1024


def lines(algorithm: str, pace: Pace) -> Iterator[Line]:
    """The token layer against simplejwt's, and hits of the cache of verified tokens."""
    simple_jwt = make_pair(algorithm).settings(algorithm)
    configure(**simple_jwt)
    ours, theirs = operations("oxijwt"), operations("rest_framework_simplejwt")
    for what, bar in zip(ours, bars.TOKEN_LAYER[algorithm], strict=True):
        yield at_least(f"{what}, {algorithm}", *race(ours[what], theirs[what], pace=pace), bar)
    if cache_of(ENTRIES) and algorithm != "HS256":
        with override_settings(SIMPLE_JWT=simple_jwt | cache_of(ENTRIES)):
            what = f"{RAW}, {algorithm}, in the cache"
            yield at_least(what, *race(ours[RAW], theirs[RAW], pace=pace), bars.CACHE_HIT)


RAW = "`AccessToken(raw)`"


def operations(library: str) -> dict[str, Call]:
    """What is measured of a library. simplejwt signs the text that both verify."""
    tokens, user = tokens_of(library), make_user()
    raw = str(tokens_of("rest_framework_simplejwt").AccessToken.for_user(user))
    token = tokens.AccessToken(raw)

    def login() -> tuple[str, str]:
        refresh = tokens.RefreshToken.for_user(user)
        return str(refresh), str(refresh.access_token)

    return {RAW: lambda: tokens.AccessToken(raw), "`str(token)`": lambda: str(token), "a pair of tokens": login}


if __name__ == "__main__":
    run_cases(lines, bars.TOKEN_LAYER)
