"""A pytest plugin for the world around a suite: no network, so that each machine has the same result, and cheap hashes.

Django's password hashes cost a third of a second each, and no suite is about them.
"""

import socket
from typing import NoReturn

from django.contrib.auth.hashers import PBKDF2PasswordHasher


def no_network(host: str | bytes | None, *_: object, **__: object) -> NoReturn:
    raise socket.gaierror(f"a suite has no network and asks for {host!r}")


socket.getaddrinfo = no_network
PBKDF2PasswordHasher.iterations = 1
