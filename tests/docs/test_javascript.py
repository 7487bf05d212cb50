"""The JavaScript of the pages, run by node."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests.docs.blocks import PAGES, REPOSITORY

BLOCK = re.compile(r"^```javascript\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NODE = shutil.which("node")
COURSES = {
    # A message, and two connections that the server closes. Each next one has a new token.
    "docs/howto/channels-graphql.md": """
        const opened = [], seen = [];
        let tokens = 0;
        globalThis.WebSocket = class {
            constructor(url, protocols) { opened.push([url, ...protocols]); sockets.push(this); }
        };
        const sockets = [], pauses = [];
        globalThis.setTimeout = (act, pause) => { pauses.push(pause); again.push(act); };
        const again = [];
        await listen(async () => `token ${++tokens}`, (message) => seen.push(message));
        sockets[0].onmessage({data: '{"news": 1}'});
        for (const number of [0, 1]) { sockets[number].onclose(); await again[number](); }
        console.log(JSON.stringify({opened, seen, waits: pauses.every((pause) => pause >= 1000)}));
    """,
}
PRINTS = {
    "docs/howto/channels-graphql.md": {
        "opened": [["wss://example.org/ws/", "bearer", f"token {number}"] for number in (1, 2, 3)],
        "seen": [{"news": 1}],
        "waits": True,
    },
}


def test_each_page_with_javascript_has_a_course():
    pages = {page.relative_to(REPOSITORY).as_posix() for page in PAGES if BLOCK.search(page.read_text())}
    assert pages == {*COURSES} == {*PRINTS}


@pytest.mark.skipif(NODE is None and os.environ.get("CI") != "true", reason="no node in the PATH")
@pytest.mark.parametrize("page", COURSES)
def test_the_javascript_of_a_page(page):
    program = "".join(BLOCK.findall((REPOSITORY / page).read_text())) + COURSES[page]
    command = [NODE, "--input-type=module", "--eval", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  our own page
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == PRINTS[page]
