"""After an import of this module, `rest_framework_simplejwt` and its submodules are other names of oxijwt's modules.

Import it at the top of a settings module, or list it first in INSTALLED_APPS. Every class is then one object under
both names. simplejwt's own files are not read or changed; simplejwt may be installed too.

Raises ImproperlyConfigured if simplejwt itself was imported before.
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
DESCRIBED = "drf_spectacular.contrib.rest_framework_simplejwt"
"""drf-spectacular's extensions for simplejwt."""


class AliasFinder(MetaPathFinder, Loader):
    """Finds a module of ALIAS by loading the module of PACKAGE with the same name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The alias's spec; None for names outside of ALIAS, and if oxijwt has no such module.

        It loads our extensions of drf-spectacular before those for simplejwt. The project need not list our apps.
        drf-spectacular uses the first extension that it finds for a class.
        """
        if fullname == DESCRIBED:
            import_module(f"{PACKAGE}.contrib.spectacular")
        if fullname != ALIAS and not fullname.startswith(f"{ALIAS}."):
            return None
        spec = find_spec(own_name(fullname))
        if spec is None:
            return None
        return ModuleSpec(fullname, self, is_package=spec.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """oxijwt's module itself."""
        module = import_module(own_name(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the module's own `__spec__`, which importlib has just overwritten. The module has already run."""
        alias = module.__spec__
        if alias is not None and alias.loader is self:
            module.__spec__ = alias.loader_state


def own_name(alias: str) -> str:
    """The name of oxijwt's own module for an alias."""
    return PACKAGE + alias.removeprefix(ALIAS)


def install() -> None:
    """Put the finder first on `sys.meta_path`, once. Raises ImproperlyConfigured."""
    # If this module is reloaded, the installed finder is not an instance of the new class.
    is_served = sys.modules.get(ALIAS) is sys.modules[PACKAGE]
    if is_served or any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        return
    if ALIAS in sys.modules:
        raise ImproperlyConfigured(
            f"{ALIAS} was imported before oxijwt.as_simplejwt. Import oxijwt.as_simplejwt at the top of the settings "
            "module, or list it first in INSTALLED_APPS."
        )
    sys.meta_path.insert(0, AliasFinder())
    checks.register()


install()
