"""Modules for other packages. Each is loaded only in a project that has the other package in INSTALLED_APPS."""

from django.apps import apps


def load() -> None:
    """Load the modules of the packages that are installed. The apps must be loaded."""
    if apps.is_installed("drf_spectacular"):
        from . import spectacular  # noqa: F401, PLC0415  it registers itself, and its package may be missing
