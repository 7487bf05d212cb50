"""The admin of the two tables: for looking, and for taking a token off the blacklist. No page shows a token."""

from datetime import timedelta
from typing import NamedTuple

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import RefreshToken
from oxijwt.utils import aware_utcnow
from tests.client import make_user, post

pytestmark = pytest.mark.django_db


class Listed(NamedTuple):
    """A user's token, its text and its two rows."""

    text: str
    outstanding: OutstandingToken
    blacklisted: BlacklistedToken


@pytest.fixture
def listed():
    token = RefreshToken.for_user(make_user())
    entry, _created = token.blacklist()
    return Listed(str(token), entry.token, entry)


def url(model, page, *arguments):
    return reverse(f"admin:token_blacklist_{model}_{page}", args=arguments)


def pages(listed):
    """Every page of both models, and what a search finds."""
    return {
        "outstanding list": url("outstandingtoken", "changelist"),
        "outstanding search": url("outstandingtoken", "changelist") + f"?q={listed.outstanding.jti}",
        "outstanding search by user": url("outstandingtoken", "changelist") + f"?q={listed.outstanding.user_id}",
        "outstanding search by token": url("outstandingtoken", "changelist") + f"?q={listed.text}",
        "outstanding sorted": url("outstandingtoken", "changelist") + "?o=1.2.-3.4",
        "outstanding detail": url("outstandingtoken", "change", listed.outstanding.pk),
        "outstanding history": url("outstandingtoken", "history", listed.outstanding.pk),
        "blacklisted list": url("blacklistedtoken", "changelist"),
        "blacklisted search": url("blacklistedtoken", "changelist") + f"?q={listed.outstanding.jti}",
        "blacklisted sorted": url("blacklistedtoken", "changelist") + "?o=1.2.-3.4.5",
        "blacklisted detail": url("blacklistedtoken", "change", listed.blacklisted.pk),
        "blacklisted add": url("blacklistedtoken", "add"),
        "blacklisted delete": url("blacklistedtoken", "delete", listed.blacklisted.pk),
        "blacklisted history": url("blacklistedtoken", "history", listed.blacklisted.pk),
    }


PAGES = list(pages(Listed("", OutstandingToken(pk=1, jti="a"), BlacklistedToken(pk=1))))


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_a_token(admin_client, listed, page):
    answer = admin_client.get(pages(listed)[page])
    assert answer.status_code == 200
    content = answer.content.decode()
    signature = listed.text.rpartition(".")[2]
    # A search box repeats what was typed into it; the list below finds nothing by it.
    assert content.count(signature) == (content.count(f'value="{listed.text}"') if page.endswith("by token") else 0)
    if page.endswith("by token"):
        assert "0 results" in content


@pytest.mark.parametrize("page", ["outstanding list", "outstanding search", "outstanding search by user"])
def test_outstanding_tokens_are_found_and_described(admin_client, listed, page):
    content = admin_client.get(pages(listed)[page]).content.decode()
    assert listed.outstanding.jti in content
    assert "ada" in content


@pytest.mark.parametrize("page", ["blacklisted list", "blacklisted search"])
def test_blacklisted_tokens_are_found_and_described(admin_client, listed, page):
    content = admin_client.get(pages(listed)[page]).content.decode()
    assert listed.outstanding.jti in content
    assert "ada" in content


@pytest.mark.parametrize("model", ["outstandingtoken", "blacklistedtoken"])
def test_a_search_compares_keys_and_ids_exactly_and_names_by_their_beginning(admin_client, listed, model):
    """`q=1` found each token with a 1 in its `jti` or its user's key."""
    pk, jti = listed.outstanding.user_id, listed.outstanding.jti
    make_user(f"{pk}0")
    for query, rows in {
        "ad": 1,
        "ADA": 1,
        pk: 1,
        f" {jti} ": 1,
        "da": 0,
        jti[:-1]: 0,
        f"{pk}1": 0,
        f"{pk}0": 0,
    }.items():
        content = admin_client.get(url(model, "changelist"), {"q": query})
        assert content.context["cl"].result_count == rows, query


def test_outstanding_tokens_are_read_only(admin_client, listed):
    change = pages(listed)["outstanding detail"]
    assert admin_client.post(change, {"jti": "another"}).status_code == 403
    assert admin_client.get(url("outstandingtoken", "add")).status_code == 403
    for refused in (admin_client.get, admin_client.post):
        assert refused(url("outstandingtoken", "delete", listed.outstanding.pk)).status_code == 403
    delete_all = {"action": "delete_selected", "_selected_action": [listed.outstanding.pk], "post": "yes"}
    admin_client.post(url("outstandingtoken", "changelist"), delete_all)
    assert OutstandingToken.objects.get().jti == listed.outstanding.jti


def test_a_page_of_an_outstanding_token_offers_no_change(admin_client, listed):
    """It had buttons that save, whose answer was always 403."""
    content = admin_client.get(pages(listed)["outstanding detail"]).content.decode()
    assert "View Outstanding Token" in content
    assert 'name="_save"' not in content
    assert "to change" not in admin_client.get(pages(listed)["outstanding list"]).content.decode()


