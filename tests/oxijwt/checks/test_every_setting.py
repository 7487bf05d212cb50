"""Each setting with a wrong type, a wrong value, and a value that excludes another setting. No finding quotes a value.

The name of an issuer and a `kid` are public, so messages contain them; the parts of a name that may be secret do not
appear.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from oxijwt.checks import PAGES, check_settings
from oxijwt.settings import CLAIM_SETTINGS, DEFAULTS, LIFETIMES, SESSION_CLAIM_SETTINGS
from oxijwt.tokens import RefreshToken
from tests.key_material import pkcs8, private_key, spki

REPOSITORY = Path(__file__).parents[3]
PAGE = re.compile(r"docs/[\w-]+\.md")
ALONE = ["django.contrib.auth", "django.contrib.contenttypes", "oxijwt", "oxijwt.token_sessions"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
HIDDEN = "password:this-is-a-key"
NOW, DAY, CENTURY = datetime.now(tz=UTC), timedelta(days=1), timedelta(days=36500)
KEY = private_key("ES256")
ES256 = {"ALGORITHM": "ES256", "SIGNING_KEY": pkcs8(KEY), "VERIFYING_KEY": spki(KEY)}
RING = {"KEYS": [{"kid": "k1", "algorithm": "ES256", "signing_key": pkcs8(KEY)}]}
FILE = {"KEY_FILE": "the key file", "ALGORITHM": "ES256"}
URL = "https://issuer.example/jwks"
ISSUERS = {"https://issuer.example": {"jwk_url": URL, "algorithms": ["RS256"], "audience": "here"}}


def cell(check_id, value, **others):
    """One case: the id that is found, the setting's value, and the other settings."""
    return (f"oxijwt.{check_id}", value, others)


def rows(names, *cells):
    return dict.fromkeys(names, cells)


NOTHING = None
"""No value is wrong, or none excludes another setting."""

FLAG = cell("E036", 7), cell("E036", "False"), NOTHING
PATH = cell("E016", 7), cell("E016", f"no.such.{HIDDEN}"), NOTHING

