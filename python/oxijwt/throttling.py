"""A throttle for DRF that counts logins by user name.

DRF imports its throttles before its views. So this module imports nothing that imports DRF's views.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, cast

from django.utils.crypto import salted_hmac
from django.utils.functional import classproperty
from rest_framework.settings import api_settings as drf_settings
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

LONGEST_NAME = 512
"""So many characters of a user name are compared. No field for user names is longer."""

LEFT_OUT = frozenset("CMZ")
"""The Unicode categories of characters that a database may ignore: control and format characters, marks, spaces."""


class UserNameRateThrottle(SimpleRateThrottle):
    """Counts the logins with one user name, from all addresses, by the rate `token_obtain_username`.

    It throttles POST to views that have `get_login_name(request)`, as the login views of this package do. All other
    requests pass. The cache never gets the user name itself, but a keyed digest of it.
    """

    scope: str | None = "token_obtain_username"

    @classproperty
    def THROTTLE_RATES(cls) -> dict[str, str | None]:  # noqa: N802, N805  DRF's name; a classproperty
        """DEFAULT_THROTTLE_RATES as it is now. DRF's throttles keep what it was when DRF was imported."""
        return cast("dict[str, str | None]", drf_settings.DEFAULT_THROTTLE_RATES)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """The key of a user name; None for a request without a user name that a login could read."""
        find = getattr(view, "get_login_name", None)
        name = None if find is None or request.method != "POST" else find(request)
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            return None
        digest = salted_hmac("oxijwt.throttling", comparable(str(name)), algorithm="sha256").hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": digest}


def comparable(name: str) -> str:
    """A text that is the same for all spellings of a user name that a database may take for equal.

    Collations may ignore case, accents, width and invisible characters. Some different names become equal too. These
    are then counted together.
    """
    characters = unicodedata.normalize("NFKD", name[:LONGEST_NAME])
    return "".join(char for char in characters if unicodedata.category(char)[0] not in LEFT_OUT).casefold()
