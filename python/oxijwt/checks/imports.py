"""Whether the settings that name a class or a function name one."""

from collections.abc import Iterable

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from oxijwt.records import session_app
from oxijwt.settings import IMPORT_STRINGS, api_settings

SERIALIZERS = (
    "TOKEN_OBTAIN_SERIALIZER",
    "TOKEN_REFRESH_SERIALIZER",
    "TOKEN_VERIFY_SERIALIZER",
    "TOKEN_BLACKLIST_SERIALIZER",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER",
    "SLIDING_TOKEN_REFRESH_SERIALIZER",
)
"""Always dotted names; the others may be the class or function itself."""

MAY_BE_NONE = {"JSON_ENCODER", "SESSION_CLIENT_INFO"}


def importable() -> Iterable[CheckMessage]:
    """A finding for each name that the project has set and that leads nowhere. The defaults are ours."""
    for setting in (*IMPORT_STRINGS, *SERIALIZERS):
        if setting in api_settings.user_settings and _is_used(setting):
            reason = _reason(setting, api_settings.user_settings[setting])
            if reason:
                yield Error(
                    f"SIMPLE_JWT['{setting}'] {reason}.",
                    hint="Write the dotted path of a class or function, as in 'package.module.Name'.",
                    id="oxijwt.E016",
                )


def _is_used(setting: str) -> bool:
    # What it names may need the app's models, which can't be imported without the app.
    return setting != "SESSION_CLIENT_INFO" or session_app() is not None


def _reason(setting: str, value: object) -> str:
    if value is None and setting in MAY_BE_NONE:
        return ""
    if setting != "AUTH_TOKEN_CLASSES":
        return _of_one(setting, value)
    if not isinstance(value, list | tuple) or not value:
        return "is no list of classes"
    return next((reason for entry in value if (reason := _of_one(setting, entry))), "")


def _of_one(setting: str, value: object) -> str:
    if isinstance(value, str):
        return _of_dotted_name(value)
    return "" if callable(value) and setting not in SERIALIZERS else "is no dotted path"


def _of_dotted_name(name: str) -> str:
    try:
        found = import_string(name)
    except Exception as error:  # the module's own code runs
        return f"can't be imported ({type(error).__name__})"
    return "" if callable(found) else "is neither a class nor a function"
