"""A process that sets a site up and ends: it prints milliseconds of CPU time, and MiB of resident memory."""

from importlib import import_module
from time import process_time

from .resident import resident_kib
from .site import URLS, application


def main() -> None:
    begun = process_time()
    application()
    import_module("django.urls").get_resolver(URLS).url_patterns  # noqa: B018  the first request would import them
    print(f"{1e3 * (process_time() - begun)} {resident_kib() / 1024}")


if __name__ == "__main__":
    main()
