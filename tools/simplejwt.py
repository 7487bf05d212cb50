"""simplejwt 5.5.1: the library to compare with, and its own test suite."""

from pathlib import Path

from tools.sdists import sdist


def simplejwt_sdist() -> Path:
    """Its unpacked sdist."""
    return sdist("simplejwt")


if __name__ == "__main__":
    print(simplejwt_sdist())
