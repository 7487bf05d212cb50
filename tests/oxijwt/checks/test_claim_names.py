"""The check of claims' names, open and shut."""

import pytest
from django.core.checks import ERROR

from oxijwt.checks import check_settings
from oxijwt.settings import CLAIM_SETTINGS, DEFAULTS, REGISTERED_CLAIMS, SESSION_CLAIM_SETTINGS

SESSIONS = ["django.contrib.auth", "django.contrib.contenttypes", "oxijwt.token_sessions"]
EVERY_SETTING = (*CLAIM_SETTINGS, *SESSION_CLAIM_SETTINGS)
HIDDEN = "this text is a key"


def findings(settings, apps=SESSIONS, **simple_jwt):
    settings.INSTALLED_APPS = apps
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True} | simple_jwt
    return [(found.id, found.level, found.msg) for found in check_settings()]


def message(setting, what):
    return [("oxijwt.E030", ERROR, f"SIMPLE_JWT['{setting}'] must {what}.")]


def test_every_setting_that_names_a_claim_is_checked():
    assert set(EVERY_SETTING) == {name for name in DEFAULTS if name.endswith("_CLAIM")}


def test_the_defaults_are_right(settings):
    assert findings(settings) == []


@pytest.mark.parametrize("setting", EVERY_SETTING)
@pytest.mark.parametrize("value", ["", 7, True, b"sid", ["sid"], (), {HIDDEN: HIDDEN}], ids=repr)
def test_a_name_is_a_text(settings, setting, value):
    assert findings(settings, **{setting: value}) == message(setting, "be a text")


@pytest.mark.parametrize("setting", EVERY_SETTING)
def test_only_two_may_be_none(settings, setting):
    right = setting in {"TOKEN_TYPE_CLAIM", "JTI_CLAIM"}
    assert findings(settings, **{setting: None}) == ([] if right else message(setting, "be a text"))


@pytest.mark.parametrize("setting", EVERY_SETTING)
@pytest.mark.parametrize("claim", sorted(REGISTERED_CLAIMS))
def test_a_registered_claim_has_a_meaning_already(settings, setting, claim):
    right = (setting, claim) in {("JTI_CLAIM", "jti"), ("USER_ID_CLAIM", "sub")}
    expected = [] if right else message(setting, "not name a registered claim")
    assert findings(settings, **{"JTI_CLAIM": "id"} | {setting: claim}) == expected


@pytest.mark.parametrize("one", EVERY_SETTING)
@pytest.mark.parametrize("other", EVERY_SETTING)
def test_two_settings_name_two_claims(settings, one, other):
    if one == other:
        assert findings(settings, **{one: "login"}) == []
        return
    first, second = sorted((one, other), key=EVERY_SETTING.index)
    expected = message(second, f"not name the same claim as SIMPLE_JWT['{first}']")
    assert findings(settings, **{one: HIDDEN, other: HIDDEN}) == expected


def test_a_name_may_be_any_other_text(settings):
    names = {setting: f"https://issuer.example/{setting}" for setting in EVERY_SETTING}
    assert findings(settings, **names) == []


@pytest.mark.parametrize("bad", [{"SESSION_ID_CLAIM": None}, {"USER_ID_CLAIM": "sid"}, {"SESSION_ID_CLAIM": "gen"}])
def test_the_claims_of_sessions_count_where_they_are_read(settings, bad):
    """Without sessions and without REVOCATION_CACHE nothing reads them: a claim `sid` is the project's own there."""
    caches = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    settings.CACHES = caches
    alone = SESSIONS[:2]
    assert findings(settings, apps=alone, **bad) == []
    assert [found[0] for found in findings(settings, apps=alone, REVOCATION_CACHE="default", **bad)] == ["oxijwt.E030"]
    assert [found[0] for found in findings(settings, **bad)] == ["oxijwt.E030"]
