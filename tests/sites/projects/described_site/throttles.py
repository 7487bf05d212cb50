"""A throttle that a test switches. DRF imports throttles while it imports its views."""

from rest_framework.throttling import BaseThrottle


class Switch(BaseThrottle):
    """Refuses requests with the header Too-Many."""

    def allow_request(self, request, _view):
        return "Too-Many" not in request.headers

    def wait(self):
        return 7
