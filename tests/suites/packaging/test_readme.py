"""README.md's first steps, with the checkout's package. `make wheel` follows them with a wheel."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tools.demo import free_port

from .readme import README, REPOSITORY, Step, follow, section, steps

INSTALLING = 2
"""The first steps make an environment and install the package."""


@pytest.fixture(scope="module")
def found():
    return steps(section(README.read_text()))


def test_the_steps_install_first_and_end_with_a_refusal(found):
    assert [step.command.split()[-1] for step in found[:INSTALLING]] == [".venv/bin/activate", "oxijwt"]
    assert "session_revoked" in found[-1].prints[0]


@pytest.mark.skipif(shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed")
def test_the_steps_work(found, tmp_path):
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "python"),
    }
    outputs = follow(found[INSTALLING:], tmp_path, free_port(), environment)
    assert '{"hello":"ada"}' in outputs


@pytest.mark.parametrize("last", [Step("false"), Step("echo other", ("this",))])
def test_a_step_that_fails_is_found(last, tmp_path):
    with pytest.raises(RuntimeError, match=last.command):
        follow([Step("echo this", ("th…",)), last], tmp_path, 1, {"PATH": os.environ["PATH"]})
