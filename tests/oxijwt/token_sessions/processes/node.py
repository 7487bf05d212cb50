"""An application process: serves DJANGO_SETTINGS_MODULE on a free port, which it prints, until it is stopped."""

import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer


class Quiet(WSGIRequestHandler):
    """A handler that writes no access log."""

    def log_message(self, *args):
        """Say nothing."""


def main():
    django.setup(set_prefix=False)
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(WSGIHandler())
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # until the parent closes it, or is gone


if __name__ == "__main__":
    main()
