"""Checks of settings that name a class or a function."""

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
"""These must be dotted paths. The others may also be the class or function itself."""

MAY_BE_NONE = {"JSON_ENCODER", "SESSION_CLIENT_INFO", "CLAIMS", "USER_SCOPES"}


def importable() -> Iterable[CheckMessage]:
    """A finding for each of the project's own values that names no class or function. The defaults are not checked."""
    for setting in (*IMPORT_STRINGS, *SERIALIZERS):
        # The value of SESSION_CLIENT_INFO may import the app's models, which fails without the app.
        is_used = setting != "SESSION_CLIENT_INFO" or session_app() is not None
        if setting in api_settings.user_settings and is_used:
            problem = problem_of(setting, api_settings.user_settings[setting])
            if problem:
                yield Error(
                    f"SIMPLE_JWT['{setting}'] {problem}.",
                    hint="Write the dotted path of a class or function, as in 'package.module.Name'.",
                    id="oxijwt.E016",
                )


def problem_of(setting: str, value: object) -> str:
    """What is wrong with a setting's value, as the end of a sentence; empty if it is right."""
    if value is None and setting in MAY_BE_NONE:
        return ""
    if setting != "AUTH_TOKEN_CLASSES":
        return problem_of_one(setting, value)
    if not isinstance(value, list | tuple) or not value:
        return "must be a list of classes"
    return next((problem for entry in value if (problem := problem_of_one(setting, entry))), "")


def problem_of_one(setting: str, value: object) -> str:
    """As `problem_of`, for one class or function."""
    if not isinstance(value, str):
        return "" if callable(value) and setting not in SERIALIZERS else "must be a dotted path"
    try:
        found = import_string(value)
    except Exception as error:  # the imported module's own code may raise anything
        return f"can't be imported ({type(error).__name__})"
    return "" if callable(found) else "must name a class or a function"
