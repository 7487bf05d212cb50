"""node and npm, and the clients' folder: the JavaScript files with their packages, below .cache."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.conftest import REPOSITORY

HERE = Path(__file__).parent
FOLDER = REPOSITORY / ".cache" / "clients"
PATIENCE = 60


def what_is_missing():
    """Why no client can run, or None."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"no {' and no '.join(missing)}" if missing else None


def install():
    """Copy the JavaScript files to FOLDER. Install the packages of package-lock.json, unless they are there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = FOLDER / "package-lock.json"
    is_current = lock.exists() and lock.read_bytes() == (HERE / lock.name).read_bytes()
    for source in [*HERE.glob("*.mjs"), *HERE.glob("package*.json")]:
        shutil.copy(source, FOLDER)
    if not is_current or not (FOLDER / "node_modules").exists():
        run("npm", "ci", "--no-audit", "--no-fund", "--silent")


def course(*arguments):
    """What course.mjs has printed."""
    return json.loads(run("node", "course.mjs", *map(str, arguments)))


def run(*command):
    """The output of a command in FOLDER. Raises CalledProcessError and TimeoutExpired."""
    done = subprocess.run(command, cwd=FOLDER, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return done.stdout
