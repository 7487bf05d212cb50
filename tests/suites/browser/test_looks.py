"""The page on a telephone and on a desk, light and dark: it fits, is legible, and needs no mouse."""

from itertools import product
from pathlib import Path

from .person import DESK, PHONE

SCREENSHOTS = Path(__file__).parents[3] / ".cache/browser"
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text at level AA."""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# The texts whose contrast with the ground behind them is too low, with the contrast.
FAINT_TEXTS = """(least) => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const luminance = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            if (color[3] !== 0) return color;
        }
        return [255, 255, 255];
    };
    const contrast = (element) => {
        const both = [numbers(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
        return (both[0] + 0.05) / (both[1] + 0.05);
    };
    const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const texts = [...document.querySelectorAll("body *")].filter(
        (element) => element.checkVisibility() && hasText(element),
    );
    const found = texts.map((element) => [element.textContent.trim().slice(0, 40), contrast(element)]);
    return { count: texts.length, faint: found.filter(([, ratio]) => ratio < least) };
}"""

# The controls that are too small for a finger (WCAG 2.2, 2.5.8: 24 pixels).
SMALL_CONTROLS = """() => [...document.querySelectorAll("button, input, summary")]
    .filter((element) => element.checkVisibility())
    .filter((element) => Math.min(element.offsetHeight, element.offsetWidth) < 24 && element.type !== "radio")
    .map((element) => element.id || element.textContent)"""


def use_everything(somebody):
    """Log in, open a second session, refresh and rotate the key: each part of the page has something to show then."""
    somebody.log_in()
    somebody.page.get_by_label("Password for the second login").fill(somebody.site.password)
    somebody.press("Open a second session")
    somebody.reads("The second session is open")
    somebody.press("Refresh")
    somebody.reads("You have a new access token")
    somebody.press("Rotate the signing key")
    somebody.reads("A new key signs")


def look(somebody, name):
    """Keep a screenshot of each kind, and check what can be checked without eyes."""
    page = somebody.page
    for size, scheme in product((PHONE, DESK), ("light", "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png", full_page=True)
        assert page.evaluate(OVERFLOW) == 0
        texts = page.evaluate(FAINT_TEXTS, LEAST_CONTRAST)
        assert texts["count"] > 5
        assert texts["faint"] == []
        assert page.evaluate(SMALL_CONTROLS) == []


def test_it_fits_and_is_legible(person):
    look(person, "login")
    use_everything(person)
    person.page.get_by_text("The token as it is sent").click()
    look(person, "session")
    person.press("Replay the old refresh token")
    person.reads("An old refresh token came back")
    look(person, "ended")
    person.choose("cookie")
    person.log_in()
    look(person, "cookie")


def test_faint_text_is_found(person):
    person.page.evaluate("document.querySelector('h1').style.color = '#bbb'")
    assert [text for text, _ratio in person.page.evaluate(FAINT_TEXTS, LEAST_CONTRAST)["faint"]] == ["oxijwt demo"]


def test_a_page_that_is_too_wide_is_found(person):
    person.page.evaluate("document.querySelector('h1').style.width = '500px'")
    assert person.page.evaluate(OVERFLOW) > 0
