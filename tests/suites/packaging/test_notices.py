"""THIRD-PARTY-NOTICES.txt has all that a wheel contains."""

import pytest

from tools.notices import CRATES_WITHOUT_A_FILE, FILE, Crate, crates, metadata, notices


@pytest.fixture(scope="module")
def found():
    return crates(metadata())


def test_the_notices_are_those_of_the_lock_file(found):
    assert notices(found) == FILE.read_text(), "run python -m tools.notices"


def test_only_what_is_linked_is_listed(found):
    names = {crate.name for crate in found}
    assert {"aws-lc-sys", "pyo3", *CRATES_WITHOUT_A_FILE} <= names
    assert names.isdisjoint({"oxijwt", "serde_derive", "cc", "proptest", "wasm-bindgen"})


def test_a_crate_without_a_license_is_found(tmp_path):
    with pytest.raises(ValueError, match="nameless 1"):
        notices([Crate("nameless", "1", "MIT", tmp_path)])
