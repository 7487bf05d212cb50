"""`rest_framework_simplejwt-stubs`: a stub for each of simplejwt's modules, with the names of oxijwt's module."""

from pathlib import Path

import oxijwt
from tests.oxijwt.test_as_simplejwt import their_modules

ALIAS = "rest_framework_simplejwt"
PACKAGES = Path(oxijwt.__file__).parents[1]
WITHOUT_STUB = (".management", ".migrations")
"""Nobody imports these."""
VERSION = "from oxijwt import __version__ as __version__\n"
"""`import *` leaves names out that begin with an underscore."""


def module_of(stub):
    """The name of the module that a stub describes."""
    parts = stub.relative_to(PACKAGES / f"{ALIAS}-stubs").with_suffix("").parts
    return ".".join([ALIAS, *parts]).removesuffix(".__init__")


def test_each_module_of_simplejwt_has_a_stub():
    found = {module_of(stub): stub.read_text() for stub in PACKAGES.glob(f"{ALIAS}-stubs/**/*.pyi")}
    modules = [name for name in their_modules() if not any(part in name for part in WITHOUT_STUB)]
    expected = {name: f"from {name.replace(ALIAS, 'oxijwt', 1)} import *\n" for name in modules}
    expected[ALIAS] += VERSION
    assert found == expected
