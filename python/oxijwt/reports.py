"""Django's error reports, without what they must not show."""

from collections.abc import Callable, Iterable
from functools import wraps
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import get_exception_reporter_filter


class HiddenVariables:
    """A project's exception reporter filter that shows no variable of any frame where it hides anything at all.

    `sensitive_variables` alone does not do it: Django's `authenticate` names other variables to hide further in, and
    answers are rendered outside of their view.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._filter: Any = get_exception_reporter_filter(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._filter, name)

    def get_traceback_frame_variables(self, request: HttpRequest, tb_frame: FrameType) -> Iterable[tuple[str, Any]]:
        """The frame's variables as (name, what is shown)."""
        if not self._filter.is_active(request):
            return self._filter.get_traceback_frame_variables(request, tb_frame)  # type: ignore[no-any-return]
        return [(name, self._filter.cleansed_substitute) for name in tb_frame.f_locals]


def without_variables(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view whose requests are reported without variables."""

    @wraps(view)
    def reported_without(request: Any, *args: Any, **kwargs: Any) -> Any:
        request.exception_reporter_filter = HiddenVariables(request)
        return view(request, *args, **kwargs)

    return reported_without