TABLE = {
    **rows(LIFETIMES, cell("E010", 300), cell("E011", -DAY), NOTHING),
    "ACCESS_TOKEN_LIFETIME": (cell("E010", 300), cell("W015", DAY / 10**6), cell("W006", 2 * DAY)),
    "SLIDING_TOKEN_LIFETIME": (cell("E010", 300), cell("E012", timedelta.max), cell("W006", 2 * DAY)),
    "ROTATE_REFRESH_TOKENS": (cell("E036", 7), cell("E036", "true"), cell("W002", False)),
    "BLACKLIST_AFTER_ROTATION": (cell("E036", 7), cell("E036", "False"), cell("E004", True)),
    **rows(("UPDATE_LAST_LOGIN", "CHECK_REVOKE_TOKEN", "OUTSTANDING_TOKEN_DIGEST", "SEND_USER_LOGGED_IN"), *FLAG),
    "TOKEN_RESPONSE_EXPIRES_IN": FLAG,
    "TOKEN_RESPONSE_STYLE": (cell("E055", 7), cell("E055", HIDDEN), NOTHING),
    **rows(("CLAIMS", "USER_SCOPES"), *PATH),
    "CHECK_USER_IS_ACTIVE": (cell("E036", 7), cell("E036", "False"), cell("W018", False)),
    "ALGORITHM": (
        cell("E001", 7),
        cell("E001", HIDDEN),
        cell("E002", "ES256", VERIFYING_KEY=spki(KEY), SIGNING_KEY=HIDDEN),
    ),
    "SIGNING_KEY": (cell("E002", 7), cell("E003", "this-is-a-key"), cell("W014", pkcs8(KEY), **RING)),
    "VERIFYING_KEY": (
        cell("E002", 7, **ES256),
        cell("W001", pkcs8(KEY), **ES256),
        cell("W014", spki(KEY), **RING),
    ),
    "AUDIENCE": (cell("E014", 7), cell("E014", []), NOTHING),
    "ISSUER": (cell("E014", 7), cell("E038", [HIDDEN, "b"]), cell("E026", "https://issuer.example", ISSUERS=ISSUERS)),
    "ISSUERS": (
        cell("E025", 7),
        cell("E025", {f"https://{HIDDEN}@a.example": {}}),
        cell("E026", ISSUERS, ISSUER="https://issuer.example"),
    ),
    "JWK_URL": (cell("E023", 7), cell("E023", f"http://{HIDDEN}@issuer.example"), cell("E028", URL, **RING)),
    "JWK_REFETCH_INTERVAL": (cell("E010", 10), cell("E011", timedelta(0)), NOTHING),
    "KEYS": (cell("E027", 7), cell("E027", []), cell("E027", RING["KEYS"], **FILE)),
    "KEY_FILE": (cell("E027", 7), cell("W030", f"/no/{HIDDEN}"), cell("E027", FILE["KEY_FILE"], **RING)),
    "KEY_FILE_STALE": (cell("E027", 600, **FILE), cell("E027", -DAY, **FILE), NOTHING),
    "KEY_PUBLISH_AHEAD": (cell("E027", 600, **FILE), cell("W013", DAY / 10**6, **FILE), NOTHING),
    "KEY_RETAIN": (cell("E027", 600, **FILE), cell("E027", -DAY, **FILE), cell("E029", DAY / 10**6, **FILE)),
    "LEGACY_KEY_UNTIL": (cell("E027", 7, **RING), cell("W016", NOW + CENTURY, **RING), cell("W012", NOW)),
    "JSON_ENCODER": PATH,
    **rows(("USER_AUTHENTICATION_RULE", "TOKEN_USER_CLASS", "ON_LOGIN_SUCCESS", "ON_LOGIN_FAILED"), *PATH),
    **rows((name for name in DEFAULTS if name.endswith("_SERIALIZER")), *PATH),
    "SESSION_CLIENT_INFO": (*PATH[:2], cell("W020", None, REFRESH_REUSE_GRACE_SAME_AGENT=True)),
    "AUTH_TOKEN_CLASSES": (cell("E016", 7), cell("E039", [RefreshToken]), NOTHING),
    "LEEWAY": (cell("E013", HIDDEN), cell("E013", -1), NOTHING),
    "AUTH_HEADER_TYPES": (cell("E015", 7), cell("E015", f"Bearer {HIDDEN}"), NOTHING),
    "AUTH_HEADER_NAME": (cell("E037", 7), cell("E037", "X-Auth-Token"), NOTHING),
    "AUTH_COOKIE_REFRESH": (
        cell("E053", None),
        cell("E053", "__Host-this-is-a-key"),
        cell("E054", "access_token", AUTH_COOKIE_ACCESS="access_token"),
    ),
    "AUTH_COOKIE_ACCESS": (cell("E053", 7), cell("E053", HIDDEN), cell("W034", "access_token")),
    "AUTH_COOKIE_SECURE": (cell("E036", 7), cell("E036", "False"), NOTHING),
    "AUTH_COOKIE_SAMESITE": (cell("E053", None), cell("E053", "strict"), cell("W033", "None")),
    "AUTH_COOKIE_PATH": (cell("E053", None), cell("E053", "/; HttpOnly=no"), cell("W031", "/api/")),
    "AUTH_COOKIE_DOMAIN": (cell("E053", 7), cell("E053", HIDDEN), cell("W031", "example.com")),
    "USER_ID_FIELD": (cell("E033", 7), cell("E035", "password"), cell("E034", "email")),
    **rows((*CLAIM_SETTINGS, *SESSION_CLAIM_SETTINGS), cell("E030", 7), cell("E030", "exp"), NOTHING),
    "USER_ID_CLAIM": (cell("E030", 7), cell("E030", "exp"), cell("E030", HIDDEN, JTI_CLAIM=HIDDEN)),
    "SESSION_ID_CLAIM": (cell("E030", 7), cell("E030", "exp"), cell("E030", HIDDEN, SESSION_GENERATION_CLAIM=HIDDEN)),
    "MAX_TOKEN_LENGTH": (cell("E019", "16384"), cell("E019", 0), NOTHING),
    "VERIFIED_TOKEN_CACHE_SIZE": (cell("E052", "1024"), cell("E052", -1), NOTHING),
    "ALLOWED_TYP": (cell("E020", 7), cell("E020", ["", HIDDEN]), NOTHING),
    "TOKEN_SESSIONS": (cell("E022", 7), cell("E022", HIDDEN), cell("E041", "accept", REQUIRE_SESSION=True)),
    "REQUIRE_SESSION": (cell("E031", 7), cell("E031", "False"), cell("E041", True, TOKEN_SESSIONS="accept")),
    "REFRESH_REUSE_GRACE": (cell("E010", 30), cell("W015", DAY / 10**6), cell("W003", timedelta(minutes=3))),
    "REFRESH_REUSE_GRACE_SAME_AGENT": (
        cell("E032", 7),
        cell("E032", "False"),
        cell("W020", True, SESSION_CLIENT_INFO=None),
    ),
    "SESSION_ABSOLUTE_LIFETIME": (cell("E010", 7), cell("E011", timedelta(0)), NOTHING),
    "SESSION_LIMIT_PER_USER": (cell("E017", "7"), cell("E017", 0), NOTHING),
    "REVOCATION_CACHE": (cell("E006", 7), cell("E006", f"redis://{HIDDEN}@host"), NOTHING),
    "REVOCATION_MEMORY": (cell("E010", 300), cell("E011", timedelta(0)), cell("W045", timedelta(minutes=4))),
    "ADOPT_UNTIL": (cell("E018", HIDDEN), cell("W016", NOW + CENTURY), NOTHING),
}
COLUMNS = ("type", "value", "collision")
CASES = {
    f"{setting}-{column}": (setting, *found)
    for setting, cells in TABLE.items()
    for column, found in zip(COLUMNS, cells, strict=True)
    if found is not NOTHING
}


