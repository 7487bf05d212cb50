"""A process in which simplejwt's own TokenBackend works: one JSON request a line in, one JSON answer a line out.

It is run with the unpacked sdist on PYTHONPATH, under simplejwt's own name and without the hook.
"""

import json
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not used: every request brings its keys, and this one is long enough",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
    USE_TZ=True,
)
django.setup()

from rest_framework_simplejwt import backends  # noqa: E402  after setup


def answer(request):
    if request["do"] == "about":
        return {"file": backends.__file__, "algorithms": sorted(backends.ALLOWED_ALGORITHMS)}
    backend = backends.TokenBackend(request["algorithm"], **request["options"])
    try:
        return {"value": getattr(backend, request["do"])(request["argument"])}
    except backends.TokenBackendError as error:
        return {"error": type(error).__name__, "message": str(error)}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
    sys.stdout.flush()
