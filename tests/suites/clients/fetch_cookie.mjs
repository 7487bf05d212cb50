// Calls an API with fetch. The refresh token is in a cookie that no script can read. The page keeps the access token in
// memory. A page that was just loaded calls `refresh`: it fails with 401 if the user must log in.

export class Api {
  constructor(url) {
    this.url = url; // such as "https://example.org/api/"
    this.access = undefined;
    this.csrf = undefined;
  }

  async login(username, password) {
    this.access = (await this.post("session/", { username, password })).access;
  }

  async logout() {
    await this.post("session/logout/");
    this.access = undefined;
  }

  // As fetch. If the access token has expired, it is refreshed and the request is sent again.
  async fetch(path, options = {}) {
    const { access } = this;
    const response = await this.send(path, options);
    if (response.status !== 401 || !this.access) return response;
    // Another request may have refreshed while this one was under way.
    if (access === this.access) await this.refresh();
    return this.send(path, options);
  }

  // Requests that need a refresh at the same time share one.
  refresh() {
    this.refreshing ??= this.exchange().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  // Fails with 401 if the session is over. The server then deletes the cookie, and the user must log in.
  async exchange() {
    try {
      this.access = (await this.post("session/refresh/")).access;
    } catch (error) {
      if (error.status === 401) this.access = undefined;
      throw error;
    }
  }

  send(path, options) {
    const headers = new Headers(options.headers);
    if (this.access) headers.set("Authorization", `Bearer ${this.access}`);
    return fetch(this.url + path, { ...options, headers });
  }

  // The answer of a view that uses the cookie. An error has its status.
  async post(path, body = {}) {
    let response = await this.postOnce(path, body);
    if (response.status === 403) {
      // The page has no CSRF token yet, or a login in another tab has changed it.
      this.csrf = (await (await fetch(`${this.url}session/csrf/`, { credentials: "include" })).json()).csrf_token;
      response = await this.postOnce(path, body);
    }
    if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
    this.csrf = response.headers.get("X-CSRFToken") ?? this.csrf;
    return response.status === 204 ? null : response.json();
  }

  postOnce(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf ?? "" };
    return fetch(this.url + path, { method: "POST", credentials: "include", headers, body: JSON.stringify(body) });
  }
}
