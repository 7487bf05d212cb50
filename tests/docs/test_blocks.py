"""Every Python block of the pages runs, and the few that can't say why."""

import pytest
from django.core.management import CommandError

from tests.docs.blocks import PAGES, REPOSITORY, counts, steps_of
from tests.docs.shell import parse_manage

WITH_BLOCKS = [page for page in PAGES if any(step["shown"] for step in steps_of(page.read_text()))]
NOT_RUN = 9
"""How many blocks may be left out. `make neighbours` runs eight of them, and one needs a newer Django."""


@pytest.mark.parametrize("path", WITH_BLOCKS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_the_blocks_of_a_page_run(path, run):
    counts.update(run(path.read_text()).counts)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_the_commands_of_a_page_parse(path):
    parse_manage(path.read_text())


def test_few_blocks_are_not_run():
    left_out = [step["reason"] for page in WITH_BLOCKS for step in steps_of(page.read_text()) if step["reason"]]
    assert len(left_out) <= NOT_RUN


@pytest.mark.parametrize(
    "source",
    [
        "undefined",
        "from oxijwt.tokens import Nothing",
        'SIMPLE_JWT = {"ALGORITHM": "none"}',
        'SIMPLE_JWT = {"ACCESS_LIFETIME": 1}',
        'INSTALLED_APPS = ["no_such_app"]',
        'urlpatterns = ["a text"]',
    ],
)
def test_a_wrong_block_is_found(source, run):
    with pytest.raises((AssertionError, NameError, ImportError)):
        run(f"```python\n{source}\n```\n")


def test_a_block_may_await(run):
    run("```python\nimport asyncio\n\nfound = await asyncio.sleep(0, 7)\n```\n<!-- test\nassert found == 7\n-->\n")


def test_a_hidden_test_can_fail(run):
    with pytest.raises(AssertionError):
        run("<!-- test\nassert user is None\n-->\n")


@pytest.mark.parametrize("command", ["jwtkeys spin", "jwtkeys rotate --later", "flushexpiredtokens --wet", "fly"])
def test_a_wrong_command_is_found(command):
    with pytest.raises((CommandError, KeyError)):
        parse_manage(f"```console\n$ python manage.py check && python manage.py {command}\n```\n")


@pytest.mark.parametrize("line", ["curl http://127.0.0.1/nothing/", "curl http://127.0.0.1/api/token/ -d username=ada"])
def test_a_wrong_request_is_found(line, run):
    with pytest.raises((AssertionError, ValueError)):
        run(f"""```console\n$ {line}\n{{"refresh":"…"}}\n```\n""")
