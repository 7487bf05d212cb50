// Calls an API with axios. The refresh token is in a cookie that no script can read. The page keeps the access token in
// memory. A page that was just loaded calls `refresh`: it fails with 401 if the user must log in.
import axios from "axios";

export class Api {
  constructor(baseURL) {
    this.access = undefined;
    this.csrf = undefined;
    this.views = axios.create({ baseURL, withCredentials: true }); // the views that use the cookie
    this.views.interceptors.request.use((config) => this.addCsrf(config));
    this.views.interceptors.response.use((response) => this.keepCsrf(response), (error) => this.askCsrf(error));
    this.http = axios.create({ baseURL }); // everything else
    this.http.interceptors.request.use((config) => this.authorize(config));
    this.http.interceptors.response.use(null, (error) => this.retry(error));
  }

  async login(username, password) {
    this.access = (await this.views.post("session/", { username, password })).data.access;
  }

  async logout() {
    await this.views.post("session/logout/");
    this.access = undefined;
  }

  authorize(config) {
    config.access = this.access;
    if (config.access) config.headers.set("Authorization", `Bearer ${config.access}`);
    return config;
  }

  // If the access token has expired, it is refreshed and the request is sent again, once.
  async retry(error) {
    const { config, response } = error;
    if (response?.status !== 401 || config.isRepeated || !this.access) throw error;
    // Another request may have refreshed while this one was under way.
    if (config.access === this.access) await this.refresh();
    return this.http.request({ ...config, isRepeated: true });
  }

  // Requests that need a refresh at the same time share one.
  refresh() {
    this.refreshing ??= this.exchange().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  // Fails with 401 if the session is over. The server then deletes the cookie, and the user must log in.
  async exchange() {
    try {
      this.access = (await this.views.post("session/refresh/")).data.access;
    } catch (error) {
      if (error.status === 401) this.access = undefined;
      throw error;
    }
  }

  addCsrf(config) {
    if (this.csrf) config.headers.set("X-CSRFToken", this.csrf);
    return config;
  }

  keepCsrf(response) {
    this.csrf = response.headers["x-csrftoken"] ?? this.csrf;
    return response;
  }

  // The page has no CSRF token yet, or a login in another tab has changed it: asks for it, and sends the request again.
  async askCsrf(error) {
    const { config, response } = error;
    if (response?.status !== 403 || config.isRepeated) throw error;
    await this.views.get("session/csrf/");
    return this.views.request({ ...config, isRepeated: true });
  }
}
