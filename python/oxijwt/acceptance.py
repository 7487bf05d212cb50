"""Whose tokens a view takes: the `audience` and `issuer` that it or its authentication class names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.views.decorators.debug import sensitive_variables

from .exceptions import KeyConfigurationError

if TYPE_CHECKING:
    from .tokens import Token

T = TypeVar("T", bound="Token")

MISSING = object()


class Acceptance(NamedTuple):
    """Whom tokens must be for and whose they must be; None: the settings'."""

    audience: list[str] | None
    issuer: list[str] | None


def view_of(request: Any) -> Any:
    """The DRF view that handles a request, or None."""
    return (getattr(request, "parser_context", None) or {}).get("view")


def accepted_by(holder: object) -> Acceptance | None:
    """What the `audience` and `issuer` of a view or an authentication class say, or None where both say nothing.

    Raises KeyConfigurationError, with the class and the attribute, for anything but a text or several.
    """
    audience, issuer = _attribute(holder, "audience"), _attribute(holder, "issuer")
    if audience is None and issuer is None:
        return None
    accepted = Acceptance(_names(holder, "audience", audience), _names(holder, "issuer", issuer))
    return accepted if any(accepted) else None


@sensitive_variables()
def read_for(holder: object, token_class: type[T], text: Any) -> T:
    """A token of `token_class` that this view or authentication class takes. Raises TokenError."""
    accepted = accepted_by(holder)
    return token_class(text) if accepted is None else token_class.read(text, **accepted._asdict())


def _attribute(holder: object, name: str) -> Any:
    value = getattr(holder, name, MISSING)
    if value is not MISSING:
        return value
    # A property that raises AttributeError must not read as None.
    return getattr(holder, name) if hasattr(type(holder), name) else None


def _names(holder: object, attribute: str, value: Any) -> list[str] | None:
    if value is None or hasattr(value, "mapping"):  # a viewset's @action of that name is no rule
        return None
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple | set | frozenset) and names and all(map(_is_name, names)):
        return list(names)
    kind = f"{type(holder).__module__}.{type(holder).__qualname__}"
    raise KeyConfigurationError(f"{kind}.{attribute} must be None, a text or several texts")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
