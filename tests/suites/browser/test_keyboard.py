"""The page works with the keyboard only, and each control has a name."""

from itertools import pairwise

CONTROLS = {"button", "link", "textbox", "radio", "progressbar", "DisclosureTriangle", "checkbox", "combobox"}

FOCUSED = """() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const onTop = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {
        name: element.labels?.length ? element.labels[0].textContent.trim() : element.textContent.trim(),
        ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        seen: box.top >= 0 && box.bottom <= innerHeight && element.contains(onTop),
    };
}"""


def tab_to(person, name):
    """Press Tab until the control of this name has the focus. Each control on the way must show that it has it."""
    passed = []
    for _ in range(40):
        person.page.keyboard.press("Tab")
        focused = person.page.evaluate(FOCUSED)
        passed.append(focused["name"])
        assert focused["ring"] >= 2, focused
        assert focused["seen"], focused
        if focused["name"] == name:
            return
    raise AssertionError(f"no control {name!r} among {passed}")


def press(person, name, key="Enter"):
    tab_to(person, name)
    person.page.keyboard.press(key)


def unnamed_controls(page):
    """The roles of controls to which Chromium gives no name, and the number of all controls."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in nodes if not node["ignored"] and node["role"]["value"] in CONTROLS]
    return [node["role"]["value"] for node in controls if not node["name"]["value"]], len(controls)


def test_the_keyboard_is_enough(person):
    press(person, "Skip to the demo")
    tab_to(person, "Header mode: in this page's memory")
    person.page.keyboard.press("ArrowDown")
    assert person.page.evaluate(FOCUSED)["name"] == "Cookie mode: in a cookie that no script can read"
    tab_to(person, "User name")
    tab_to(person, "Password")
    person.page.keyboard.type(person.site.password)
    person.page.keyboard.press("Enter")
    person.reads("You are logged in")
    press(person, "Call the protected view")
    person.reads("hello demo")
    press(person, "Call it 5 times with a broken token", "Space")
    person.reads("One refresh served them all")
    press(person, "Refresh")
    person.reads("You have a new access token")
    tab_to(person, "Password for the second login")
    person.page.keyboard.type(person.site.password)
    person.page.keyboard.press("Enter")
    person.reads("The second session is open")
    person.page.keyboard.press("Enter")
    person.reads("The view answers the other device")
    press(person, "Rotate the signing key")
    person.reads("A new key signs")
    press(person, "Log out")
    person.reads("You are logged out")
    tab_to(person, "User name")


def test_each_control_has_a_name(person):
    assert unnamed_controls(person.page) == ([], 6)
    person.log_in()
    unnamed, count = unnamed_controls(person.page)
    assert unnamed == []
    assert count > 10


def test_a_control_without_a_name_is_found(person):
    person.page.evaluate("document.querySelector('[for=username]').remove()")
    assert unnamed_controls(person.page) == (["textbox"], 6)


def test_headings_have_an_order(person):
    person.log_in()
    levels = person.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((heading) => +heading.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
