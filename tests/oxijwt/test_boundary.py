"""The boundary to the native core: what it exports, who may use it, and that its handles can't be changed."""

import ast
import pickle
from collections import Counter
from pathlib import Path

import pytest

import oxijwt
from oxijwt import _core, backends
from oxijwt._core import (
    CoreError,
    KeyPhase,
    KeyRing,
    KeyRotationPolicy,
    KeySet,
    KeySetChange,
    Presented,
    RefreshPolicy,
    RingKey,
    SessionState,
    SigningKey,
    TokenPolicy,
    UserState,
    VerifyingKey,
)

PACKAGE = Path(oxijwt.__file__).parent
STUB = ast.parse((PACKAGE / "_core.pyi").read_text())
IMPORTERS = {
    "backends.py",
    "permissions.py",
    "verifier.py",
    "checks/keys.py",
    "checks/rings.py",
    "checks/signers.py",
    "transport/cookies.py",
    "keys/guessable.py",
    "keys/issuers.py",
    "keys/rotation.py",
    "keys/jwk_set.py",
    "keys/file.py",
    "keys/ring.py",
    "keys/material.py",
    "management/commands/jwtkeys.py",
    "token_sessions/claims.py",
    "tokens/__init__.py",
    "tokens/rules.py",
    "token_sessions/password.py",
    "token_sessions/reading.py",
    "token_sessions/record/refresh_token.py",
    "token_sessions/refresh.py",
    "token_sessions/rows.py",
}
CLASSES = [value for value in vars(_core).values() if isinstance(value, type) and not issubclass(value, Exception)]
ENUMS = (KeyPhase, UserState)
"""The core says some of their members, and Python others."""
FOR_TESTS = {"ERROR_CODES"}
"""What the package has no use for: the tests below hold the tables in `backends` against it."""

SIGNING_KEY = SigningKey.from_secret("HS256", b"k" * 32)
KEY_ROTATION_POLICY = KeyRotationPolicy(publish_ahead=600, retain=3_600)
KEY_SET_CHANGE = KeySet.empty().rotate("EdDSA", KEY_ROTATION_POLICY, 0)
KEY_SET = KEY_SET_CHANGE.key_set
RULES = {"grace_seconds": 30, "idle_lifetime": 1, "absolute_lifetime": None, "rotate": True}
POLICY = RefreshPolicy(**RULES)
STATE = SessionState.begin(POLICY, 0)
ROTATED = SessionState(
    generation=5, rotated_at=10**9, created_at=0, expires_at=10**10, absolute_expires_at=None, revoked=False
)
LATE = 2 * 10**9


def presented(generation):
    """A refresh token of the session."""
    return Presented(generation, issued_at=1_000, expires_at=10_000)


RESTORED = STATE.decide(UserState.MATCHES, presented(5), POLICY, 1_000 * 10**6).restored
DECISIONS = [
    STATE.decide(UserState.GONE, presented(0), POLICY, 0),
    STATE.decide(UserState.MATCHES, presented(0), POLICY, 0),
    ROTATED.decide(UserState.MATCHES, presented(5), POLICY, 10**9),
    ROTATED.decide(UserState.MATCHES, presented(5), RefreshPolicy(**RULES | {"rotate": False}), LATE),
    ROTATED.decide(UserState.MATCHES, presented(3), POLICY, LATE),
]
HANDLES = [
    TokenPolicy(max_length=1),
    KeyRing(SIGNING_KEY, []),
    RingKey(SIGNING_KEY, None, kid="a"),
    KEY_ROTATION_POLICY,
    KeySet.empty(),
    KEY_SET_CHANGE,
    POLICY,
    STATE,
    presented(0),
    KEY_SET.keys(0)[0],
    KeyPhase.SIGNING,
    UserState.GONE,
    *DECISIONS,
    RESTORED,
    SIGNING_KEY,
    SIGNING_KEY.verifying_key(),
]


def public(names):
    return {name for name in names if not name.startswith("_")}


def stubbed(body):
    """The names that a stub's module or class body defines."""
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {*functions, *(node.target.id for node in body if isinstance(node, ast.AnnAssign))}


def stubbed_class(name):
    return next(node for node in STUB.body if isinstance(node, ast.ClassDef) and node.name == name)


def sources():
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}


