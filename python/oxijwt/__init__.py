"""JWT authentication for Django REST Framework: djangorestframework-simplejwt's interface on a Rust core."""

from importlib.metadata import PackageNotFoundError, version

__version__: str | None
try:
    __version__ = version("oxijwt")
except PackageNotFoundError:  # the source tree is used, but not installed
    __version__ = None
