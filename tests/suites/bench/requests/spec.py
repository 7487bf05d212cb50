"""Which site a process serves."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

from tests.suites.bench.packages import packages
from tools.sdists import sdist
from tools.simplejwt import simplejwt_sdist

SQLITE, POSTGRES = "sqlite", "postgres"
ENVIRONMENT = "OXIJWT_BENCH_SITE"


@dataclass(frozen=True)
class Spec:
    """A library on a database. `kind` is `sessions` or `blacklist`; only oxijwt has the former."""

    library: Literal["oxijwt", "simplejwt", "dj-rest-auth", "knox", "allauth"]
    kind: Literal["sessions", "blacklist"] = "blacklist"
    database: str = SQLITE
    prepared: bool = False
    """Whether PostgreSQL prepares statements (psycopg's server-side binding)."""
    feature: str = ""
    """One of `features.FEATURES` that is on; only oxijwt has them."""
    name: str = ""
    """An existing database. Without it the process makes one and drops it at its end."""

    @property
    def database_name(self) -> str:
        """The name of the database on a server. OXIJWT_DATABASE_NAME keeps runs at the same time apart."""
        prefix = os.environ.get("OXIJWT_DATABASE_NAME", "oxijwt")
        return self.name or f"{prefix}_{self.library}_{self.kind}".replace("-", "_")

    @property
    def text(self) -> str:
        """The value of the environment variable that the process reads."""
        return json.dumps(asdict(self))

    def environment(self) -> dict[str, str]:
        """The process's environment. Foreign packages come last: simplejwt's sdist has a package `tests` too."""
        path = [os.environ.get("PYTHONPATH", ""), *map(str, PATHS[self.library]())]
        return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path)), ENVIRONMENT: self.text}


def spec_of_this_process() -> Spec:
    """The site that this process is to serve."""
    return Spec(**json.loads(os.environ[ENVIRONMENT]))


PATHS = {
    "oxijwt": list,
    "simplejwt": lambda: [simplejwt_sdist()],
    "dj-rest-auth": lambda: [sdist("dj-rest-auth"), simplejwt_sdist()],
    "knox": lambda: [packages()],
    "allauth": lambda: [packages()],
}
"""What each library needs beyond .venv."""