def imported_from_core(tree):
    """Names that a module takes from `_core`, and `_core` itself where it takes the module."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            from_core = (node.module or "").split(".")[-1] == "_core"
            names |= {alias.name for alias in node.names if from_core or alias.name == "_core"}
        elif isinstance(node, ast.Import):
            names |= {"_core" for alias in node.names if alias.name.endswith("._core")}
    return names


def test_the_core_is_native():
    assert Path(_core.__file__).suffix in {".so", ".pyd"}


def test_every_export_is_in_the_stub_and_the_reverse():
    assert public(vars(_core)) == stubbed(STUB.body)


@pytest.mark.parametrize("native", CLASSES)
def test_every_method_is_in_the_stub_and_the_reverse(native):
    assert public(vars(native)) == public(stubbed(stubbed_class(native.__name__).body))


def test_only_these_files_import_the_core():
    assert {name for name, tree in sources().items() if imported_from_core(tree)} == IMPORTERS


def test_every_export_is_used():
    used = set()
    for name in IMPORTERS:
        tree = sources()[name]
        loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        used |= imported_from_core(tree) & loaded
    assert used == stubbed(STUB.body) - FOR_TESTS


def test_every_method_is_used():
    attributes = {
        node.attr for tree in sources().values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    methods = set().union(*(public(vars(native)) for native in CLASSES if native not in ENUMS))
    assert methods <= attributes


def test_every_error_code_is_mapped_once():
    tables = [backends.REFUSALS, backends.CONFIGURATION_CODES, backends.SIGNING_CODES]
    mapped = Counter(code for table in tables for code in table)
    assert mapped == Counter(_core.ERROR_CODES)
    assert len(set(_core.ERROR_CODES)) == len(_core.ERROR_CODES)


@pytest.mark.parametrize("code", sorted(backends.REFUSALS))
def test_refusals_become_what_the_table_says(code):
    kind, message = backends.REFUSALS[code]
    error = backends.refusal(CoreError(code, "why"))
    assert type(error) is kind
    assert str(error) == str(message)


@pytest.mark.parametrize("code", [*sorted(backends.CONFIGURATION_CODES), "a code of tomorrow"])
def test_other_codes_are_the_projects_mistake(code):
    error = backends.refusal(CoreError(code, "why"))
    assert type(error) is backends.KeyConfigurationError
    assert str(error) == "why"


@pytest.mark.parametrize(
    "claims", [{"exp": "text"}, {"x": "a" * 20_000}, {"x": float("nan")}], ids=["exp", "size", "nan"]
)
def test_signing_raises_codes_that_are_no_configuration(claims):
    with pytest.raises(CoreError) as caught:
        KeyRing(SIGNING_KEY, []).sign(claims, 0.0, 16_384)
    assert caught.value.args[0] in {"claim_invalid", "too_large", *backends.SIGNING_CODES}


def test_errors_are_a_code_and_a_text():
    with pytest.raises(CoreError) as caught:
        SigningKey.from_secret("HS256", b"")
    assert caught.value.args[0] == "key_empty"
    assert [type(argument) for argument in caught.value.args] == [str, str]


def test_algorithms_are_the_fourteen():
    assert len(_core.ALGORITHMS) == len(set(_core.ALGORITHMS)) == 14
    assert set(_core.ALGORITHMS) == backends.ALLOWED_ALGORITHMS


# Handles


@pytest.mark.parametrize("handle", HANDLES, ids=lambda handle: type(handle).__name__)
def test_handles_are_frozen(handle):
    for name in [*public(vars(type(handle))), "anything", "__dict__"]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(handle, name, None)
        with pytest.raises((AttributeError, TypeError)):
            delattr(handle, name)
    assert not hasattr(handle, "__dict__")


@pytest.mark.parametrize("native", CLASSES)
def test_handles_can_not_be_subclassed(native):
    with pytest.raises(TypeError):
        type("Sub", (native,), {})


@pytest.mark.parametrize("handle", HANDLES, ids=lambda handle: type(handle).__name__)
def test_handles_do_not_leave_the_process(handle):
    with pytest.raises(TypeError):
        pickle.dumps(handle)


@pytest.mark.parametrize("native", [KeySet, KeySetChange, SigningKey, VerifyingKey])
def test_keys_are_made_by_their_readers_only(native):
    with pytest.raises(TypeError):
        native()
    with pytest.raises(TypeError):
        native.__new__(native)
