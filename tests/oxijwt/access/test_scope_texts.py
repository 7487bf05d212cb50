"""Which texts are scopes, and which names they have (RFC 6749 section 3.3)."""

import pytest

from oxijwt.tokens.scopes import SCOPE_CHARACTERS, checked_names, names_in

FORBIDDEN = ['"', "\\", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\x85", "\xa0", "é", "\u2003", "\ud800", "😀"]
"""What RFC 6749 does not allow in a name: all but %x21 / %x23-5B / %x5D-7E."""

ALLOWED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("orders:read", ["orders:read"]),
        ("orders:write orders:read", ["orders:write", "orders:read"]),
        ("a b a", ["a", "b"]),
        ("A a", ["A", "a"]),
        (ALLOWED, [ALLOWED]),
        ("https://api.example.org/orders.read !", ["https://api.example.org/orders.read", "!"]),
    ],
)
def test_a_text_with_names(text, names):
    assert checked_names(text) == tuple(names)
    assert names_in(text) == frozenset(names)


@pytest.mark.parametrize("text", ["", " ", " a", "a ", "a  b", "a\nb", "a,\tb"])
def test_a_text_of_another_form_has_no_names(text):
    assert names_in(text) == frozenset()
    with pytest.raises(ValueError, match="must"):
        checked_names(text)


@pytest.mark.parametrize("character", FORBIDDEN, ids=ascii)
@pytest.mark.parametrize("form", ["{}", "a{}", "{}a", "a{}b", "read {} write", "read a{}"])
def test_a_forbidden_character_grants_nothing(character, form):
    text = form.format(character)
    assert names_in(text) == frozenset()
    for scope in (text, [text], ["read", text]):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole message is compared
            checked_names(scope)
        assert str(caught.value) == SCOPE_CHARACTERS


@pytest.mark.parametrize("claim", [None, True, 1, 1.5, ["a"], {"a": "b"}, b"a", ("a",), frozenset("a")], ids=repr)
def test_a_claim_of_another_type_grants_nothing(claim):
    assert names_in(claim) == frozenset()


@pytest.mark.parametrize("scope", [None, True, 1, b"a", [1], ["a", None], [b"a"], [["a"]]], ids=repr)
def test_code_that_asks_with_another_type_gets_a_type_error(scope):
    with pytest.raises(TypeError, match="must be a text"):
        checked_names(scope)


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda names: (name for name in names)])
def test_an_iterable_has_one_name_in_each_entry(kind):
    assert checked_names(kind(["b", "a", "b"])) == ("b", "a")
    assert checked_names(kind([])) == ()


@pytest.mark.parametrize("entry", ["", "a b", " a"])
def test_an_entry_is_exactly_one_name(entry):
    with pytest.raises(ValueError, match="must"):
        checked_names(["a", entry])


def test_a_long_text_takes_no_long_time():
    """A token may be 16 KB long. The pattern must not try each way to split a text that has a wrong end."""
    assert names_in("a " * 100_000 + '"') == frozenset()
    assert len(names_in(" ".join(f"n{number}" for number in range(20_000)))) == 20_000
