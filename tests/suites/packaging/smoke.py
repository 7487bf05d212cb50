"""`python -m tests.suites.packaging.smoke`: signs and reads a token with the installed package.

It needs neither a database nor a server, so it runs on every platform that has a wheel.
"""

import platform
import sys
from pathlib import Path

import django
from django.conf import settings

REPOSITORY = Path(__file__).parents[3]
SIGNING_KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""
VERIFYING_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""
"""The key of RFC 8037, appendices A.1 and A.2."""


def main() -> str:
    """The token's user id. Raises if a token can't be signed or read, or if the checkout's package was imported."""
    settings.configure(
        SECRET_KEY="smoke" * 13,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oxijwt"],
        SIMPLE_JWT={"ALGORITHM": "EdDSA", "SIGNING_KEY": SIGNING_KEY, "VERIFYING_KEY": VERIFYING_KEY},
    )
    django.setup()
    import oxijwt  # noqa: PLC0415  after the settings
    from oxijwt.tokens import AccessToken  # noqa: PLC0415  the same

    if Path(oxijwt.__file__).is_relative_to(REPOSITORY / "python"):
        raise RuntimeError("This is the checkout's package: take its folder off PYTHONPATH.")
    token = AccessToken()
    token["user_id"] = "1"
    return AccessToken(str(token))["user_id"]


if __name__ == "__main__":
    main()
    versions = f"Python {sys.version.split()[0]}, Django {django.__version__}"
    print(f"oxijwt signs and reads tokens on {platform.platform()}, {versions}")
