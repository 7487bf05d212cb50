"""`python -m tools.known_secrets FOLDER`: makes the table of publicly known HMAC secrets.

FOLDER has the public test vectors, with wallarm/jwt-secrets (MIT, commit 99e2360ba335) as
`lists/wallarm_jwt_secrets.json`. That list was split at line feeds: each of its secrets ends with a carriage return.
"""

import json
import sys
from pathlib import Path

from oxijwt.keys.known_secrets import TABLE, prefix

SHORTEST = 32
"""In bytes. Shorter secrets are refused in any case."""


def long_secrets(vectors: Path) -> list[bytes]:
    """The list's secrets of 32 bytes or more, unchanged."""
    listed = json.loads((vectors / "lists/wallarm_jwt_secrets.json").read_bytes())
    return [secret for secret in map(str.encode, listed) if len(secret) >= SHORTEST]


def table(vectors: Path) -> bytes:
    """The table as `oxijwt.keys.known_secrets` reads it: sorted prefixes, each once."""
    return b"".join(sorted({prefix(secret) for secret in long_secrets(vectors)}))


if __name__ == "__main__":
    TABLE.write_bytes(table(Path(sys.argv[1])))
    print(f"{TABLE.name}: {TABLE.stat().st_size} bytes")
