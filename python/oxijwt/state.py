"""`token_backend`: the one backend that follows the settings."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings

from .backends import TokenBackend
from .exceptions import KeyConfigurationError
from .keys import material
from .keys.jwk_set import JWKSetClient, client_of
from .keys.ring import KeyFile, KeyList, KeySource, Legacy, seconds_since_1970
from .keys.rotation import rotation_policy
from .settings import api_settings, setting_attribute

T = TypeVar("T")


class _Followed(Generic[T]):
    """A property that an assigned value replaces, as it replaces a setting_attribute."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read

    def __get__(self, instance: object, owner: type | None = None) -> T:
        return self._read(instance)


class SettingsTokenBackend(TokenBackend):
    """A TokenBackend whose attributes are the settings' until they are assigned to; an assigned one stays."""

    algorithm = setting_attribute[Any]("ALGORITHM")
    signing_key = setting_attribute[Any]("SIGNING_KEY")
    verifying_key = setting_attribute[Any]("VERIFYING_KEY")
    audience = setting_attribute[Any]("AUDIENCE")
    issuer = setting_attribute[Any]("ISSUER")
    leeway = setting_attribute[Any]("LEEWAY")
    json_encoder = setting_attribute[Any]("JSON_ENCODER")
    max_token_length = setting_attribute[Any]("MAX_TOKEN_LENGTH")
    allowed_typ = setting_attribute[Any]("ALLOWED_TYP")
    issuers = setting_attribute[Any]("ISSUERS")

    def __init__(self) -> None:
        """Nothing is read before it is needed, so this module can be imported while settings are still loading."""

    @_Followed
    def fallback_keys(self) -> tuple[str | bytes, ...]:
        return tuple(settings.SECRET_KEY_FALLBACKS) if api_settings.signing_key_is_unset else ()

    @_Followed
    def key_source(self) -> KeySource | None:
        source: KeySource | None = self.made_once(SettingsTokenBackend._new_key_source)
        return source

    def _new_key_source(self) -> KeySource | None:
        entries, path = api_settings.KEYS, api_settings.KEY_FILE
        if entries is not None and path is not None:
            raise KeyConfigurationError("SIMPLE_JWT has both KEYS and KEY_FILE: take one out")
        if entries is not None:
            return KeyList(entries, self._legacy())
        return None if path is None else KeyFile(path, rotation_policy(), self._legacy())

    def _legacy(self) -> Legacy:
        until = api_settings.LEGACY_KEY_UNTIL
        if until is None:
            return Legacy()
        # Without SIGNING_KEY a key pair only verifies: SECRET_KEY is no private key.
        only_verifies = api_settings.signing_key_is_unset and not material.is_hmac(self.algorithm)
        signing = None if only_verifies else self.prepared_signing_key
        ring = material.ring_of_one(signing, self.verifying_keys)
        return Legacy(ring, seconds_since_1970(until, "SIMPLE_JWT['LEGACY_KEY_UNTIL']"))

    @_Followed
    def jwks_client(self) -> JWKSetClient | None:
        url = api_settings.JWK_URL
        return client_of(url, "SIMPLE_JWT['JWK_URL']") if url else None


token_backend = SettingsTokenBackend()
