// Calls an API with axios. The page keeps both tokens in memory, so a reload logs in again.
import axios from "axios";

export class Api {
  constructor(baseURL) {
    this.tokens = {}; // access and refresh
    this.views = axios.create({ baseURL }); // the token views: no token in the header, no retry
    this.http = axios.create({ baseURL }); // everything else
    this.http.interceptors.request.use((config) => this.authorize(config));
    this.http.interceptors.response.use(null, (error) => this.retry(error));
  }

  async login(username, password) {
    this.tokens = (await this.views.post("token/", { username, password })).data;
  }

  async logout() {
    await this.views.post("token/logout/", { refresh: this.tokens.refresh });
    this.tokens = {};
  }

  authorize(config) {
    config.access = this.tokens.access;
    if (config.access) config.headers.set("Authorization", `Bearer ${config.access}`);
    return config;
  }

  // If the access token has expired, it is refreshed and the request is sent again, once.
  async retry(error) {
    const { config, response } = error;
    if (response?.status !== 401 || config.isRepeated || !this.tokens.refresh) throw error;
    // Another request may have refreshed while this one was under way.
    if (config.access === this.tokens.access) await this.refresh();
    return this.http.request({ ...config, isRepeated: true });
  }

  // Requests that need a refresh at the same time share one.
  refresh() {
    this.refreshing ??= this.exchange().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  // Fails with 401 if the session is over. The tokens are then forgotten, and the user must log in.
  async exchange() {
    try {
      this.tokens = (await this.views.post("token/refresh/", { refresh: this.tokens.refresh })).data;
    } catch (error) {
      if (error.status === 401) this.tokens = {};
      throw error;
    }
  }
}
