"""Django's error reports, without variables that must stay secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.views.debug import get_exception_reporter_filter
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from django.http import HttpRequest

T = TypeVar("T")


class HiddenVariables:
    """Wraps a project's exception reporter filter: while that filter is active, reports show no variable of any frame.

    `sensitive_variables` alone is not enough: Django's `authenticate` has a list of its own, which hides fewer
    variables, and responses are rendered outside of their view.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._filter = get_exception_reporter_filter(request)

    def __getattr__(self, name: str) -> object:
        return getattr(self._filter, name)

    def get_traceback_frame_variables(self, request: HttpRequest, tb_frame: FrameType) -> Iterable[tuple[str, object]]:
        """The frame's variables as (name, shown value)."""
        if not self._filter.is_active(request):
            return self._filter.get_traceback_frame_variables(request, tb_frame)
        return [(name, self._filter.cleansed_substitute) for name in tb_frame.f_locals]


@sensitive_post_parameters()
@sensitive_variables()
def call_without_variables(request: HttpRequest, view: Callable[..., T], /, *args: object, **kwargs: object) -> T:
    """The view's answer. Error reports about the request show no variables. Raises TypeError for DRF's Request."""
    request.exception_reporter_filter = HiddenVariables(request)  # type: ignore[assignment]  # it acts as one
    return view(request, *args, **kwargs)
