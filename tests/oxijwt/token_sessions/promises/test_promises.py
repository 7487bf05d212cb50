"""What docs/sessions.md promises to end is over for everybody who reads tokens.

`python -m tests.oxijwt.token_sessions.promises` prints the table.
"""

import pytest

from tests.oxijwt.token_sessions.crowd import FULL
from tests.sites.settings import DATABASE

from .consumers import CONSUMERS
from .promises import PROMISES, Promise, end_session, revoke_all
from .scene import HERE
from .table import ACCEPTED, DOCUMENT, DOCUMENTED, ROWS, cell, lines_of_the_document, markdown, refusal

pytestmark = pytest.mark.django_db(transaction=True)

IN_REACH = [
    consumer
    for consumer in CONSUMERS
    if (consumer.where == HERE) is (DATABASE == "sqlite") or (FULL and DATABASE != "sqlite")
]
"""The consumers in this process on SQLite, and those in other processes on the servers, which they share.

OXIJWT_FULL=1 asks all of them on the servers: that takes minutes.
"""
named = {"ids": lambda promise: promise.name}


@pytest.mark.parametrize("promise", ROWS, **named)
def test_a_promise_holds_for_every_consumer(set_up, subtests, promise):
    """The tokens work before the act. After it the consumer refuses them, or does what the documentation says.

    All cells of a row are one test, because emptying the tables after each cell takes minutes.
    """
    for consumer in IN_REACH:
        with subtests.test(consumer=consumer.name):
            hold(set_up(consumer), promise, consumer)


def hold(scene, promise, consumer):
    """Assert that a cell of the table is true."""
    assert scene.ask(consumer, scene.mine) == ACCEPTED
    promise.act(scene)
    documented = DOCUMENTED.get((promise.name, consumer.name))
    expected = refusal(promise, consumer) if documented is None else documented.refusal
    for tokens in [scene.mine, scene.other] if promise.ends_both else [scene.mine]:
        if documented is not None:
            assert scene.ask(consumer, tokens) == ACCEPTED
            documented.happen(scene, tokens)
        assert scene.ask(consumer, tokens) == expected
    if not promise.ends_both:
        assert scene.ask(consumer, scene.other) == ACCEPTED


# The table is whole, and it can fail


def test_every_cell_has_a_name_of_its_own():
    names = {(promise.name, consumer.name) for promise in ROWS for consumer in CONSUMERS}
    assert len(names) == len(ROWS) * len(CONSUMERS)
    assert set(DOCUMENTED) <= names


def test_the_promises_are_the_lines_of_the_document():
    assert list(PROMISES) == lines_of_the_document()
    assert all(PROMISES.values())


@pytest.mark.parametrize("exception", dict.fromkeys(DOCUMENTED.values()), ids=lambda exception: exception.until)
def test_the_document_says_what_the_exceptions_are(exception):
    assert exception.sentence in " ".join(DOCUMENT.read_text().split())


def test_both_logins_work_without_an_act(set_up, subtests):
    for consumer in IN_REACH:
        with subtests.test(consumer=consumer.name):
            scene = set_up(consumer)
            for tokens in (scene.mine, scene.mine, scene.other):
                assert scene.ask(consumer, tokens) == ACCEPTED


BROKEN = (
    Promise("ends nothing", lambda _scene: None),
    Promise("ends too little", end_session, ends_both=True),
    Promise("ends too much", revoke_all),
)


@pytest.mark.parametrize("promise", BROKEN, **named)
def test_a_promise_that_is_not_kept_is_seen(set_up, subtests, promise):
    for consumer in IN_REACH:
        with subtests.test(consumer=consumer.name):
            scene = set_up(consumer)
            with pytest.raises(AssertionError):
                hold(scene, promise, consumer)


def test_the_printed_table_has_every_cell():
    _header, _rule, *rows = markdown().splitlines()
    assert [row.strip("| ").split(" | ") for row in rows] == [
        [promise.name, *(cell(promise, consumer) for consumer in CONSUMERS)] for promise in ROWS
    ]
