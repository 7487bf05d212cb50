"""Modules for other packages, which need not be installed.

`load` loads those whose package is in INSTALLED_APPS. A project imports `ninja` itself: django-ninja is not an app.
"""

from django.apps import apps


def load() -> None:
    """Load the modules of the packages that are installed. The apps must be loaded."""
    if apps.is_installed("drf_spectacular"):
        from . import spectacular  # noqa: F401, PLC0415  it registers itself, and its package may be missing
