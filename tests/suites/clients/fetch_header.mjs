// Calls an API with fetch. The page keeps both tokens in memory, so a reload logs in again.

export class Api {
  constructor(url) {
    this.url = url; // such as "https://example.org/api/"
    this.tokens = {}; // access and refresh
  }

  async login(username, password) {
    this.tokens = await this.post("token/", { username, password });
  }

  async logout() {
    await this.post("token/logout/", { refresh: this.tokens.refresh });
    this.tokens = {};
  }

  // As fetch. If the access token has expired, it is refreshed and the request is sent again.
  async fetch(path, options = {}) {
    const { access } = this.tokens;
    const response = await this.send(path, options);
    if (response.status !== 401 || !this.tokens.refresh) return response;
    // Another request may have refreshed while this one was under way.
    if (access === this.tokens.access) await this.refresh();
    return this.send(path, options);
  }

  // Requests that need a refresh at the same time share one.
  refresh() {
    this.refreshing ??= this.exchange().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  // Fails with 401 if the session is over. The tokens are then forgotten, and the user must log in.
  async exchange() {
    try {
      this.tokens = await this.post("token/refresh/", { refresh: this.tokens.refresh });
    } catch (error) {
      if (error.status === 401) this.tokens = {};
      throw error;
    }
  }

  send(path, options) {
    const headers = new Headers(options.headers);
    if (this.tokens.access) headers.set("Authorization", `Bearer ${this.tokens.access}`);
    return fetch(this.url + path, { ...options, headers });
  }

  // The answer of a token view. An error has its status.
  async post(path, body) {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
    return response.status === 204 ? null : response.json();
  }
}
