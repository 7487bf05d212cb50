"""`python -m tests.suites.packaging [PYTHON …]`: builds the wheel and the sdist, and tries the wheel without cargo.

With each interpreter it follows the steps of README.md in an empty folder. Then it goes through the demo's walk in the
environment that the steps have made. Without interpreters it takes the one that made its own environment.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.demo import free_port

from .archives import examine, names
from .readme import README, REPOSITORY, follow, section, steps

DIST = REPOSITORY / ".cache/dist"
BIN = Path(sys.executable).parent
SYSTEM = "/usr/bin:/bin"
NOT_A_USERS = re.compile(r"VIRTUAL_ENV|PYTHON|CARGO|RUST|DJANGO|DEMO|OXIJWT|MAKE")
"""Names of variables that begin like this are no part of a user's shell."""
FORCED = "PIP_CONSTRAINT"
"""pip's variable for a file of constraints. They also say which file `pip install oxijwt` takes."""


def main() -> int:
    """Print figures. Returns 1 if something is wrong."""
    wheel, sdist = build()
    wrong = [*examine(wheel), *examine(sdist)]
    if sorted(names(wheel_of(sdist))) != sorted(names(wheel)):
        wrong.append("pip makes another wheel of the sdist")
    subprocess.run([BIN / "auditwheel", "show", wheel], check=True)
    for python in sys.argv[1:] or [f"{sys.base_exec_prefix}/bin/python3"]:
        attempt(python, wheel)
    print("\n".join(wrong) or "the wheel and the sdist are in order")
    return 1 if wrong else 0


def build() -> tuple[Path, Path]:
    """The wheel and the sdist of this checkout."""
    shutil.rmtree(DIST, ignore_errors=True)
    for command in (["build", "--release", "--locked"], ["sdist"]):
        subprocess.run([BIN / "maturin", *command, "--out", DIST], cwd=REPOSITORY, check=True)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    return wheel, sdist


def wheel_of(sdist: Path) -> Path:
    """The wheel that pip makes of the sdist, as where no wheel fits.

    The files of an sdist are old, so cargo would take the module that it made of the checkout. So it is removed first.
    """
    environment = {"CARGO_TARGET_DIR": str(REPOSITORY / "target"), **os.environ}
    clean = ["cargo", "clean", "--quiet", "--release", "--package", "oxijwt"]
    subprocess.run(clean, cwd=REPOSITORY, env=environment, check=True)
    folder = DIST / "of-sdist"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sdist]
    subprocess.run(command, env=environment, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def attempt(python: str, wheel: Path) -> None:
    """Follow README.md and walk through the demo, without cargo. Raises if a step fails."""
    with tempfile.TemporaryDirectory() as folder:
        environment = user_environment(python, wheel, Path(folder))
        chosen, began = steps(section(README.read_text())), time.monotonic()
        follow(chosen, Path(folder), free_port(), environment)
        minutes = (time.monotonic() - began) / 60
        made = Path(folder) / ".venv/bin/python"
        for module in (["tests.suites.packaging.smoke"], ["tools.demo", "walk"]):
            subprocess.run([made, "-m", *module], cwd=REPOSITORY, env=environment, check=True)
        print(f"{python}: {len(chosen)} steps of README.md in {minutes:.1f} minutes, and the demo's walk")


def user_environment(python: str, wheel: Path, folder: Path) -> dict[str, str]:
    """A user's environment: no cargo, and `python` is the interpreter. `pip install oxijwt` installs the wheel."""
    (folder / "bin").mkdir()
    (folder / "bin/python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    (folder / "bin/python").chmod(0o755)
    constraints = (REPOSITORY / "tools/constraints.txt").read_text()
    (folder / "constraints.txt").write_text(f"{constraints}oxijwt @ {wheel.as_uri()}\n")
    path = f"{folder}/bin:{SYSTEM}"
    if shutil.which("cargo", path=path):
        raise RuntimeError("cargo is in a folder of the system: this would not show that the wheel needs none")
    kept = {name: value for name, value in os.environ.items() if not NOT_A_USERS.match(name)}
    return {**kept, "PATH": path, FORCED: f"{folder}/constraints.txt"}


if __name__ == "__main__":
    sys.exit(main())
