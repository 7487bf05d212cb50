"""`python -m tools.notices`: writes THIRD-PARTY-NOTICES.txt, the licenses of all that a wheel's native module contains.

They come from the crates' own files, as Cargo.lock names the crates. A crate that only runs at compile time, such as a
derive macro, is not in a wheel and is left out.
"""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[1]
FILE = REPOSITORY / "THIRD-PARTY-NOTICES.txt"
PLATFORM = "x86_64-unknown-linux-gnu"
"""Wheels for all platforms contain the same crates. Without it, crates for WebAssembly and UEFI would be listed too."""

CRATES_WITHOUT_A_FILE = {"base64-simd": "Copyright (c) 2021 Nugine", "vsimd": "Copyright (c) 2021 Nugine"}
"""These packages leave out the MIT license that their repository has. Its second line, by crate."""
MIT = "outref"
"""A crate with the MIT license of the same author."""

HEADER = """\
Third-party notices

The native module of an oxijwt wheel contains the Rust standard library (Copyright (c) The Rust Project Contributors;
MIT OR Apache-2.0, with the text of the MIT license below) and these crates. Where a crate offers several licenses,
this is the MIT license. `python -m tools.notices` writes this file.

"""
RULE = "\n" + "-" * 80 + "\n"


class Crate(NamedTuple):
    """A crate in a wheel: name, version, license as an SPDX expression, folder of its source."""

    name: str
    version: str
    license: str
    folder: Path

    def texts(self) -> list[str]:
        """The license texts: the MIT license alone if the crate offers it, else all."""
        files = [self.folder / "LICENSE-MIT"]
        if not files[0].exists():
            files = [path for path in sorted(self.folder.iterdir()) if path.name.upper().startswith("LICENSE")]
        return [path.read_text().strip() for path in files]


def metadata() -> dict[str, Any]:
    """Cargo's description of the dependency graph. The crates must be on this machine: nothing is downloaded."""
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--features", "python"]
    done = subprocess.run([*command, "--filter-platform", PLATFORM], cwd=REPOSITORY, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def linked(graph: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The packages of the graph that are linked into the module, apart from oxijwt."""
    packages = {package["id"]: package for package in graph["packages"]}
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    waiting, seen = [graph["resolve"]["root"]], {graph["resolve"]["root"]}
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            package = packages[dependency["pkg"]]
            if package["id"] not in seen and is_linked(dependency, package):
                seen.add(package["id"])
                waiting.append(package["id"])
                yield package


def is_linked(dependency: dict[str, Any], package: dict[str, Any]) -> bool:
    """Whether it is a normal dependency, and neither a build script's, nor a test's, nor a macro."""
    normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
    return normal and not any("proc-macro" in target["kind"] for target in package["targets"])


def crates(graph: dict[str, Any]) -> list[Crate]:
    """The crates in a wheel, by name."""
    return sorted(
        Crate(package["name"], package["version"], package["license"], Path(package["manifest_path"]).parent)
        for package in linked(graph)
    )


def notices(found: Iterable[Crate]) -> str:
    """The whole file. Raises ValueError if a crate has no license text."""
    found = list(found)
    table = "\n".join(f"{crate.name} {crate.version}: {crate.license}" for crate in found)
    owners = defaultdict(list)
    for crate in found:
        for text in texts_of(crate, found):
            owners[text].append(crate.name)
    parts = (f"{', '.join(sorted(set(names)))}\n\n{text}\n" for text, names in owners.items())
    return HEADER + table + "\n" + RULE + RULE.join(parts)


def texts_of(crate: Crate, found: Iterable[Crate]) -> list[str]:
    """The license texts of one crate. Raises ValueError if it has none."""
    if crate.name in CRATES_WITHOUT_A_FILE:
        (text,) = next(other for other in found if other.name == MIT).texts()
        return [re.sub(r"Copyright.*", CRATES_WITHOUT_A_FILE[crate.name], text)]
    if texts := crate.texts():
        return texts
    raise ValueError(f"{crate.name} {crate.version} has no license file: add it to CRATES_WITHOUT_A_FILE")


if __name__ == "__main__":
    FILE.write_text(notices(crates(metadata())))
