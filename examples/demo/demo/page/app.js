// The page: what each button does, and what is shown.

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

const login = new Login(new InMemory(), show);
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
  const wasOpen = !find("logged-in").hidden;
  find("logged-in").hidden = !login.isOpen;
  find("login-section").hidden = login.isOpen;
  if (login.isOpen) {
    showTokens();
  }
  if (wasOpen !== login.isOpen) {
    focusOn(login.isOpen ? "access-title" : "login-title");
    find("keys").replaceChildren();
  }
}

function showTokens() {
  const { header, claims } = decode(login.access);
  find("access-header").replaceChildren(...definitions(explain(header)));
  find("access-claims").replaceChildren(...definitions(explain(claims)));
  const parts = login.access.split(".").map((part, place) => make("span", `part-${place + 1}`, part));
  find("access-raw").replaceChildren(parts[0], ".", parts[1], ".", parts[2]);
  find("kid").textContent = header.kid;
  showRefresh();
  showLeft();
}

function showRefresh() {
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
    login.forget();
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

function keyItem(key) {
  const is = key.kid === find("kid").textContent ? "Your access token has this key." : "";
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
  return Array.isArray(body) ? `${body.length} sessions` : Object.keys(body).join(", ");
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

onSubmit(find("login-form"), async () => {
  const answer = await login.open(find("username").value, find("password").value);
  sayAnswer(answer, "You are logged in. The tokens are in this page's memory: a reload of the page forgets them.");
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
  sayAnswer(await login.refresh(), "You have a new access token and a new refresh token. The old refresh token is spent.");
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
  sayAnswer(answer, "A new key signs from now on. Your tokens are still good. Refresh, and they get the new key.");
  find("keys").replaceChildren(...(answer.body.keys ?? []).map(keyItem));
});

onPress(find("logout"), async () => {
  sayAnswer(await login.logOut(), "You are logged out. The session has ended on the server, too.");
});

onExchange(showExchange);
setInterval(showLeft, 500);
