"""Common mistakes in a key setting are named, by the check and at run time, and the key is not shown."""

import base64
from pathlib import Path

import pytest

from oxijwt import checks
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.state import token_backend
from tests.key_material import pkcs8, private_key, spki
from tests.leaks import require_absence, texts_of

KEY = private_key("ES256")
PAIR = {"SIGNING_KEY": pkcs8(KEY), "VERIFYING_KEY": spki(KEY)}
LINE_ENDS = "contains backslash and n in place of line ends"
A_PATH = "it is a path, but must be the key itself"
IN_BASE64 = "it is a PEM in base64"

MISTAKES = {
    "line ends": (lambda pem: pem.replace("\n", r"\n"), LINE_ENDS),
    "line ends in bytes": (lambda pem: pem.replace("\n", r"\n").encode(), LINE_ENDS),
    "line ends of Windows": (lambda pem: pem.replace("\n", r"\r\n"), LINE_ENDS),
    "line ends twice escaped": (lambda pem: pem.replace("\n", r"\\n"), LINE_ENDS),
    "line ends and quotes": (lambda pem: '"' + pem.replace("\n", r"\n") + '"', LINE_ENDS),
    "base64": (lambda pem: base64.b64encode(pem.encode()).decode(), IN_BASE64),
    "a path": (lambda _pem: "/run/secrets/jwt.pem", A_PATH),
    "a path without an extension": (lambda _pem: "/run/secrets/jwt", A_PATH),
    "a path in bytes": (lambda _pem: b"/run/secrets/jwt", A_PATH),
    "a relative path": (lambda _pem: "./jwt", A_PATH),
    "a parent": (lambda _pem: "../keys/jwt", A_PATH),
    "a home directory": (lambda _pem: "~/jwt", A_PATH),
    "a file's name": (lambda _pem: "keys/private.pem", A_PATH),
    "a path of Windows": (lambda _pem: r"C:\keys\jwt", A_PATH),
    "a URL of a file": (lambda _pem: "file:///run/secrets/jwt", A_PATH),
    "a Path": (lambda _pem: Path("/run/secrets/jwt.pem"), A_PATH),
    "with a line end": (lambda _pem: "/run/secrets/jwt.pem\n", A_PATH),
}


def use(setting):
    return token_backend.encode({}) if setting == "SIGNING_KEY" else token_backend.decode("a.b.c")


@pytest.mark.parametrize("setting", PAIR)
@pytest.mark.parametrize(("make", "named"), MISTAKES.values(), ids=MISTAKES)
def test_the_mistake_is_named(settings, setting, make, named):
    """These were "broken PEM" and "the PEM file has no key"."""
    wrong = make(PAIR[setting])
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256"} | PAIR | {setting: wrong}
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E002"
    with pytest.raises(KeyConfigurationError) as caught:
        use(setting)
    shown = wrong.decode() if isinstance(wrong, bytes) else str(wrong).strip()
    for message in (finding.msg, str(caught.value)):
        assert named in message
        assert f"SIMPLE_JWT['{setting}']" in message
        assert shown not in message
    require_absence([shown], *(text for text in texts_of(caught.value) if "jwt.pem" not in text))


@pytest.mark.parametrize("member", ["signing_key", "verifying_key"])
def test_it_is_named_in_keys_too(settings, member):
    pem = PAIR["SIGNING_KEY" if member == "signing_key" else "VERIFYING_KEY"]
    for wrong, named in ((pem.replace("\n", r"\n"), LINE_ENDS), ("/run/secrets/jwt.pem", A_PATH)):
        settings.SIMPLE_JWT = {"KEYS": [{"algorithm": "ES256", member: wrong}]}
        [finding] = checks.check_settings()
        assert finding.id == "oxijwt.E027"
        assert named in finding.msg
        assert wrong not in finding.msg


@pytest.mark.parametrize("setting", PAIR)
def test_the_remedy_works(settings, setting, tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(PAIR[setting])
    literal = PAIR[setting].replace("\n", r"\n")
    in_base64 = base64.b64encode(PAIR[setting].encode()).decode()
    for right in (path.read_text(), literal.replace(r"\n", "\n"), base64.b64decode(in_base64)):
        settings.SIMPLE_JWT = {"ALGORITHM": "ES256"} | PAIR | {setting: right}
        assert checks.check_settings() == []


@pytest.mark.parametrize(
    "other",
    [
        "this text is a key",
        "{}",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "A" * 5000,
        "a.b.c",
        "/ is it",
    ],
)
def test_another_text_is_not_called_a_path(settings, other):
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256"} | PAIR | {"SIGNING_KEY": other}
    [finding] = checks.check_settings()
    assert not any(named in finding.msg for named in (LINE_ENDS, A_PATH, IN_BASE64))


def test_a_mapping_has_no_line_ends(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256"} | PAIR | {"SIGNING_KEY": {"kty": "EC", "crv": "P-256", "x": 7}}
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E002"
