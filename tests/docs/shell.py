"""The commands of a page: `curl` asks the test client, and those of manage.py are parsed.

`$ ` begins a command, and the other lines are what it prints. In these `…` stands for any text. `$ ACCESS=eyJhbGciOi…`
takes the member `access` of the last answer that had it, as the reader copies it. Other commands are not run.
"""

import re
import shlex
from argparse import ArgumentParser

from django.core.management import get_commands, load_command_class

FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
MANAGE = re.compile(r"(?:^|&& )[^#\n]*?manage\.py ([^&\n]+)", re.MULTILINE)
CURL = ArgumentParser("curl")
CURL.add_argument("url")
CURL.add_argument("-i", action="store_true")
CURL.add_argument("-d", action="append")
CURL.add_argument("-H", action="append", default=[])


def parse_manage(text):
    """Parse the commands of manage.py in a page's blocks. Raises CommandError, and KeyError for an unknown command."""
    blocks = "\n".join(block for language, block in FENCE.findall(text) if language != "python")
    for command in MANAGE.findall(blocks):
        name, *arguments = shlex.split(command)
        load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(arguments)


class Shell:
    """The variables of one page's shell, and its client."""

    def __init__(self, client, variables):
        self.client, self.variables, self.copied = client, variables, {}

    def run(self, block):
        """Run the commands of a block. Returns how many asked the client."""
        commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        return sum(self.command(*command.split("\n", 1)) for command in commands)

    def command(self, line, prints):
        """Run one command, if it is curl or an assignment. Whether it is curl."""
        assigned = re.fullmatch(r"([A-Z]+)=eyJhbGciOi…", line)
        if assigned:
            self.variables[assigned[1]] = self.copied[assigned[1].lower()]
        if not line.startswith("curl "):
            return False
        asked = CURL.parse_args(shlex.split(re.sub(r"\$([A-Z]+)", lambda found: self.variables[found[1]], line))[1:])
        answer = self.ask(asked)
        self.copied |= answer.json() if answer.content else {}
        expected = ".*".join(map(re.escape, prints.strip().split("…")))
        assert re.fullmatch(expected, shown(answer, prints, with_head=asked.i), re.DOTALL), answer.content
        return True

    def ask(self, asked):
        """The response to a curl command."""
        headers = dict(header.split(": ", 1) for header in asked.H)
        path = re.sub(r"^https?://[^/]+", "", asked.url)
        if asked.d is None:
            return self.client.get(path, headers=headers)
        kind = "application/x-www-form-urlencoded"
        return self.client.generic("POST", path, "&".join(asked.d), content_type=kind, headers=headers)


def shown(answer, prints, *, with_head):
    """What curl prints: the body, and with `-i` the status and those headers that the page shows."""
    body = answer.content.decode()
    headers = {f"{name}: {value}" for name, value in answer.items()}
    head = [
        f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}",
        *(it for it in prints.splitlines() if it in headers),
    ]
    return "\n".join([*head, "", body]).strip() if with_head else body
