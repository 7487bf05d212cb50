"""SQL statements per request with the blacklist installed; BEGIN, COMMIT and savepoints are statements too."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models.signals import post_save, pre_save
from django.test.utils import CaptureQueriesContext

from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import bearer, login, make_user, post

pytestmark = pytest.mark.django_db(transaction=True)

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}


@pytest.fixture
def user():
    return make_user()


def statements(action):
    """What `action` returned, and the first words of the statements it caused."""
    with CaptureQueriesContext(connection) as captured:
        result = action()
    return result, [query["sql"] for query in captured.captured_queries]


def verbs(sql):
    return [statement.split()[0] for statement in sql]


def require(sql, *expected):
    assert verbs(sql) == list(expected), "\n".join([f"{len(sql)} statements:", *sql])


def test_transactions_and_savepoints_are_counted():
    def in_nested_transactions():
        with transaction.atomic(), transaction.atomic():
            get_user_model().objects.count()

    _result, sql = statements(in_nested_transactions)
    require(sql, "BEGIN", "SAVEPOINT", "SELECT", "RELEASE", "COMMIT")


def test_login_is_two_statements(user):
    answer, sql = statements(login)
    assert answer.status_code == 200
    require(sql, "SELECT", "INSERT")


def test_sliding_login_is_two_statements(user):
    answer, sql = statements(lambda: login(name="token_obtain_sliding"))
    assert answer.status_code == 200
    require(sql, "SELECT", "INSERT")


def test_authenticated_request_is_one_statement(user):
    token = str(AccessToken.for_user(user))
    answer, sql = statements(lambda: bearer(token))
    assert answer.json() == {"user": user.pk}
    require(sql, "SELECT")


def test_stateless_request_is_no_statement(user):
    token = str(AccessToken.for_user(user))
    answer, sql = statements(lambda: bearer(token, "stateless"))
    assert answer.json() == {"user": str(user.pk)}
    require(sql)


def test_refresh_is_two_statements(user):
    token = str(RefreshToken.for_user(user))
    answer, sql = statements(lambda: post("token_refresh", {"refresh": token}))
    assert answer.json().keys() == {"access"}
    require(sql, "SELECT", "SELECT")


@pytest.mark.parametrize("digest", [False, True])
def test_rotating_refresh_is_six_statements(user, settings, digest):
    settings.SIMPLE_JWT = ROTATING | {"OUTSTANDING_TOKEN_DIGEST": digest, "CHECK_REVOKE_TOKEN": True}
    token = str(RefreshToken.for_user(user))
    answer, sql = statements(lambda: post("token_refresh", {"refresh": token}))
    assert answer.json().keys() == {"access", "refresh"}
    assert OutstandingToken.objects.count() == 2
    require(sql, "SELECT", "SELECT", "BEGIN", "INSERT", "INSERT", "COMMIT")


def test_rotating_refresh_without_blacklisting_is_three_statements(user, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True}
    token = str(RefreshToken.for_user(user))
    answer, sql = statements(lambda: post("token_refresh", {"refresh": token}))
    assert answer.json().keys() == {"access", "refresh"}
    require(sql, "SELECT", "SELECT", "INSERT")


def test_refused_refresh_is_one_statement(user, settings):
    settings.SIMPLE_JWT = ROTATING
    token = RefreshToken.for_user(user)
    token.blacklist()
    answer, sql = statements(lambda: post("token_refresh", {"refresh": str(token)}))
    assert answer.status_code == 401
    require(sql, "SELECT")


def test_logout_is_two_statements(user):
    token = str(RefreshToken.for_user(user))
    answer, sql = statements(lambda: post("token_blacklist", {"refresh": token}))
    assert answer.status_code == 200
    assert BlacklistedToken.objects.count() == 1
    require(sql, "SELECT", "INSERT")


def test_logout_in_a_transaction_has_a_savepoint(user):
    """A second entry must not break the transaction of the caller."""
    token = RefreshToken.for_user(user)
    with transaction.atomic():
        _result, sql = statements(token.blacklist)
        token.blacklist()
        assert BlacklistedToken.objects.count() == 1
    require(sql, "SAVEPOINT", "INSERT", "RELEASE")


@pytest.mark.parametrize("signal", [pre_save, post_save])
def test_receivers_of_a_logout_run_in_its_transaction(user, signal):
    """If one raises, the token is not blacklisted."""
    token = RefreshToken.for_user(user)

    def refuse(**_named):
        assert connection.in_atomic_block
        raise NotImplementedError

    signal.connect(refuse, sender=BlacklistedToken)
    try:
        with pytest.raises(NotImplementedError):
            token.blacklist()
    finally:
        signal.disconnect(refuse, sender=BlacklistedToken)
    assert not BlacklistedToken.objects.exists()


def test_logout_without_autocommit_has_a_savepoint(user):
    """Likewise, if the project commits by hand."""
    token = RefreshToken.for_user(user)
    transaction.set_autocommit(False)
    try:
        _result, sql = statements(token.blacklist)
        assert token.blacklist()[1] is False
        assert BlacklistedToken.objects.count() == 1
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert "SAVEPOINT" in verbs(sql)


def test_sliding_refresh_is_two_statements(user):
    token = str(SlidingToken.for_user(user))
    answer, sql = statements(lambda: post("token_refresh_sliding", {"token": token}))
    assert answer.status_code == 200
    require(sql, "SELECT", "SELECT")


@pytest.mark.parametrize(("single_use", "expected"), [(True, ["SELECT"]), (False, [])])
def test_verify_asks_the_blacklist_only_under_blacklist_after_rotation(user, settings, single_use, expected):
    settings.SIMPLE_JWT = {"BLACKLIST_AFTER_ROTATION": single_use}
    token = str(RefreshToken.for_user(user))
    answer, sql = statements(lambda: post("token_verify", {"token": token}))
    assert answer.status_code == 200
    require(sql, *expected)
