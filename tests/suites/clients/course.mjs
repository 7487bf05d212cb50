// Drives one client against the live server: `node course.mjs CLIENT URL USERNAME PASSWORD LIFETIME`. Prints statuses as JSON.
import { cookieNames, open } from "./browser.mjs";

const TIMES = 10;

const [name, url, username, password, lifetime] = process.argv.slice(2);
open(new URL(url).origin);
const { Api } = await import(`./${name}.mjs`);
const api = new Api(url);

const atOnce = (act) => Promise.all(Array.from({ length: TIMES }, act));
const status = (promise) => promise.then((response) => response.status, (error) => error.status);
const call = () => status(api.http ? api.http.get("whoami/") : api.fetch("whoami/"));
const refresh = () => status(api.exchange().then(() => ({ status: 200 })));
const accessToken = () => api.access ?? api.tokens.access;

// The access token expires. Ten requests share one refresh.
await api.login(username, password);
await new Promise((resolve) => setTimeout(resolve, lifetime * 1000));
const shared = await atOnce(call);

// The session ends somewhere else. The ten share one refresh again, and all fail.
await fetch(`${url}token/logout/`, { method: "POST", headers: { Authorization: `Bearer ${accessToken()}` } });
const ended = await atOnce(call);

// A page that does not share refreshes ten times at once.
await api.login(username, password);
const refreshes = await atOnce(refresh);
const unshared = await atOnce(call);

// The user logs in again in another tab, which may have the same cookies.
await new Api(url).login(username, password);
const otherTab = [await refresh(), await call()];
await api.logout();

console.log(JSON.stringify({ shared, ended, refreshes, unshared, otherTab, cookies: cookieNames() }));
