// One login: it keeps the access token in memory, sends it, and refreshes it once when a request is answered with 401.

import { send } from "./requests.js";

export class Login {
  /** `transport` sends the login, the refresh and the logout; `changed` is called after each change of the tokens. */
  constructor(transport, changed) {
    this.transport = transport;
    this.changed = changed;
    this.access = null;
    this.refreshing = null;
  }

  get isOpen() {
    return this.access !== null;
  }

  async open(username, password) {
    await this.refreshing;
    return this.keep(await this.transport.logIn(username, password));
  }

  /** A new access token. Calls that come while one is on its way share it. */
  refresh() {
    this.refreshing ??= this.transport
      .refresh()
      .then((answer) => this.keep(answer))
      .finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  /** Send a request with the access token. After a 401, refresh and send it once more. */
  async call(method, path) {
    const access = this.access;
    const answer = await send(method, path, { access });
    if (answer.status !== 401 || access === null) {
      return answer;
    }
    // Another call may have refreshed meanwhile.
    const refreshed = this.access === access ? await this.refresh() : answer;
    return this.isOpen && refreshed.status !== 503 ? send(method, path, { access: this.access }) : refreshed;
  }

  async logOut() {
    await this.refreshing;
    const answer = await this.transport.logOut();
    if (answer.status === 204 || answer.status === 401) {
      this.forget();
    }
    return answer;
  }

  /** Keep the access token of an answer. After a 401 there is nothing left to keep: the login is over. */
  keep(answer) {
    if (answer.status === 200) {
      this.access = answer.body.access;
      this.receivedAt = Date.now();
      this.changed();
    } else if (answer.status === 401) {
      this.forget();
    }
    return answer;
  }

  forget() {
    this.access = null;
    this.transport.forget();
    this.changed();
  }
}

/** Header mode: the refresh token is in the page's memory and goes in the body. A script in the page could read it. */
export class InMemory {
  constructor() {
    this.forget();
  }

  forget() {
    this.token = null;
    this.spent = null;
  }

  async logIn(username, password) {
    return this.keep(await send("POST", "/api/token/", { body: { username, password } }));
  }

  async refresh() {
    const used = this.token;
    const answer = this.keep(await send("POST", "/api/token/refresh/", { body: { refresh: used } }));
    // A refresh soon after another one gets the same token again. Then none is spent.
    if (answer.status === 200 && this.token !== used) {
      this.spent = { token: used, at: Date.now() };
    }
    return answer;
  }

  logOut() {
    return send("POST", "/api/token/logout/", { body: { refresh: this.token } });
  }

  /** Send the refresh token before the current one again, as a thief would who has copied it. */
  replay() {
    return send("POST", "/api/token/refresh/", { body: { refresh: this.spent.token } });
  }

  keep(answer) {
    if (answer.status === 200) {
      this.token = answer.body.refresh;
    }
    return answer;
  }
}
