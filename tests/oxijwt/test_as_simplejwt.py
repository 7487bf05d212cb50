"""The import hook: `rest_framework_simplejwt` and its submodules are other names of oxijwt's modules.

Each snippet runs in an interpreter of its own, since the hook lives in `sys.meta_path` and `sys.modules`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.sites.projects import finished, python
from tools.simplejwt import simplejwt_sdist

SETUP = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="a secret key that is long enough for HS256, and then some",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
        "rest_framework", "rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
)
django.setup()
"""
HOOKED = f"import oxijwt.as_simplejwt\n{SETUP}"

# What each of their modules offers that is their own: classes and functions defined there, and plain values. Type
# variables are none of it.
LIST_NAMES = """
import importlib, json, types
def is_own(value, module):
    if isinstance(value, (types.ModuleType, types.GenericAlias)) or type(value).__module__ == "typing":
        return False
    home = getattr(value, "__module__", None)
    return home is None or f"{home}.{type(value).__module__}".count("rest_framework_simplejwt") > 0
found = {}
for module in MODULES:
    names = vars(importlib.import_module(module))
    found[module] = sorted(n for n in names if not n.startswith("_") and is_own(names[n], module))
print(json.dumps(found))
"""

NOT_OURS = {
    # Names that these modules only use.
    "rest_framework_simplejwt.token_blacklist": ["VERSION"],
    "rest_framework_simplejwt.token_blacklist.admin": ["TokenUser"],
    "rest_framework_simplejwt.token_blacklist.management.commands.flushexpiredtokens": [
        "OutstandingToken",
        "aware_utcnow",
    ],
    # The steps of a migration, which Django alone calls.
    "rest_framework_simplejwt.token_blacklist.migrations.0003_auto_20171017_2007": [
        "populate_jti_hex",
        "reverse_populate_jti_hex",
    ],
}


def run(code: str, pythonpath: Iterable[Path] = ()) -> tuple[int, str, str]:
    """Exit status, output and errors of a snippet; deprecations and the like are errors, as in this suite."""
    return finished(python("-W", "error", "-c", code, pythonpath=pythonpath, stderr=-1))


def answer(code: str, pythonpath: Iterable[Path] = ()) -> Any:
    """The JSON that a snippet prints."""
    status, output, errors = run(code, pythonpath)
    assert status == 0, errors
    return json.loads(output)


