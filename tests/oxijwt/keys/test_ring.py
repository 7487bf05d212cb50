"""SIMPLE_JWT['KEYS']: which key signs and which verify, the pair of the time before beside them, what is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone

import jwt
import pytest
from freezegun import freeze_time

from oxijwt import checks
from oxijwt.exceptions import KeyConfigurationError, TokenError
from oxijwt.settings import api_settings
from oxijwt.state import token_backend
from oxijwt.token_blacklist.models import OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken
from tests.key_material import (
    ALGORITHMS,
    ASYMMETRIC,
    HMAC,
    SECRET,
    jwk,
    other_private_key,
    pkcs8,
    private_key,
    secret_jwk,
    spki,
)

HIDDEN = "this text is a secret of thirty-two bytes or more"
HOUR = timedelta(hours=1)


def in_time(hours):
    return datetime.now(UTC) + hours * HOUR


def hmac_key(kid, **members):
    return {"kid": kid, "algorithm": "HS256", "signing_key": f"{HIDDEN}: {kid}", **members}


def pair(algorithm):
    key = private_key(algorithm)
    return {"signing_key": pkcs8(key), "verifying_key": spki(key)}


def signing_key(algorithm):
    return SECRET if algorithm in HMAC else pkcs8(private_key(algorithm))


@pytest.fixture
def keys(settings):
    """Sets KEYS, and other settings beside."""

    def set_keys(*entries, **others):
        settings.SIMPLE_JWT = {"KEYS": list(entries), **others}

    return set_keys


def kid_of(token):
    return jwt.get_unverified_header(token).get("kid")


def refused(token):
    with pytest.raises(TokenError, match="Token is invalid"):
        AccessToken(token)
    return True


# Signing and verifying


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_names_the_key_that_signed_it(keys, algorithm):
    keys({"kid": "a", "algorithm": algorithm, "signing_key": signing_key(algorithm)}, hmac_key("b"))
    token = str(AccessToken())
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": "a", "typ": "JWT"}
    verifier = SECRET if algorithm in HMAC else private_key(algorithm).public_key()
    assert jwt.decode(token, verifier, algorithms=[algorithm])["token_type"] == "access"
    keys(hmac_key("b"), {"kid": "a", "algorithm": algorithm, "signing_key": signing_key(algorithm)})
    assert AccessToken(token)["token_type"] == "access"
    assert kid_of(str(AccessToken())) == "b"


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_kid_is_the_thumbprint_by_default(keys, algorithm):
    keys({"algorithm": algorithm, "signing_key": pkcs8(private_key(algorithm))})
    token = str(AccessToken())
    published = json.loads(token_backend.public_jwk_set())["keys"]
    assert [key["kid"] for key in published] == [kid_of(token)]
    keys({"algorithm": algorithm, "verifying_key": spki(private_key(algorithm))})
    assert AccessToken(token)["token_type"] == "access"


def test_keys_are_taken_in_every_form(keys):
    keys(
        {"kid": "jwk", "algorithm": "ES256", "signing_key": jwk("ES256", private_key("ES256"))},
        {"kid": "text", "algorithm": "EdDSA", "signing_key": json.dumps(jwk("EdDSA", private_key("EdDSA")))},
        {"kid": "secret", "algorithm": "HS256", "signing_key": secret_jwk()},
        {"kid": "pair", "algorithm": "RS256", **pair("RS256")},
        {"kid": "verifies", "algorithm": "HS512", "verifying_key": SECRET},
    )
    assert checks.check_settings() == []
    assert kid_of(str(AccessToken())) == "jwk"


def test_a_token_without_kid_or_of_another_is_refused(keys, settings):
    keys(hmac_key("a"))
    token = str(AccessToken())
    claims = jwt.decode(token, options={"verify_signature": False})
    secret = hmac_key("a")["signing_key"]
    assert AccessToken(jwt.encode(claims, secret, headers={"kid": "a"})).payload == claims
    assert refused(jwt.encode(claims, secret))
    assert refused(jwt.encode(claims, secret, headers={"kid": "b"}))
    assert refused(jwt.encode(claims, hmac_key("b")["signing_key"], headers={"kid": "a"}))
    # SECRET_KEY was the key before; no more than any other does it verify now.
    assert refused(jwt.encode(claims, settings.SECRET_KEY))


def test_the_headers_alg_is_the_keys(keys):
    keys(hmac_key("a"))
    claims = jwt.decode(str(AccessToken()), options={"verify_signature": False})
    assert refused(jwt.encode(claims, hmac_key("a")["signing_key"], "HS384", headers={"kid": "a"}))


def test_a_ring_of_one_ignores_a_foreign_kid(settings):
    token = str(AccessToken())
    assert kid_of(token) is None
    claims = jwt.decode(token, options={"verify_signature": False})
    assert AccessToken(jwt.encode(claims, settings.SECRET_KEY, headers={"kid": "foreign"})).payload == claims


# Times


def test_the_first_key_in_force_signs(keys):
    keys(hmac_key("later", not_before=in_time(1)), hmac_key("past", not_after=in_time(-1)), hmac_key("now"))
    assert kid_of(str(AccessToken())) == "now"
    keys(hmac_key("later", not_before=in_time(-1)), hmac_key("now"))
    assert kid_of(str(AccessToken())) == "later"


def test_a_key_verifies_while_it_is_in_force(keys):
    keys(hmac_key("a"))
    token = str(AccessToken())
    for times, verifies in [
        ({"not_before": in_time(1)}, False),
        # Another machine's clock may be a little ahead.
        ({"not_before": in_time(0.01)}, True),
        ({"not_before": in_time(-1), "not_after": in_time(1)}, True),
        ({"not_after": in_time(-0.01)}, False),
    ]:
        keys(hmac_key("a", **times))
        assert AccessToken(token) if verifies else refused(token)


INSTANT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "seconds", "verifies"),
    [
        ({"not_before": INSTANT}, -61, False),
        ({"not_before": INSTANT}, -60, True),
        ({"not_before": INSTANT + timedelta(microseconds=999_999)}, -60, True),
        ({"not_before": INSTANT.astimezone(timezone(timedelta(hours=14)))}, -61, False),
        ({"not_after": INSTANT}, -1, True),
        ({"not_after": INSTANT}, 0, False),
        ({"not_after": INSTANT.astimezone(timezone(timedelta(hours=-12)))}, 0, False),
    ],
)
def test_a_keys_first_and_last_second(keys, times, seconds, verifies):
    with freeze_time(INSTANT + timedelta(seconds=seconds)):
        keys(hmac_key("a"))
        token = str(AccessToken())
        keys(hmac_key("a", **times))
        assert AccessToken(token) if verifies else refused(token)


@pytest.mark.parametrize(("seconds", "signs"), [(-1, False), (0, True)])
def test_the_first_second_in_which_a_key_signs(keys, seconds, signs):
    with freeze_time(INSTANT + timedelta(seconds=seconds)):
        keys(hmac_key("a", not_before=INSTANT), hmac_key("b"))
        assert kid_of(str(AccessToken())) == ("a" if signs else "b")


@pytest.mark.parametrize(("seconds", "verifies"), [(-1, True), (0, False)])
def test_the_last_second_of_the_legacy_key(keys, settings, seconds, verifies):
    with freeze_time(INSTANT + timedelta(seconds=seconds)):
        settings.SIMPLE_JWT = {}
        token = str(AccessToken())
        keys(hmac_key("a"), LEGACY_KEY_UNTIL=INSTANT)
        assert AccessToken(token) if verifies else refused(token)


def test_a_key_that_ends_too_soon_leaves_signing_to_the_next(keys):
    keys(hmac_key("short", not_after=in_time(1)), hmac_key("long"))
    assert kid_of(str(AccessToken())) == "short"
    assert kid_of(str(RefreshToken())) == "long"
    keys(hmac_key("short", not_after=in_time(1)))
    with pytest.raises(KeyConfigurationError, match=r"SIMPLE_JWT\['KEYS'\]: the token would outlive the key"):
        str(RefreshToken())


# The pair of the time before


@pytest.fixture
def legacy_token(settings):
    return str(AccessToken())


def test_the_legacy_key_verifies_while_it_is_set(keys, legacy_token):
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(1))
    assert AccessToken(legacy_token)
    assert kid_of(str(AccessToken())) == "a"
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(-1))
    assert refused(legacy_token)
    keys(hmac_key("a"))
    assert refused(legacy_token)


def test_the_legacy_key_signs_until_the_first_key_does(keys, settings):
    keys(hmac_key("a", not_before=in_time(1)), LEGACY_KEY_UNTIL=in_time(2))
    token = str(AccessToken())
    assert kid_of(token) is None
    assert jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
    keys(hmac_key("a", not_before=in_time(1)))
    with pytest.raises(KeyConfigurationError, match="no key that signs now"):
        str(AccessToken())


def test_fallbacks_of_the_legacy_key_verify(keys, settings, legacy_token):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key of the tests, long enough"
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(1))
    assert AccessToken(legacy_token)
    settings.SECRET_KEY_FALLBACKS = []
    assert refused(legacy_token)


def test_a_legacy_pair_that_only_verifies_signs_nothing(keys):
    keys({"kid": "a", "algorithm": "RS256", "signing_key": pkcs8(private_key("RS256"))})
    claims = AccessToken().payload
    keys(
        hmac_key("a", not_before=in_time(1)),
        ALGORITHM="ES256",
        VERIFYING_KEY=spki(private_key("ES256")),
        LEGACY_KEY_UNTIL=in_time(1),
    )
    assert AccessToken(jwt.encode(claims, private_key("ES256"), "ES256")).payload == claims
    assert refused(jwt.encode(claims, other_private_key("ES256"), "ES256"))
    with pytest.raises(KeyConfigurationError):
        str(AccessToken())


# Tokens of keys that sign no longer


@pytest.mark.django_db
@pytest.mark.parametrize("form", [str, str.encode])
def test_a_token_that_no_key_could_sign_any_more_is_recorded_as_it_is(keys, form):
    """It was signed again to be recorded: by another key, or not at all where it outlives that one."""
    keys(hmac_key("a"))
    text = str(RefreshToken())
    secret = hmac_key("a")["signing_key"]
    keys(hmac_key("b", not_after=in_time(1)), hmac_key("a", signing_key=None, verifying_key=secret))
    RefreshToken(form(text)).blacklist()
    assert OutstandingToken.objects.get().token == text
    with pytest.raises(TokenError, match="Token is blacklisted"):
        RefreshToken(text)


@pytest.mark.django_db
def test_a_token_whose_claims_were_changed_is_signed_to_be_recorded(keys):
    keys(hmac_key("a"))
    text = str(RefreshToken())
    keys(hmac_key("b"), hmac_key("a"))
    token = RefreshToken(text)
    token["more"] = 1
    token.blacklist()
    recorded = OutstandingToken.objects.get().token
    assert kid_of(recorded) == "b"
    assert RefreshToken(recorded, verify=False)["more"] == 1


# What is refused, and how it is named


BAD_KEYS = {
    "no list": ("a key", "must be a list of dicts"),
    "none": ([], "must contain a key"),
    "no dicts": ([HIDDEN], "must be a list of dicts"),
    "twice": ([hmac_key("a"), hmac_key("a")], "key 2 'a'.*two keys have the same kid"),
    "no key": ([{"kid": "a", "algorithm": "HS256"}], "kid 'a'.*neither a signing_key nor a verifying_key"),
    "no algorithm": ([{"kid": "a", "signing_key": HIDDEN}], "kid 'a'.*algorithm"),
    "unknown algorithm": ([hmac_key("a", algorithm="none")], "kid 'a'.*algorithm"),
    "unhashable algorithm": ([hmac_key("a", algorithm=["HS256"])], "kid 'a'.*algorithm"),
    "another algorithm": ([hmac_key("a", algorithm="RS256")], "kid 'a'.*can't serve RS256"),
    "another member": ([hmac_key("a", key=HIDDEN)], "kid 'a'.*other members"),
    "a weak secret": ([hmac_key("a", signing_key="short")], "kid 'a'.*shorter than the hash"),
    "a secret without kid": ([hmac_key(None)], "symmetric key needs a kid"),
    "an empty kid": ([hmac_key("")], "1 to 255 characters"),
    "a kid that is no text": ([hmac_key(7)], "kid must be a text"),
    "a lone surrogate": ([hmac_key("\ud800", signing_key=HIDDEN)], "kid must not contain a lone surrogate"),
    "no pair": (
        [{"kid": "a", "algorithm": "ES256", **pair("ES256"), "verifying_key": spki(other_private_key("ES256"))}],
        "kid 'a'.*does not belong to the signing key",
    ),
    "a time without zone": ([hmac_key("a", not_before=datetime(2030, 1, 1))], "kid 'a'.*not_before.*time zone"),  # noqa: DTZ001
    "no time": ([hmac_key("a", not_after="2030-01-01")], "kid 'a'.*not_after.*time zone"),
    "times that leave none": ([hmac_key("a", not_before=in_time(1), not_after=in_time(1))], "kid 'a'.*not_after"),
}  # fmt: skip


@pytest.mark.parametrize(("entries", "message"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_bad_keys_are_named_never_shown(settings, entries, message):
    settings.SIMPLE_JWT = {"KEYS": entries}
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E027"
    for use in (lambda: str(AccessToken()), lambda: AccessToken("e30.e30.")):
        with pytest.raises(KeyConfigurationError, match=rf"SIMPLE_JWT\['KEYS'\].*{message}") as caught:
            use()
        for text in (str(caught.value), finding.msg):
            assert HIDDEN not in text
            assert "PRIVATE" not in text


def test_legacy_key_until_is_a_datetime_with_zone(keys):
    keys(hmac_key("a"), LEGACY_KEY_UNTIL="2030-01-01")
    [finding] = checks.check_settings()
    assert (finding.id, finding.msg) == (
        "oxijwt.E027",
        "SIMPLE_JWT['LEGACY_KEY_UNTIL'] must be a datetime with a time zone",
    )


def test_a_ring_that_nobody_signs_with_is_found(keys):
    keys(hmac_key("past", not_after=in_time(-1)), hmac_key("later", not_before=in_time(1)))
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E029"
    assert "'past'" in finding.msg
    keys({"kid": "a", "algorithm": "ES256", "verifying_key": spki(private_key("ES256"))})
    assert checks.check_settings() == []  # a service that only verifies
    with pytest.raises(KeyConfigurationError, match="no key that signs"):
        str(AccessToken())


@pytest.mark.parametrize(
    ("times", "until", "lasts"),
    [
        ({"not_after": in_time(23)}, None, False),
        ({"not_after": in_time(25)}, None, True),
        ({"not_before": in_time(1)}, in_time(23), False),
        ({"not_before": in_time(1)}, in_time(25), True),
    ],
)
def test_a_ring_whose_tokens_would_outlive_their_key_is_found(keys, times, until, lasts):
    keys(hmac_key("a", **times), LEGACY_KEY_UNTIL=until)
    assert [finding.id for finding in checks.check_settings()] == ([] if lasts else ["oxijwt.E029"])


def test_a_legacy_key_beside_no_others_is_found(keys, settings):
    settings.SIMPLE_JWT = {"LEGACY_KEY_UNTIL": in_time(48)}
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.W012"]
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(48))
    assert checks.check_settings() == []


def test_jwk_url_beside_keys_is_found(keys):
    keys(hmac_key("a"), JWK_URL="https://issuer.example/jwks.json")
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.E028"]


def test_a_publicly_known_secret_among_the_keys_is_found(keys):
    keys(hmac_key("a"), hmac_key("b", signing_key="reallyreallyreallyreallyverysafe"))
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E007"
    assert "KEYS'][1]" in finding.msg


def test_a_secret_that_only_verifies_is_looked_at_too(keys):
    """The check ended in a TypeError where signing_key was None."""
    keys(hmac_key("a"), hmac_key("b", signing_key=None, verifying_key=SECRET))
    assert checks.check_settings() == []
    keys(hmac_key("a"), hmac_key("b", signing_key=None, verifying_key="reallyreallyreallyreallyverysafe"))
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.E007"]


def test_the_pair_is_not_looked_at_where_nothing_asks_it(keys, settings):
    settings.SECRET_KEY = "django-insecure-short"
    keys(hmac_key("a"))
    assert checks.check_settings() == []
    assert "oxijwt.W009" not in [finding.id for finding in checks.check_deployment()]
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(1))
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.E003"]


# What follows the settings


def test_another_list_is_another_ring(keys):
    keys(hmac_key("a"))
    assert kid_of(str(AccessToken())) == "a"
    # Without a signal, as helpers of projects do it.
    api_settings.KEYS = [hmac_key("b")]
    assert kid_of(str(AccessToken())) == "b"


def test_the_ring_is_built_once(keys):
    keys(hmac_key("a"), LEGACY_KEY_UNTIL=in_time(1))
    assert token_backend.key_source is token_backend.key_source


def test_no_hmac_key_is_published(keys):
    keys(hmac_key("a"), {"kid": "b", "algorithm": "EdDSA", "signing_key": pkcs8(private_key("EdDSA"))})
    published = json.loads(token_backend.public_jwk_set())
    assert [key["kid"] for key in published["keys"]] == ["b"]
    assert HIDDEN not in str(published)
    assert "d" not in published["keys"][0]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_ring_of_one_publishes_its_public_key(settings, algorithm):
    if algorithm not in HMAC:
        key = private_key(algorithm)
        settings.SIMPLE_JWT = {"ALGORITHM": algorithm, "SIGNING_KEY": pkcs8(key), "VERIFYING_KEY": spki(key)}
    published = json.loads(token_backend.public_jwk_set())["keys"]
    assert [key["alg"] for key in published] == ([] if algorithm in HMAC else [algorithm])


def test_no_key_of_the_pair_is_named_beside_a_ring(keys):
    """`get_verifying_key` answered SECRET_KEY, which verifies nothing here."""
    keys(hmac_key("a"))
    with pytest.raises(KeyConfigurationError, match=r"SIMPLE_JWT\['KEYS'\].*decode"):
        token_backend.get_verifying_key(str(AccessToken()))
