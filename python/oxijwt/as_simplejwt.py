"""Importing this module makes `rest_framework_simplejwt` and all its submodules names of oxijwt's own modules.

Import it at the top of a settings module, or list it first in INSTALLED_APPS. Every class is then one object under
both names. simplejwt's own files are neither needed nor touched; it may be installed beside oxijwt.

Raises ImproperlyConfigured where simplejwt itself was imported before.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from django.core.exceptions import ImproperlyConfigured

from . import checks

ALIAS = "rest_framework_simplejwt"
PACKAGE = "oxijwt"


class AliasFinder(MetaPathFinder, Loader):
    """Finds a module of ALIAS by loading the same-named one of PACKAGE."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The alias's spec, or None where the name is none of ours or oxijwt has no such module."""
        if fullname != ALIAS and not fullname.startswith(f"{ALIAS}."):
            return None
        spec = find_spec(_own_name(fullname))
        if spec is None:
            return None
        return ModuleSpec(fullname, self, is_package=spec.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """oxijwt's module itself."""
        module = import_module(_own_name(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run already; it gets its own `__spec__` back, which importlib has just overwritten."""
        alias = module.__spec__
        if alias is not None and alias.loader is self:
            module.__spec__ = alias.loader_state


def _own_name(alias: str) -> str:
    return PACKAGE + alias.removeprefix(ALIAS)


def _is_served() -> bool:
    # True also where this module is reloaded, and the finder that is installed is no instance of the new class.
    return ALIAS in sys.modules and sys.modules[ALIAS] is sys.modules[PACKAGE]


def install() -> None:
    """Put the finder first on `sys.meta_path`, once."""
    if any(isinstance(finder, AliasFinder) for finder in sys.meta_path) or _is_served():
        return
    if ALIAS in sys.modules:
        raise ImproperlyConfigured(
            f"{ALIAS} was imported before oxijwt.as_simplejwt. Import oxijwt.as_simplejwt at the top of the settings "
            "module, or list it first in INSTALLED_APPS."
        )
    sys.meta_path.insert(0, AliasFinder())
    checks.register()


install()
