"""Clients of dj-rest-auth and of djoser: one interface, and the paths and bodies of each package."""

from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.test import Client

PASSWORD = "a password of the tests"
NEW_PASSWORD = "another password of the tests"
CREDENTIALS = {"username": "ada", "password": PASSWORD}


def make_user():
    """The user of all tests."""
    return get_user_model().objects.create_user("ada", password=PASSWORD)


@dataclass
class Person:
    """A client that sends tokens in the header and the body. `tokens` are those of its last answer."""

    paths: dict[str, str]
    new_password: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def login(self, path=None):
        """Log in. Must succeed."""
        response = Client().post(path or self.paths["login"], CREDENTIALS, content_type="application/json")
        assert response.status_code == 200, response.content
        self.tokens = response.json()
        return self

    def post(self, path, body, *, header=True):
        """The response to a POST, with the access token in the header."""
        headers = {"Authorization": f"Bearer {self.tokens['access']}"} if header else {}
        return Client(headers=headers).post(path, body, content_type="application/json")

    def refresh(self):
        """The response to a refresh; its tokens are kept."""
        response = self.post(self.paths["refresh"], {"refresh": self.tokens["refresh"]}, header=False)
        if response.status_code == 200:
            self.tokens |= response.json()
        return response

    def change_password(self, path):
        """The response to a password change."""
        return self.post(path, self.new_password)

    def logout(self, *, body=True, header=True):
        """The response to a logout."""
        sent = {"refresh": self.tokens["refresh"]} if body else {}
        return self.post(self.paths["logout"], sent, header=header)

    def who_am_i(self):
        """The response to an authenticated request."""
        return Client(headers={"Authorization": f"Bearer {self.tokens['access']}"}).get("/api/whoami/")


def of_dj_rest_auth():
    """A client of dj-rest-auth."""
    paths = {
        "login": "/dj/login/",
        "refresh": "/dj/token/refresh/",
        "logout": "/dj/logout/",
        "change": "/dj/password/change/",
        "keeping change": "/dj/kept/password/change/",
    }
    return Person(paths, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})


def of_djoser():
    """A client of djoser. Its logout is oxijwt's view."""
    paths = {
        "login": "/djoser/jwt/create/",
        "refresh": "/djoser/jwt/refresh/",
        "logout": "/djoser/logout/",
        "change": "/djoser/users/set_password/",
        "keeping change": "/djoser/kept/users/set_password/",
    }
    return Person(paths, {"new_password": NEW_PASSWORD, "current_password": PASSWORD})


PEOPLE = {"dj-rest-auth": of_dj_rest_auth, "djoser": of_djoser}
