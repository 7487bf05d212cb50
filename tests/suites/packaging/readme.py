"""The steps of README.md's section "Try it", as a shell script: nothing is done that the section does not say.

`$ ` begins a command in a console block; the other lines there are what it prints. A Python block belongs to the end of
the file that its first line names. Three things are different from a person who follows the steps: `runserver`
goes on in the background until its port answers, the site has a free port, and "another terminal" is the same one.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[3]
README = REPOSITORY / "README.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "python manage.py runserver"
PORT_OF_README = 8000
WAIT = "for _ in $(seq 300); do (>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done"


class Step(NamedTuple):
    """A command with the lines that it prints, or a text for the end of a file."""

    command: str
    prints: tuple[str, ...] = ()

    def matches(self, output: str) -> bool:
        """Whether a command has printed this. `…` in a line stands for any text."""
        expected = ".*".join(map(re.escape, "\n".join(self.prints).split("…")))
        return re.fullmatch(expected, output.strip(), re.DOTALL) is not None or not self.prints


def section(text: str, heading: str = "Try it") -> str:
    """The part of a page under a heading. Raises ValueError if the page does not have it."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return parts[parts.index(heading) + 1]


def steps(text: str) -> list[Step]:
    """All steps of a section."""
    return [step for block in BLOCK.findall(text) for step in steps_of(*block)]


def steps_of(language: str, text: str) -> Iterator[Step]:
    """The steps of one block. Raises ValueError if the first line of a Python block names no file."""
    if language == "console":
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            first, *prints = command.splitlines()
            yield Step(first, tuple(prints))
        return
    (name,) = re.findall(r"\A# ([\w/]+\.py)\n", text)
    yield Step(f"cat >> {name} << 'END OF BLOCK'\n\n{text}END OF BLOCK")


def script(chosen: list[Step], port: int) -> str:
    """A shell script that ends at the first command that fails. It prints a form feed in front of each output."""
    lines = ["set -eo pipefail", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for step in chosen:
        lines += ["printf '\\f'", command_of(step, port)]
    return "\n".join(lines).replace(f"127.0.0.1:{PORT_OF_README}", f"127.0.0.1:{port}")


def command_of(step: Step, port: int) -> str:
    """The command as the script runs it."""
    if step.command != SERVER:
        return step.command
    return f"{SERVER} {port} --noreload > server.log 2>&1 &\n{WAIT.format(port=port)}"


def follow(chosen: list[Step], folder: Path, port: int, environment: dict[str, str]) -> list[str]:
    """Run the steps in an empty folder. Returns what each printed; raises if one failed or printed something else."""
    command = ["bash", "-c", script(chosen, port)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    outputs = ended.stdout.split("\f")[1:]
    if ended.returncode or len(outputs) != len(chosen):
        raise RuntimeError(f"{chosen[len(outputs) - 1].command}\n{ended.stdout}\n{ended.stderr}")
    for step, output in zip(chosen, outputs, strict=True):
        if not step.matches(output):
            raise RuntimeError(f"{step.command}\nprints {output.strip()}\nand not {step.prints}")
    return outputs
