"""The check of what the wheel and the sdist contain."""

import pytest

from .archives import IN_WHEEL, mistakes

WHEEL = [
    *(
        "oxijwt/_core.abi3.so",
        "oxijwt/_core.pyi",
        "oxijwt/py.typed",
        "oxijwt/token_sessions/migrations/0001_initial.py",
    ),
    "oxijwt/locale/de/LC_MESSAGES/django.mo",
    *(f"oxijwt-1.dist-info/licenses/{name}" for name in ("LICENSE-MIT", "THIRD-PARTY-NOTICES.txt")),
    "oxijwt-1.dist-info/sboms/oxijwt.cyclonedx.json",
]


def test_a_whole_wheel_has_no_mistakes():
    assert list(mistakes(WHEEL, IN_WHEEL)) == []


@pytest.mark.parametrize("missing", WHEEL)
def test_a_missing_file_is_found(missing):
    assert len(list(mistakes([name for name in WHEEL if name != missing], IN_WHEEL))) == 1


def test_a_file_that_should_not_be_there_is_found():
    extra = ["examples/demo/secret_key", "python/oxijwt/_core.abi3.so", "oxijwt/tokens.pyc"]
    assert list(mistakes([*WHEEL, *extra], IN_WHEEL)) == [f"{name} should not be there" for name in extra]
