"""Processes that serve the tests' views, requests to them, and a line to their Redis that can be cut."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

from django.db import connection

from tests.conftest import REPOSITORY
from tests.oxijwt.token_sessions.crowd import PASSWORD
from tests.sites.settings import DATABASE, DATABASE_NAME

PATIENCE = 30
PREFIX = f"{DATABASE}-{DATABASE_NAME}"
"""Of all keys in Redis, and of no other run's: what runs at the same time has another database."""


class Line:
    """The line to a server, which can be cut and mended."""

    def __init__(self, host, port):
        self._target = host, port
        self._ends = []
        self.port = 0
        self.mend()

    def mend(self):
        """Let connections through."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self):
        """End every connection and refuse new ones."""
        # shutdown() wakes the thread that accepts; close() alone would let it take one more.
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                near, _address = listener.accept()
                far = socket.create_connection(self._target)
                self._ends += near, far
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)


class Node:
    """A running process."""

    def __init__(self, port):
        self._port = port

    def request(self, method, path, body=None, access=None):
        """(status, code) of the answer, and what it says."""
        headers = {"Content-Type": "application/json"}
        if access is not None:
            headers["Authorization"] = f"Bearer {access}"
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            client.request(method, path, None if body is None else json.dumps(body), headers)
            response = client.getresponse()
            content = response.read()
        finally:
            client.close()
        said = json.loads(content) if "json" in response.getheader("Content-Type", "") else {}
        return response.status, said

    def log_in(self):
        """The tokens of a login."""
        status, tokens = self.request("POST", "/api/token/", {"username": "ada", "password": PASSWORD})
        assert status == 200
        return tokens

    def refresh(self, token):
        """The answer to a refresh."""
        return self.request("POST", "/api/token/refresh/", {"refresh": token})

    def log_out(self, **body):
        """The status of a logout."""
        return self.request("POST", "/api/token/logout/", body, body.pop("access", None))[0]

    def by_token_alone(self, access):
        """The status of a request to the view that reads no session, and the code."""
        status, said = self.request("GET", "/api/stateless/", access=access)
        return status, said.get("code")

    def by_session(self, access):
        """The status of a request to the view that reads the session, and the code."""
        status, said = self.request("GET", "/api/whoami/", access=access)
        return status, said.get("code")


@contextmanager
def running(settings_module, redis_url):
    """A Node, stopped at the end."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": settings_module,
        "OXIJWT_DATABASE_NAME": connection.settings_dict["NAME"],
        "OXIJWT_NODE_REDIS": redis_url,
        "OXIJWT_NODE_PREFIX": PREFIX,
    }
    command = [sys.executable, "-m", "tests.oxijwt.token_sessions.processes.node"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, **pipes) as process:  # noqa: S603  our own
        try:
            yield Node(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
