"""What gunicorn loads before it forks its workers: so the successor of a killed worker answers at once."""

from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)
