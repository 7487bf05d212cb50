"""`token_backend`: the one backend that follows the settings."""

from typing import Any

from django.conf import settings

from . import keys
from .backends import TokenBackend
from .settings import api_settings, setting_attribute


class SettingsTokenBackend(TokenBackend):
    """A TokenBackend whose attributes are the settings' until they are assigned to; an assigned one stays."""

    algorithm = setting_attribute[Any]("ALGORITHM")
    signing_key = setting_attribute[Any]("SIGNING_KEY")
    verifying_key = setting_attribute[Any]("VERIFYING_KEY")
    audience = setting_attribute[Any]("AUDIENCE")
    issuer = setting_attribute[Any]("ISSUER")
    leeway = setting_attribute[Any]("LEEWAY")
    json_encoder = setting_attribute[Any]("JSON_ENCODER")

    def __init__(self) -> None:
        # Nothing is read before it is needed, so this module can be imported while settings are still loading.
        self._jwks_clients: dict[str, keys.JWKSetClient] = {}

    @property
    def fallback_keys(self) -> tuple[str | bytes, ...]:  # type: ignore[override]
        return tuple(settings.SECRET_KEY_FALLBACKS) if api_settings.signing_key_is_unset else ()

    @property
    def jwks_client(self) -> keys.JWKSetClient | None:  # type: ignore[override]
        url = api_settings.JWK_URL
        if not url:
            return None
        if url not in self._jwks_clients:
            self._jwks_clients = {url: keys.JWKSetClient(url)}
        return self._jwks_clients[url]


token_backend = SettingsTokenBackend()
