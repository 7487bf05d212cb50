"""A new connection to the same database copies the kept texts: under ASGI each request has one."""

from unittest import mock

import pytest
from django.db import connections

from oxijwt.authentication import authenticate_token
from oxijwt.statements import kept
from oxijwt.statements.rows import KeptInsert
from tests.oxijwt.token_sessions.client import refreshed as refresh
from tests.oxijwt.token_sessions.crowd import in_another_thread

pytestmark = pytest.mark.django_db(transaction=True)


def texts_of(connection):
    """The kept texts of a connection, by key."""
    return {key: text for key, (*_, text) in vars(connection).get("oxijwt_statements", {}).items()}


def authenticated(tokens):
    """(The session's id, the user's, the texts of this thread's connection) after a request with a token."""
    user, token = authenticate_token(tokens["access"])
    return token.session.pk, user.pk, texts_of(connections["default"])


@pytest.fixture
def writing():
    """Sees each time the ORM writes the SELECT."""
    with mock.patch.object(kept.Joining, "written", autospec=True, side_effect=kept.Joining.written) as written:
        yield written


def test_a_second_connection_writes_no_text(tokens, writing):
    session, user, texts = authenticated(tokens)
    writing.reset_mock()
    assert (session, user) == in_another_thread(lambda: authenticated(tokens))[:2]
    assert texts
    assert not writing.called


def test_other_settings_write_the_text_again(tokens, writing):
    authenticated(tokens)
    connection = connections["default"]
    for settings_dict, is_written in [(connection.settings_dict, False), (dict(connection.settings_dict), True)]:
        writing.reset_mock()
        del connection.oxijwt_statements
        with mock.patch.object(connection, "settings_dict", settings_dict):
            authenticated(tokens)
        assert writing.called is is_written


def test_each_connection_has_a_copy_of_its_own(tokens):
    *_, texts = authenticated(tokens)
    *_, copied = in_another_thread(lambda: authenticated(tokens))
    assert copied.keys() <= texts.keys()
    for key, copy in copied.items():
        assert copy.sql == texts[key].sql
        assert copy.compiler.connection is not texts[key].compiler.connection
        methods = [convert for _at, functions, _column in copy.converters for convert in functions]
        assert all(getattr(method, "__self__", None) in (None, copy.compiler.connection.ops) for method in methods)
        assert len(copy.converters) == len(texts[key].converters)


def test_no_connection_is_kept_by_the_process(tokens):
    authenticated(tokens)
    refresh(tokens["refresh"])
    shared = [text for *_, text in kept._of_database.values() if text is not None]
    assert len(shared) >= 2
    assert all(text.compiler.connection is None for text in shared if not isinstance(text, KeptInsert))


def test_an_update_is_copied_too(tokens):
    first = refresh(tokens["refresh"])
    with mock.patch.object(kept, "written_update", side_effect=AssertionError):
        assert in_another_thread(lambda: refresh(first["refresh"]))["access"]