def their_modules() -> list[str]:
    root = simplejwt_sdist()
    files = sorted((root / "rest_framework_simplejwt").rglob("*.py"))
    names = [".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for file in files]
    assert len(names) > 25
    return names


@pytest.fixture(scope="module")
def modules() -> str:
    return f"MODULES = {their_modules()!r}\n"


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside simplejwt"])
def test_every_module_of_theirs_is_ours_under_another_name(modules: str, beside: bool) -> None:
    code = """
import importlib, json, sys
found = {}
for name in MODULES:
    own = name.replace("rest_framework_simplejwt", "oxijwt", 1)
    theirs, ours = importlib.import_module(name), importlib.import_module(own)
    found[name] = [theirs is ours, sys.modules[name] is sys.modules[own], ours.__name__ == ours.__spec__.name == own,
                   ours.__spec__.loader is not None and type(ours.__spec__.loader).__name__ != "AliasFinder"]
print(json.dumps(found))
"""
    found = answer(HOOKED + modules + code, [simplejwt_sdist()] if beside else [])
    assert found == {name: [True] * 4 for name in their_modules()}


def test_every_public_name_of_theirs_is_ours(modules: str) -> None:
    theirs = answer(f"{SETUP}{modules}{LIST_NAMES}", [simplejwt_sdist()])
    code = """
def without(module, names):
    return [name for name in sorted(names) if not hasattr(importlib.import_module(module), name)]
missing = {module: without(module, names) for module, names in THEIRS.items()}
print(json.dumps({module: names for module, names in missing.items() if names}))
"""
    missing = answer(f"{HOOKED}THEIRS = {theirs!r}\nimport importlib, json{code}")
    assert sum(len(names) for names in theirs.values()) > 80
    assert missing == NOT_OURS


ORDERS = {
    "their name first": ("rest_framework_simplejwt.tokens", "oxijwt.tokens"),
    "our name first": ("oxijwt.tokens", "rest_framework_simplejwt.tokens"),
}


@pytest.mark.parametrize("order", ORDERS)
def test_one_class_object_serves_both_names(order: str) -> None:
    first, second = ORDERS[order]
    code = f"""
import json, pickle
from {first} import AccessToken as First
from {second} import AccessToken as Second
from rest_framework_simplejwt.exceptions import TokenError
from oxijwt.exceptions import TokenError as Ours
try:
    First("no token")
except TokenError as error:
    caught = type(error) is Ours
print(json.dumps([First is Second, First.__module__, caught, pickle.loads(pickle.dumps(First)) is Second]))
"""
    assert answer(HOOKED + code) == [True, "oxijwt.tokens", True, True]


def test_the_hook_wins_over_an_installed_simplejwt() -> None:
    code = """
import json, rest_framework_simplejwt, rest_framework_simplejwt.views, oxijwt.views
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
print(json.dumps([rest_framework_simplejwt.__name__, rest_framework_simplejwt.views is oxijwt.views,
                  OutstandingToken.__module__]))
"""
    assert answer(HOOKED + code, [simplejwt_sdist()]) == ["oxijwt", True, "oxijwt.token_blacklist.models"]


def test_without_the_hook_simplejwt_stays_itself() -> None:
    """The gate seen shut: importing oxijwt alone redirects nothing."""
    code = """
import json, oxijwt.tokens, rest_framework_simplejwt.tokens
print(json.dumps(rest_framework_simplejwt.tokens.__name__))
"""
    assert answer(SETUP + code, [simplejwt_sdist()]) == "rest_framework_simplejwt.tokens"
    status, _output, errors = run("import oxijwt.tokens, rest_framework_simplejwt")
    assert status == 1
    assert "ModuleNotFoundError: No module named 'rest_framework_simplejwt'" in errors


def test_a_module_can_be_reloaded_by_either_name() -> None:
    code = """
import importlib, json, sys
import oxijwt.utils, rest_framework_simplejwt.utils
found = []
for module in (rest_framework_simplejwt.utils, sys.modules["rest_framework_simplejwt.utils"], oxijwt.utils):
    module.make_utc = None
    again = importlib.reload(module)
    found.append([again is oxijwt.utils, module.make_utc is not None, module.__spec__.name])
print(json.dumps(found))
"""
    assert answer(HOOKED + code) == [[True, True, "oxijwt.utils"]] * 3


def test_a_spec_can_be_asked_for_by_either_name() -> None:
    code = """
import importlib.util, json
def about(name):
    spec = importlib.util.find_spec(name)
    return spec and [spec.name, spec.submodule_search_locations is not None]
names = ["rest_framework_simplejwt", "rest_framework_simplejwt.utils", "rest_framework_simplejwt.token_blacklist",
         "rest_framework_simplejwt.no_such_module", "rest_framework_simplejwt_extra"]
before = [about(name) for name in names]
import rest_framework_simplejwt.utils, rest_framework_simplejwt.token_blacklist
print(json.dumps([before, about("rest_framework_simplejwt.utils")]))
"""
    before, after = answer("import oxijwt.as_simplejwt\n" + SETUP.partition("settings.configure")[0] + code)
    assert before == [
        ["rest_framework_simplejwt", True],
        ["rest_framework_simplejwt.utils", False],
        ["rest_framework_simplejwt.token_blacklist", True],
        None,
        None,
    ]
    assert after == ["oxijwt.utils", False]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside simplejwt"])
def test_a_module_that_does_not_exist_is_named(beside: bool) -> None:
    code = """
import importlib, json
messages = []
for name in ["no_such_module", "tokens.no_such_module", "token_blacklist.no_such_module", "no_such.module"]:
    try:
        importlib.import_module(f"rest_framework_simplejwt.{name}")
    except ModuleNotFoundError as error:
        messages.append([error.name, str(error).partition(";")[0]])
print(json.dumps(messages))
"""
    names = ["no_such_module", "tokens.no_such_module", "token_blacklist.no_such_module", "no_such"]
    full_names = [f"rest_framework_simplejwt.{name}" for name in names]
    messages = answer(HOOKED + code, [simplejwt_sdist()] if beside else [])
    assert messages == [[name, f"No module named '{name}'"] for name in full_names]


def test_a_name_that_only_begins_alike_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "rest_framework_simplejwt_extra.py").write_text("NAME = __name__\n")
    code = "import json, oxijwt.as_simplejwt, rest_framework_simplejwt_extra as extra; print(json.dumps(extra.NAME))"
    assert answer(code, [tmp_path]) == "rest_framework_simplejwt_extra"


