"""The workflows: pinned actions, least privileges, no stored password."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / ".github/workflows"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
JOB = re.compile(r"^  ([\w-]+):\n((?:(?:    .*)?\n)+)", re.MULTILINE)


@pytest.fixture(params=sorted(FOLDER.glob("*.yml")), ids=lambda path: path.name)
def workflow(request):
    return request.param.read_text()


def jobs_of(workflow):
    """The text of each job, by name."""
    return dict(JOB.findall(workflow.split("\njobs:\n")[1]))


def loose_actions(workflow):
    """Actions that are not pinned by a commit, with their release in a comment."""
    return [used for used in re.findall(r"uses: (.*)", workflow) if not PINNED.fullmatch(used)]


def granted(job):
    """The rights that a job asks for."""
    (block,) = re.findall(r"^    permissions:\n((?:      .*\n)+)", job, re.MULTILINE)
    return set(re.findall(r"^      ([\w-]+: \w+)(?: #.*)?$", block, re.MULTILINE))


def test_each_action_is_pinned(workflow):
    assert loose_actions(workflow) == []


@pytest.mark.parametrize("used", ["actions/checkout@v7", "actions/checkout@main # v7.0.1", f"a/b@{'0' * 40}"])
def test_a_loose_action_is_found(used):
    assert loose_actions(f"      - uses: {used}\n") == [used]


def test_no_job_has_more_rights_than_it_needs(workflow):
    assert "\npermissions: {}\n" in workflow
    jobs = jobs_of(workflow)
    assert {name: granted(job) for name, job in jobs.items()} == {
        name: {"contents: read"} | ({"id-token: write", "attestations: write"} if name == "publish" else set())
        for name in jobs
    }


def test_only_a_pushed_tag_publishes():
    workflow = (FOLDER / "wheels.yml").read_text()
    publish = jobs_of(workflow)["publish"]
    assert "if: github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')" in publish
    assert set(re.findall(r"[\w-]+", re.search(r"needs: (.*)", publish)[1])) == {*jobs_of(workflow)} - {"publish"}


def test_no_value_is_part_of_a_command(workflow):
    """A value in a command's text is code of the shell. A variable is not."""
    commands = re.findall(r"run: (.*\n(?:          .*\n)*)", workflow)
    assert commands
    assert [command for command in commands if "${{" in command] == []


def test_each_job_that_builds_writes_addresses_first():
    """README.md is the long description, and PyPI knows no relative links."""
    jobs = jobs_of((FOLDER / "wheels.yml").read_text())
    building = {name: job for name, job in jobs.items() if re.search(r"maturin (build|sdist)", job)}
    assert set(building) == {"linux", "others", "free-threaded", "sdist"}
    for job in building.values():
        assert re.search(r"tools\.addresses .*\n(      #.*\n)?      - run: (>-\n *)?maturin (build|sdist)", job)


def test_no_password_and_no_credentials_on_disk(workflow):
    assert "secrets." not in workflow
    assert workflow.count("actions/checkout@") == workflow.count("persist-credentials: false")
