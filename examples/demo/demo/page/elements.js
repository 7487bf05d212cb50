// Makes and finds elements. Text stays text: nothing here reads HTML.

export function find(id) {
  return document.getElementById(id);
}

/** An element with this class and these children: elements or texts. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

/** A list of names with values and meanings. */
export function definitions(entries) {
  return entries.map(({ name, value, meaning }) =>
    make("div", "entry", make("dt", "", name), make("dd", "value", value), make("dd", "meaning", meaning)),
  );
}

/** Show a heading's section to somebody who uses a keyboard or a screen reader. */
export function focusOn(id) {
  find(id).focus();
}

/** Run `act` when the button is pressed. Until it ends, the button does nothing. */
export function onPress(button, act) {
  button.addEventListener("click", () => whileBusy(button, act));
}

/** Run `act` in place of sending the form. */
export function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form.querySelector("button"), act);
  });
}

// A disabled button would lose the focus.
async function whileBusy(button, act) {
  if (button.getAttribute("aria-disabled") === "true") {
    return;
  }
  button.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