def test_the_blacklist_app_by_their_name() -> None:
    code = """
import json
from django.apps import apps
blacklist, package = apps.get_app_config("token_blacklist"), apps.get_app_config("oxijwt")
tables = [model._meta.db_table for model in blacklist.get_models()]
installed = apps.is_installed("oxijwt.token_blacklist")
in_settings = "rest_framework_simplejwt.token_blacklist" in settings.INSTALLED_APPS
print(json.dumps([blacklist.name, blacklist.label, type(blacklist).__name__, tables, installed, in_settings,
                  package.name]))
"""
    assert answer(HOOKED + code) == [
        "oxijwt.token_blacklist",
        "token_blacklist",
        "TokenBlacklistConfig",
        ["token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"],
        True,
        True,
        "oxijwt",
    ]


def test_the_hook_as_the_first_of_installed_apps() -> None:
    code = SETUP.replace('"django.contrib.admin",', '"oxijwt.as_simplejwt", "django.contrib.admin",', 1)
    code += """
import json
from django.apps import apps
from rest_framework_simplejwt.tokens import RefreshToken
print(json.dumps([RefreshToken.__module__, apps.get_app_config("token_blacklist").name]))
"""
    expected = ["oxijwt.tokens", "oxijwt.token_blacklist"]
    assert answer(code) == answer(code, [simplejwt_sdist()]) == expected


@pytest.mark.parametrize("first", ["rest_framework_simplejwt", "rest_framework_simplejwt.tokens"])
def test_simplejwt_imported_before_the_hook_is_a_clear_error(first: str) -> None:
    code = f"{SETUP}import {first}\nimport oxijwt.as_simplejwt"
    status, _output, errors = run(code, [simplejwt_sdist()])
    assert status == 1
    kind, _, message = errors.splitlines()[-1].partition(": ")
    assert kind == "django.core.exceptions.ImproperlyConfigured"
    assert message.startswith("rest_framework_simplejwt was imported before oxijwt.as_simplejwt.")
    assert "at the top of the settings module" in message
    assert "first in INSTALLED_APPS" in message


def test_the_hook_too_late_in_installed_apps_is_the_same_error() -> None:
    code = SETUP.replace('"rest_framework_simplejwt.token_blacklist",', '"oxijwt.as_simplejwt",', 1)
    status, _output, errors = run(code, [simplejwt_sdist()])
    assert status == 1
    assert "ImproperlyConfigured: rest_framework_simplejwt was imported before oxijwt.as_simplejwt" in errors


def test_a_failed_import_of_the_hook_leaves_no_finder_behind() -> None:
    code = f"""{SETUP}
import json, sys, rest_framework_simplejwt
try:
    import oxijwt.as_simplejwt
except Exception:
    pass
import rest_framework_simplejwt.state
print(json.dumps([type(finder).__name__ for finder in sys.meta_path].count("AliasFinder")))
"""
    assert answer(code, [simplejwt_sdist()]) == 0


