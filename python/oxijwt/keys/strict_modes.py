"""Checks of the key file's owner and mode, and those of its directories, as sshd's StrictModes makes them.

A problem is the end of a sentence that begins with the name of the setting. It contains no path.
"""

import os
import stat
from pathlib import Path

HAS_MODES = os.name == "posix"
ROOT = 0
FORBIDDEN = stat.S_IRWXO | stat.S_IWGRP
"""The bits that the file's mode must not have. The group may read the file."""

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def owners(file: os.stat_result | None = None) -> frozenset[int]:
    """The users whose files this process uses: its own and root's.

    For a command of root's they include the owner of `file`, since root changes the file for its owner.
    """
    own = os.geteuid()
    return frozenset({ROOT, own} if file is None or own != ROOT else {ROOT, file.st_uid})


def file_problem(file: os.stat_result, trusted: frozenset[int]) -> str | None:
    """Why the file can't be used; None if only its owner, one of `trusted`, can write it, and others can't read it."""
    if file.st_uid not in trusted:
        return "belongs to another user: its owner must be root or the user of this process"
    mode = stat.S_IMODE(file.st_mode)
    if mode & FORBIDDEN:
        return (
            f"has mode {mode:04o}: only its owner may write it, and only its owner and its group"
            " may read it. Use 0600, or 0640 for a group of readers"
        )
    return None


def directories_of(path: Path) -> list[Path]:
    """All directories above a file, from the nearest to `/`: those of its name, and behind links those of the file."""
    return list(dict.fromkeys([*path.absolute().parents, *Path(os.path.realpath(path)).parents]))


def figures(path: Path) -> tuple[tuple[int, int], ...]:
    """Owner and mode of each directory above a file, which `place_problem` depends on. Raises OSError."""
    return tuple((found.st_uid, found.st_mode) for found in map(os.stat, directories_of(path)))


def place_problem(path: Path, trusted: frozenset[int]) -> str | None:
    """Why the directories above a file are not safe; None if only `trusted` users can replace it. Raises OSError."""
    for directory in directories_of(path):
        problem = directory_problem(directory.stat(), trusted)
        if problem is not None:
            return f"is not safe: the directory {len(directory.parts) - 1} levels below / {problem}"
    return None


def directory_problem(directory: os.stat_result, trusted: frozenset[int]) -> str | None:
    """Why users other than `trusted` can replace what is in a directory; None if they can't.

    With the sticky bit, as /tmp and a mounted Kubernetes secret have it, others can only add files.
    """
    if directory.st_uid not in trusted:
        return "belongs to another user: its owner must be root or the user of this process"
    mode = stat.S_IMODE(directory.st_mode)
    if mode & OTHERS_WRITE and not mode & stat.S_ISVTX:
        return f"has mode {mode:04o}: its group and others must not write it. Use chmod go-w"
    return None