@pytest.fixture
def found(settings, tmp_path):
    """The findings about a setting's value and the other settings. The key file exists."""
    path = str(tmp_path / "keys.json")
    settings.INSTALLED_APPS, settings.CACHES = ALONE, CACHES
    settings.SIMPLE_JWT = {"KEY_FILE": path, "ALGORITHM": "ES256"}
    call_command("jwtkeys", "generate", verbosity=0)

    def find(**simple_jwt):
        if simple_jwt.get("KEY_FILE") == FILE["KEY_FILE"]:
            simple_jwt["KEY_FILE"] = path
        settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True} | simple_jwt
        return check_settings()

    return find


def test_every_setting_is_in_the_table():
    assert set(TABLE) == set(DEFAULTS)


@pytest.mark.parametrize("column", [0, 1])
def test_every_setting_has_a_wrong_type_and_a_wrong_value(column):
    assert [setting for setting, cells in TABLE.items() if cells[column] is NOTHING] == []


@pytest.mark.parametrize(("setting", "check_id", "value", "others"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_found_and_not_quoted(found, setting, check_id, value, others):
    """`others` has a right value of the setting where the default is not right."""
    assert check_id not in [finding.id for finding in found(**others)]
    findings = found(**others | {setting: value})
    assert check_id in [finding.id for finding in findings]
    messages = [finding.msg for finding in findings if finding.id == check_id]
    assert all(any(name in message for name in (setting, *others)) for message in messages)
    for finding in findings:
        assert finding.id != "oxijwt.E021"
        assert all((REPOSITORY / page).is_file() for page in PAGE.findall(finding.hint))
        assert PAGE.search(finding.hint)
        assert HIDDEN not in finding.msg + finding.hint
        assert pkcs8(KEY) not in finding.msg + finding.hint


def test_the_pages_that_hints_name_exist():
    """Also those of modules whose checks have no setting above."""
    assert [page for page in PAGES.values() if not (REPOSITORY / f"docs/{page}.md").is_file()] == []
