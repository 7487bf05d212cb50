// The page: what each button does, and what is shown.

import { InCookie } from "./cookie.js";
import { definitions, find, focusOn, make, onPress, onSubmit } from "./elements.js";
import { InMemory, Login } from "./login.js";
import { onExchange } from "./requests.js";
import { broken, clock, decode, explain, short } from "./tokens.js";

// A little longer than the site's REFRESH_REUSE_GRACE. Before, an old refresh token gets the same answer again.
const GRACE_OVER = 2500;
const HELLO = "/api/hello/";
const SESSIONS = "/api/token/sessions/";

const REASONS = {
  token_reused: "An old refresh token came back, so somebody else may have it. The server has ended the session.",
  session_revoked: "The session was ended, so all of its tokens are refused.",
  session_expired: "The session has expired.",
  token_not_valid: "The token is not valid.",
};

const MODES = {
  header: {
    login: new Login(new InMemory(), show),
    opened: "You are logged in. The tokens are in this page's memory: a reload of the page forgets them.",
    refreshed: "You have a new access token. The refresh token is new too, unless you have just refreshed.",
  },
  cookie: {
    login: new Login(new InCookie(), show),
    opened: "You are logged in. The refresh token is in a cookie, and the access token in this page's memory.",
    refreshed: "You have a new access token. The refresh token in the cookie is new too, unless you have just refreshed.",
  },
};

let mode = MODES.header;
let login = mode.login;
let keys = [];
const other = new Login(new InMemory(), showOther);

function say(text, mood = "") {
  find("status").className = mood;
  find("status").textContent = text;
}

/** Say how a request ended. */
function sayAnswer(answer, success) {
  if (answer.status >= 200 && answer.status < 300) {
    say(success, "good");
  } else {
    say(answer.status === 0 ? "The server does not answer." : `${answer.status}: ${reason(answer.body)}`, "bad");
  }
}

function reason(body) {
  return REASONS[body.code] ?? body.detail ?? "The server refused the request.";
}

function show() {
  const focused = document.activeElement;
  find("logged-in").hidden = !login.isOpen;
  find("login-section").hidden = login.isOpen;
  if (login.isOpen) {
    showTokens();
  } else {
    keys = [];
  }
  if (!focused.checkVisibility()) {
    focusOn(login.isOpen ? "access-title" : "login-title");
  }
}

function showTokens() {
  const { header, claims } = decode(login.access);
  find("access-header").replaceChildren(...definitions(explain(header)));
  find("access-claims").replaceChildren(...definitions(explain(claims)));
  const parts = login.access.split(".").map((part, place) => make("span", `part-${place + 1}`, part));
  find("access-raw").replaceChildren(parts[0], ".", parts[1], ".", parts[2]);
  find("kid").textContent = header.kid;
  find("keys").replaceChildren(...keys.map((key) => keyItem(key, header.kid)));
  showRefresh();
  showLeft();
}

function showRefresh() {
  if (mode === MODES.cookie) {
    find("refresh-claims").replaceChildren();
    find("replay").hidden = true;
    find("refresh-note").textContent =
      `It is in the cookie __Host-refresh_token. A script in this page can't read it: for scripts, all cookies are “${document.cookie}”. ` +
      "So the page can't replay an old one either. Header mode can.";
    return;
  }
  const { token, spent } = login.transport;
  const { sid, gen, exp } = decode(token).claims;
  find("refresh-claims").replaceChildren(...definitions(explain({ gen, exp, sid })));
  find("replay").hidden = spent === null;
  find("refresh-note").textContent =
    spent === null
      ? "A refresh spends this token, and gives a new one."
      : "The old token is spent. Replay it, as a thief would who had copied it: the session ends, for the thief and for you.";
}

/** Show how long the access token is still good, by this computer's clock since the token came. */
function showLeft() {
  if (!login.isOpen) {
    return;
  }
  const { exp, iat } = decode(login.access).claims;
  const lifetime = exp - iat;
  const left = Math.max(0, Math.ceil(lifetime - (Date.now() - login.receivedAt) / 1000));
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const rest = left > 0 ? " until it expires" : " The token has expired. The next call gets 401, and the page refreshes.";
  find("left").replaceChildren(make("strong", "", text), rest);
  find("left-bar").max = lifetime;
  find("left-bar").value = left;
}

async function showSessions() {
  const answer = await login.call("GET", SESSIONS);
  if (answer.status === 200) {
    find("sessions").replaceChildren(...answer.body.map(sessionItem));
  }
  return answer;
}

function sessionItem(session) {
  const name = session.current ? "This session" : "Session";
  const about = make("span", "about", make("strong", "", name), " ", make("code", "", short(session.id)));
  about.append(make("span", "small", `since ${clock(new Date(session.created_at))}, from ${session.ip_address}`));
  const button = make("button", "quiet", session.current ? "End this session" : `End session ${short(session.id)}`);
  button.type = "button";
  onPress(button, () => endSession(session));
  return make("li", "", about, button);
}

