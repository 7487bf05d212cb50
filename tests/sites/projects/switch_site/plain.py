"""The project rewritten for oxijwt in its own name, without the hook."""

from switch_site import settings
from switch_site.settings import *  # noqa: F403

INSTALLED_APPS = [name.replace("rest_framework_simplejwt", "oxijwt") for name in settings.INSTALLED_APPS]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"]}
SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
ROOT_URLCONF = "oxijwt.urls"
