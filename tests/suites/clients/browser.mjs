// Gives node what a browser does by itself: it keeps cookies, sends them if a request asks for it, and names its origin.
// One host is called, and time does not pass. So these lines do, and no package is needed.
import axios from "axios";

const cookies = new Map();

// The names of the cookies.
export const cookieNames = () => [...cookies.keys()].sort();

// Makes fetch and axios behave as on a page of this origin.
export function open(origin) {
  const headers = () => ({ Origin: origin, Cookie: [...cookies].map((cookie) => cookie.join("=")).join("; ") });

  const plainFetch = globalThis.fetch;
  globalThis.fetch = async (url, { credentials, ...options } = {}) => {
    if (credentials !== "include") return plainFetch(url, options);
    const response = await plainFetch(url, { ...options, headers: { ...options.headers, ...headers() } });
    response.headers.getSetCookie().forEach(keep);
    return response;
  };

  const plainAdapter = axios.getAdapter("http");
  axios.defaults.adapter = async (config) => {
    if (!config.withCredentials) return plainAdapter(config);
    config.headers.set(headers());
    try {
      return kept(await plainAdapter(config));
    } catch (error) {
      kept(error.response);
      throw error;
    }
  };
}

function kept(response) {
  response?.headers["set-cookie"]?.forEach(keep);
  return response;
}

function keep(line) {
  const [pair, ...attributes] = line.split("; ");
  const name = pair.slice(0, pair.indexOf("="));
  if (attributes.includes("Max-Age=0")) cookies.delete(name);
  else cookies.set(name, pair.slice(name.length + 1));
}