def test_importing_the_hook_needs_no_settings() -> None:
    code = """
import json, oxijwt.as_simplejwt
from django.conf import settings
print(json.dumps(settings.configured))
"""
    assert answer(code) is False


def test_importing_the_hook_again_does_nothing() -> None:
    code = """
import importlib, json, sys, oxijwt.as_simplejwt
import rest_framework_simplejwt.as_simplejwt as again
again.install()
importlib.reload(oxijwt.as_simplejwt)
from django.core.checks.registry import registry
finders = [type(finder).__name__ for finder in sys.meta_path]
print(json.dumps([finders.count("AliasFinder"), again is oxijwt.as_simplejwt,
                  [check.__name__ for check in registry.registered_checks].count("check_settings")]))
"""
    assert answer(code) == [1, True, 1]


CHECKS = """
import django, json
from django.conf import settings
from django.core import checks
settings.configure(SECRET_KEY="short", INSTALLED_APPS=INSTALLED, SIMPLE_JWT=SIMPLE_JWT, USE_TZ=True)
django.setup()
found = [message for message in checks.run_checks() if message.id.startswith("oxijwt.")]
print(json.dumps([[message.id, message.level == checks.WARNING, message.is_serious()] for message in found]))
"""


@pytest.mark.parametrize(
    ("simple_jwt", "ids"),
    [
        ({}, ["oxijwt.E003"]),
        ({"BLACKLIST_AFTER_ROTATION": True}, ["oxijwt.E003", "oxijwt.E004"]),
        ({"SIGNING_KEY": ""}, ["oxijwt.E002"]),
        ({"ALGORITHM": "RS256"}, ["oxijwt.E002", "oxijwt.E002"]),
        ({"ALGORITHM": "HS257"}, ["oxijwt.E001"]),
    ],
    ids=["short secret", "no blacklist app", "empty secret", "no key pair", "unknown algorithm"],
)
@pytest.mark.parametrize("hook", [True, False], ids=["under the hook", "without the hook"])
def test_what_is_an_error_is_a_warning_under_the_hook(simple_jwt: dict[str, Any], ids: list[str], hook: bool) -> None:
    name = "rest_framework_simplejwt" if hook else "oxijwt"
    code = f"INSTALLED = ['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework', '{name}']\n"
    code += f"SIMPLE_JWT = {simple_jwt!r}\n{CHECKS}"
    assert answer(f"import oxijwt.as_simplejwt\n{code}" if hook else code) == [[name, hook, not hook] for name in ids]


def test_the_hook_alone_registers_the_checks() -> None:
    """A project on simplejwt need not list an app of it."""
    code = "INSTALLED = ['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework']\nSIMPLE_JWT = {}\n"
    assert answer(f"import oxijwt.as_simplejwt\n{code}{CHECKS}") == [["oxijwt.E003", True, False]]
    assert answer(f"{code}{CHECKS}") == []


def test_a_dotted_path_of_theirs_in_a_setting_is_ours() -> None:
    code = """
import json
from django.utils.module_loading import import_string
names = ["authentication.JWTAuthentication", "authentication.JWTTokenUserAuthentication", "models.TokenUser",
         "serializers.TokenObtainPairSerializer", "tokens.SlidingToken", "token_blacklist.models.BlacklistedToken"]
print(json.dumps([import_string(f"rest_framework_simplejwt.{n}") is import_string(f"oxijwt.{n}") for n in names]))
"""
    assert answer(HOOKED + code) == [True] * 6


def test_a_module_first_imported_by_two_threads_is_one_module() -> None:
    code = """
import importlib, json
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    names = ["rest_framework_simplejwt.views", "oxijwt.views"] * 8
    modules = list(pool.map(importlib.import_module, names))
print(json.dumps([len(set(map(id, modules))), modules[0].__spec__.name]))
"""
    assert answer(HOOKED + code) == [1, "oxijwt.views"]
