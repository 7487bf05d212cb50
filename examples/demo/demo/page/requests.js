// Sends requests, and tells the page about each of them.

const listeners = [];

/** Call `listener` with each exchange: method, path, status and body. */
export function onExchange(listener) {
  listeners.push(listener);
}

/** Send a request, and return its status, its body and its headers. Status 0: the server did not answer. */
export async function send(method, path, { access = null, body = null, headers = {}, credentials = "omit" } = {}) {
  const answer = await exchange(path, {
    method,
    credentials,
    cache: "no-store",
    headers: {
      ...(access === null ? {} : { Authorization: `Bearer ${access}` }),
      ...(body === null ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body === null ? null : JSON.stringify(body),
  });
  for (const listener of listeners) {
    listener({ method, path, ...answer });
  }
  return answer;
}

async function exchange(path, options) {
  try {
    const response = await fetch(path, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  } catch {
    return { status: 0, headers: new Headers(), body: {} };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}
