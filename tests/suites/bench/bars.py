"""Every bar of the benchmarks, in one place. A ratio is simplejwt ÷ oxijwt, unless its comment names another."""

TOKEN_LAYER = {
    "HS256": (22, 14, 10),
    "RS256": (3.5, 1.05, 1.1),
    "ES256": (1.9, 2.1, 2.6),
    "EdDSA": (3.6, 4.0, 4.3),
}
"""`AccessToken(raw)`, `str(token)` and a pair of tokens, without the cache of verified tokens."""

CACHE_HIT = 35
"""`AccessToken(raw)` of a token in the cache of verified tokens, with an asymmetric algorithm."""

CORE = {("HS256", "verify"): 1.7, ("HS256", "sign"): 1.6}
CORE_ASYMMETRIC = 1.06
"""At most: the ring's time ÷ bare aws-lc-rs's."""

MALFORMED = 4.0
"""At most: microseconds in which `AccessToken` refuses a malformed text."""

CONFIGURATION = 1.3
"""At most: the time of `AccessToken(raw)` ÷ its time with one pair of keys and plain claims."""

LARGE_RING = 1.05
"""At most: the time with 10 or 100 keys ÷ the time with one."""

REFUSAL_MICROSECONDS = 1000.0
REFUSAL_KIB = 512
"""At most, for any token that is made to cost time or memory."""

TWO_THREADS = {"sign": 1.8, "verify": 1.5}
"""Calls of two threads in a second ÷ those of one thread, RS256."""

COLUMNS = (("sessions", "sqlite"), ("blacklist", "sqlite"), ("sessions", "postgres"), ("blacklist", "postgres"))
REQUESTS = {
    "stateless": (1.4, 1.4, 1.35, 1.35),
    "protected": (1.6, 2.1, 1.2, 1.65),
    "obtain": (1.1, 1.2, 1.03, 1.1),
    "refresh": (4.5, 4.2, 3.5, 2.9),
    "verify": (1.35, 1.85, 1.1, 1.5),
    "logout": (3.0, 3.0, 2.5, 2.5),
}
"""Whole requests in the order of COLUMNS."""

PREPARED = {("protected", "sessions"): 1.4}
"""Whole requests on PostgreSQL with prepared statements on both sides."""

SERVED = {"protected": 1.0, "refresh": 1.0}
"""Requests for one CPU second of gunicorn's workers, on PostgreSQL: oxijwt ÷ simplejwt."""

TABLES = 1.2
"""At most: the time of a request in a large table ÷ its time in a table of 1000 sessions."""

MEMORY_KIB = 1024
"""At most: growth of the resident memory, from the first tenth of the requests to the end."""


def of_request(request: str, kind: str, database: str) -> float:
    """The bar of a whole request without prepared statements."""
    return REQUESTS[request][COLUMNS.index((kind, database))]