@pytest.mark.parametrize("lookup", ["", "__startswith", "__contains", "__gte", "__regex", "__in"])
def test_no_address_filters_by_the_text_of_a_token(admin_client, listed, lookup):
    """The number of rows told a piece of it: enough addresses told a whole refresh token to staff who may only look."""
    for model, column in (("outstandingtoken", "token"), ("blacklistedtoken", "token__token")):
        address = url(model, "changelist")
        for value in (listed.text, listed.text[:10], "no token"):
            assert admin_client.get(address, {f"{column}{lookup}": value}).status_code == 400
    assert admin_client.get(url("outstandingtoken", "changelist"), {"jti": listed.outstanding.jti}).status_code == 200


@pytest.mark.parametrize("model", ["outstandingtoken", "blacklistedtoken"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("id", "9" * 40), ("id", "abc"), ("token_id", "9" * 40), ("nonsense", "1"), ("p", "9999"), ("q", "\x00")],
)
def test_an_unusable_value_is_answered(admin_client, listed, model, name, value):
    assert admin_client.get(url(model, "changelist"), {name: value}).status_code in {200, 302}


def test_a_date_outside_of_what_databases_have_is_answered(admin_client, listed):
    for value in ("0001-01-01 00:00:00+14:00", "9999-12-31 23:59:59-14:00"):
        assert admin_client.get(url("outstandingtoken", "changelist"), {"expires_at__gte": value}).status_code in {
            200,
            302,
        }


def test_a_forged_id_is_a_bad_request(admin_client, listed):
    for forged in ("abc", "\x00", ""):
        body = {"action": "delete_selected", "_selected_action": [listed.blacklisted.pk, forged], "post": "yes"}
        assert admin_client.post(url("blacklistedtoken", "changelist"), body).status_code == 400
    assert BlacklistedToken.objects.exists()


def test_a_token_is_blacklisted_by_its_key(admin_client, listed):
    """The form had a list of all outstanding tokens to choose from, and one statement for each of their users."""
    token = RefreshToken.for_user(listed.outstanding.user)
    form = admin_client.get(pages(listed)["blacklisted add"]).content.decode()
    assert '<select name="token"' not in form
    row = OutstandingToken.objects.get(jti=token["jti"])
    assert admin_client.post(pages(listed)["blacklisted add"], {"token": row.pk}).status_code == 302
    assert post("token_refresh", {"refresh": str(token)}).status_code == 401
    assert listed.outstanding.jti in admin_client.get(pages(listed)["blacklisted detail"]).content.decode()


def test_a_deleted_blacklist_entry_makes_its_token_count_again(admin_client, listed):
    assert post("token_refresh", {"refresh": listed.text}).status_code == 401
    delete = url("blacklistedtoken", "delete", listed.blacklisted.pk)
    assert admin_client.post(delete, {"post": "yes"}).status_code == 302
    assert OutstandingToken.objects.count() == 1
    assert post("token_refresh", {"refresh": listed.text}).status_code == 200


def test_pages_are_for_staff_with_permission_only(client, listed):
    for address in pages(listed).values():
        assert client.get(address).status_code == 302
    client.force_login(make_user("staff", is_staff=True))
    for address in pages(listed).values():
        assert client.get(address).status_code == 403


@pytest.mark.parametrize("model", ["outstandingtoken", "blacklistedtoken"])
def test_a_list_is_the_same_number_of_statements_however_long(
    admin_client, django_assert_max_num_queries, listed, model
):
    expires_at = aware_utcnow() + timedelta(days=1)
    for number in range(20):
        user = get_user_model().objects.create_user(f"user{number}")
        row = OutstandingToken.objects.create(user=user, jti=str(number), token="x", expires_at=expires_at)
        BlacklistedToken.objects.create(token=row)
    with django_assert_max_num_queries(6):
        content = admin_client.get(url(model, "changelist")).content
    assert content.count(b"user1") >= 1


def test_a_user_with_tokens_can_be_deleted(admin_client, listed):
    """The tokens stay without their user; nothing asks for their own admin's permission to delete."""
    delete = reverse("admin:auth_user_delete", args=[listed.outstanding.user_id])
    page = admin_client.get(delete).content.decode()
    assert listed.text.rpartition(".")[2] not in page
    assert admin_client.post(delete, {"post": "yes"}).status_code == 302
    assert OutstandingToken.objects.get().user is None


def test_rows_name_the_user_and_the_jti_and_no_token(listed):
    assert str(listed.outstanding) == f"Token for ada ({listed.outstanding.jti})"
    assert str(listed.blacklisted) == "Blacklisted token for ada"
    listed.outstanding.user.delete()
    assert str(OutstandingToken.objects.get()) == f"Token for None ({listed.outstanding.jti})"
    assert str(BlacklistedToken.objects.get()) == "Blacklisted token for None"
