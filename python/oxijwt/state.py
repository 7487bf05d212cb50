"""`token_backend`: the backend that follows the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings

from .backends import TokenBackend
from .exceptions import KeyConfigurationError
from .keys import material
from .keys.jwk_set import JWKSetClient, client_of
from .keys.ring import KeyFile, KeyList, KeySource, Legacy, seconds_since_1970
from .keys.rotation import rotation_policy, stale_limit
from .settings import api_settings, changes, setting_attribute

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from .utils import Names

T = TypeVar("T")


class followed(Generic[T]):  # noqa: N801  a descriptor, named as Django names its own
    """A property that follows the settings until a value is assigned to it, as a `setting_attribute` does."""

    def __init__(self, read: Callable[[SettingsTokenBackend], T]) -> None:
        self._read = read

    def __get__(self, instance: SettingsTokenBackend, owner: type | None = None) -> T:
        return self._read(instance)


class SettingsTokenBackend(TokenBackend):
    """A TokenBackend whose attributes follow the settings until they are assigned. An assigned value stays."""

    algorithm: setting_attribute[str] = setting_attribute("ALGORITHM")
    signing_key: setting_attribute[object] = setting_attribute("SIGNING_KEY")
    verifying_key: setting_attribute[object] = setting_attribute("VERIFYING_KEY")
    audience: setting_attribute[Names | None] = setting_attribute("AUDIENCE")
    issuer: setting_attribute[Names | None] = setting_attribute("ISSUER")
    leeway: setting_attribute[float | timedelta | None] = setting_attribute("LEEWAY")
    json_encoder: setting_attribute[type[json.JSONEncoder] | None] = setting_attribute("JSON_ENCODER")
    max_token_length: setting_attribute[int] = setting_attribute("MAX_TOKEN_LENGTH")
    verified_token_cache_size: setting_attribute[int] = setting_attribute("VERIFIED_TOKEN_CACHE_SIZE")
    allowed_typ: setting_attribute[Names | None] = setting_attribute("ALLOWED_TYP")
    issuers: setting_attribute[Mapping[str, Mapping[str, object]] | None] = setting_attribute("ISSUERS")

    _key_source: tuple[object, KeySource | None] = (None, None)

    def __init__(self) -> None:
        """Reads no setting, so that this module can be imported while the settings are still loading."""

    @followed
    def fallback_keys(self) -> tuple[str | bytes, ...]:
        return tuple(settings.SECRET_KEY_FALLBACKS) if api_settings.signing_key_is_unset else ()

    @followed
    def key_source(self) -> KeySource | None:
        version, source = self._key_source
        if version is changes.version:
            return source
        return self._prepare(SettingsTokenBackend.new_key_source, "_key_source")

    def new_key_source(self) -> KeySource | None:
        """The source of KEYS or KEY_FILE; None without either. Raises KeyConfigurationError."""
        entries, path = api_settings.KEYS, api_settings.KEY_FILE
        if entries is not None and path is not None:
            raise KeyConfigurationError("SIMPLE_JWT must not have both KEYS and KEY_FILE")
        if entries is not None:
            return KeyList(entries, self.legacy(), self.cache_size)
        if path is None:
            return None
        return KeyFile(path, rotation_policy(), self.legacy(), stale=stale_limit(), cache_size=self.cache_size)

    def legacy(self) -> Legacy:
        """The key pair until LEGACY_KEY_UNTIL. Raises KeyConfigurationError."""
        until = api_settings.LEGACY_KEY_UNTIL
        if until is None:
            return Legacy()
        signing = self.prepared_signing_key if self.has_signing_key else None
        ring = material.ring_of_one(signing, self.verifying_keys)
        return Legacy(ring, seconds_since_1970(until, "SIMPLE_JWT['LEGACY_KEY_UNTIL']"))

    @property
    def has_pair(self) -> bool:
        return super().has_pair or api_settings.LEGACY_KEY_UNTIL is not None

    @property
    def has_signing_key(self) -> bool:
        """Whether the pair has a half that signs. Without SIGNING_KEY it is SECRET_KEY, which is not a private key."""
        is_secret_key = "signing_key" not in self.__dict__ and api_settings.signing_key_is_unset
        return super().has_signing_key and (material.is_hmac(self.algorithm) or not is_secret_key)

    @followed
    def jwks_client(self) -> JWKSetClient | None:
        url = api_settings.JWK_URL
        return client_of(url, "SIMPLE_JWT['JWK_URL']") if url else None


token_backend: SettingsTokenBackend = SettingsTokenBackend()
