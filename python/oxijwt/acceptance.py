"""Whose tokens a view takes: the `audience` and `issuer` that it or its authentication class names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .exceptions import KeyConfigurationError

if TYPE_CHECKING:
    from .tokens import Token

T = TypeVar("T", bound="Token")


def view_of(request: Any) -> Any:
    """The DRF view that handles a request, or None."""
    return (getattr(request, "parser_context", None) or {}).get("view")


def named_by(holder: object, attribute: str) -> list[str] | None:
    """What a view's or an authentication class's `audience` or `issuer` names, or None where it says nothing.

    Raises KeyConfigurationError, with the class and the attribute, for anything but a text or several.
    """
    value = getattr(holder, attribute, None)
    if value is None and hasattr(type(holder), attribute):
        value = getattr(holder, attribute)  # an AttributeError inside a property must not read as None
    if value is None or hasattr(value, "mapping"):  # a viewset's @action of that name is no rule
        return None
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple | set | frozenset) and names and all(map(_is_name, names)):
        return list(names)
    raise KeyConfigurationError(
        f"{type(holder).__module__}.{type(holder).__qualname__}.{attribute} must be None, a text or several texts"
    )


def read_for(holder: object, token_class: type[T], text: Any) -> T:
    """A token of `token_class` that this view or authentication class takes. Raises TokenError."""
    audience, issuer = named_by(holder, "audience"), named_by(holder, "issuer")
    if audience is None and issuer is None:
        return token_class(text)
    return token_class.read(text, audience=audience, issuer=issuer)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
