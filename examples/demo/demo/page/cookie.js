// Cookie mode: the refresh token is in a cookie that no script can read.

import { send } from "./requests.js";

const URL = "/api/session/";

/** The browser sends the cookie by itself. So each of these requests carries Django's CSRF token, too. */
export class InCookie {
  constructor() {
    this.csrf = null;
  }

  /** There is nothing to forget here: the server's answer deletes the cookie. */
  forget() {}

  logIn(username, password) {
    return this.post("", { username, password });
  }

  refresh() {
    return this.post("refresh/");
  }

  logOut() {
    return this.post("logout/");
  }

  async post(path, body = {}) {
    const answer = await this.postOnce(path, body);
    if (answer.body.code !== "csrf_failed") {
      return answer;
    }
    // A login in another tab has made a new CSRF token.
    this.csrf = null;
    return this.postOnce(path, body);
  }

  async postOnce(path, body) {
    this.csrf ??= (await send("GET", `${URL}csrf/`, { credentials: "same-origin" })).body.csrf_token ?? "";
    const headers = { "X-CSRFToken": this.csrf };
    const answer = await send("POST", URL + path, { body, headers, credentials: "same-origin" });
    this.csrf = answer.headers.get("X-CSRFToken") ?? this.csrf;
    return answer;
  }
}