async function endSession(session) {
  const answer = await login.call("DELETE", `${SESSIONS}${session.id}/`);
  sayAnswer(answer, `Session ${short(session.id)} has ended. All of its tokens are refused from now on.`);
  if (session.current && answer.status === 204) {
    // This is refused, so the page forgets its tokens, and the browser its cookie.
    await login.refresh();
    return;
  }
  focusOn("sessions-title");
  await showSessions();
}

function showOther() {
  find("other-open").hidden = !other.isOpen;
  find("other-form").hidden = other.isOpen;
  if (other.isOpen) {
    find("other-note").replaceChildren("Its session: ", make("code", "", short(decode(other.access).claims.sid)));
  }
}

function keyItem(key, kid) {
  const is = key.kid === kid ? "It signed your access token." : "";
  const about = make("span", "about", make("code", "", key.kid), make("span", "small", is));
  return make("li", "", about, `${key.algorithm}, ${key.phase}`);
}

function showExchange({ method, path, status, body }) {
  const isGood = status >= 200 && status < 300;
  const line = make(
    "span",
    "line",
    make("span", `code ${isGood ? "good" : "bad"}`, status === 0 ? "no answer" : String(status)),
    make("code", "", `${method} ${path}`),
  );
  find("no-exchanges").hidden = true;
  find("exchanges").prepend(make("li", "", line, make("span", "small", `${clock(Date.now())} ${summary(body)}`)));
}

/** What an answer holds, without tokens. */
function summary(body) {
  if (body.code ?? body.detail) {
    return body.code ?? body.detail;
  }
  return Array.isArray(body) ? `sessions: ${body.length}` : Object.keys(body).join(", ");
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

onSubmit(find("login-form"), async () => {
  const answer = await login.open(find("username").value, find("password").value);
  sayAnswer(answer, mode.opened);
  if (login.isOpen) {
    find("password").value = "";
    await showSessions();
  }
});

onPress(find("call"), async () => {
  const answer = await login.call("GET", HELLO);
  sayAnswer(answer, `The view answers: hello ${answer.body.hello}.`);
});

onPress(find("call-broken"), async () => {
  login.access = broken(login.access);
  const answers = await Promise.all(Array.from({ length: 5 }, () => login.call("GET", HELLO)));
  const worst = answers.find((answer) => answer.status !== 200) ?? answers[0];
  sayAnswer(worst, "Five calls were refused. One refresh served them all, and then the view answered each of them.");
});

onPress(find("refresh"), async () => {
  sayAnswer(await login.refresh(), mode.refreshed);
});

onPress(find("replay"), async () => {
  const left = login.transport.spent.at + GRACE_OVER - Date.now();
  if (left > 0) {
    say("A moment: for 2 seconds the server takes it for a repeat after a lost answer.");
    await wait(left);
  }
  const replayed = await login.transport.replay();
  // The page does not stop here. It goes on with its own tokens, and learns that they are refused.
  await login.call("GET", HELLO);
  sayAnswer(replayed, "The server took it for a repeat after a lost answer.");
});

onPress(find("reload"), async () => {
  sayAnswer(await showSessions(), "This is the list of your sessions now.");
});

onSubmit(find("other-form"), async () => {
  const answer = await other.open(find("username").value, find("other-password").value);
  sayAnswer(answer, "The second session is open. You can end it in the list.");
  if (other.isOpen) {
    find("other-password").value = "";
    focusOn("other-call");
    await showSessions();
  }
});

onPress(find("other-call"), async () => {
  const answer = await other.call("GET", HELLO);
  sayAnswer(answer, `The view answers the other device: hello ${answer.body.hello}.`);
});

onPress(find("rotate"), async () => {
  const answer = await login.call("POST", "/api/rotate-key/");
  sayAnswer(answer, "A new key signs from now on. Your tokens are still good. Refresh, and the next ones have the new key.");
  keys = answer.body.keys ?? keys;
  show();
});

onPress(find("logout"), async () => {
  sayAnswer(await login.logOut(), "You are logged out. The session has ended on the server, too.");
});

/** Go on in the other mode. Each mode keeps its own login. */
async function switchTo(name) {
  mode = MODES[name];
  login = mode.login;
  history.replaceState(null, "", name === "cookie" ? "#cookie" : location.pathname);
  say("");
  show();
  if (mode === MODES.cookie && !login.isOpen) {
    await openFromCookie();
  }
  if (login.isOpen) {
    await showSessions();
  }
}

/** The browser may still have the cookie of an earlier login. Then a refresh is enough, also after a reload. */
async function openFromCookie() {
  const answer = await login.refresh();
  if (answer.status === 200) {
    say("Your browser still has the cookie of your login, so you need no password.", "good");
  } else if (answer.status !== 401) {
    sayAnswer(answer);
  }
}

find("mode").addEventListener("change", (event) => switchTo(event.target.value));
onExchange(showExchange);
setInterval(showLeft, 500);
if (location.hash === "#cookie") {
  find("mode").querySelector("[value=cookie]").checked = true;
  await switchTo("cookie");
}
