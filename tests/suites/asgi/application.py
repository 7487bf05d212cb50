"""The applications that the servers run. With OXIJWT_ASGI_COUNT they count."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from .counting import begin

asgi, wsgi = get_asgi_application(), get_wsgi_application()
if os.environ.get("OXIJWT_ASGI_COUNT"):
    begin()
