// Reads tokens without verifying them: the page shows what is inside, and only the server decides.

const MEANINGS = {
  alg: "The algorithm of the signature. The server's key decides it, never the token.",
  kid: "The key that signed this token. A new key signs after a rotation of the key.",
  typ: "The kind of this object.",
  token_type: "What the token may be used for. A view refuses a refresh token, and a refresh refuses an access token.",
  exp: "The end. The server refuses the token from then on.",
  iat: "When the token was issued.",
  jti: "The id of this one token.",
  user_id: "The user who logged in.",
  auth_time: "When the user gave the password. A refresh does not change it.",
  sid: "The session: this login and every token that comes from it. When the session ends, all of them are refused at once.",
  gen: "The generation: how often this login was refreshed before. An old one that comes back is a replay, and ends the session.",
};

const TIMES = new Set(["exp", "iat", "auth_time"]);

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DATE_AND_CLOCK = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A time as the page shows it. Takes milliseconds since 1970. */
export function clock(moment) {
  return CLOCK.format(moment);
}

/** The header and the claims of a token. */
export function decode(token) {
  const [header, claims] = token.split(".").slice(0, 2).map(fromBase64Url);
  return { header, claims };
}

function fromBase64Url(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0))));
}

/** Name, value and meaning of each member of a header or of claims. */
export function explain(members) {
  return Object.entries(members).map(([name, value]) => {
    const shown = TIMES.has(name) ? `${value} (${DATE_AND_CLOCK.format(value * 1000)})` : String(value);
    return { name, value: shown, meaning: MEANINGS[name] ?? "A claim of this site." };
  });
}

/** The same token with another signature, which the server refuses. */
export function broken(token) {
  const start = token.lastIndexOf(".") + 1;
  const other = token[start] === "A" ? "B" : "A";
  return token.slice(0, start) + other + token.slice(start + 1);
}

/** The first letters of an id. */
export function short(id) {
  return `${id.slice(0, 8)}…`;
}
