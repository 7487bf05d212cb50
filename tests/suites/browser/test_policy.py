"""What the Content-Security-Policy prevents in Chromium. The fixture `person` checks that the page keeps to it."""

import pytest

ADD_SCRIPT = "document.body.append(Object.assign(document.createElement('script'), {src: 'data:,ran=1'}))"
ADD_HTML = "document.body.innerHTML = '<b>text</b>'"
ADD_STYLE = "document.body.append(Object.assign(document.createElement('style'), {textContent: 'body{color:red}'}))"
SEND_AWAY = "fetch('http://localhost:1/?token').catch(() => null)"
FRAME = "document.body.append(Object.assign(document.createElement('iframe'), {src: '/'}))"


@pytest.mark.parametrize(
    ("script", "directive"),
    [
        (ADD_SCRIPT, "require-trusted-types-for"),
        (ADD_HTML, "require-trusted-types-for"),
        (ADD_STYLE, "style-src-elem"),
        (SEND_AWAY, "connect-src"),
        (FRAME, "frame-src"),
    ],
)
def test_what_the_page_may_not_do(person, script, directive):
    person.page.evaluate(f"() => {{ try {{ return void ({script}) }} catch {{}} }}")
    person.page.wait_for_timeout(100)
    assert any(f"policy violation: {directive}" in error for error in person.errors)
    assert person.page.evaluate("typeof ran") == "undefined"
    person.errors.clear()
