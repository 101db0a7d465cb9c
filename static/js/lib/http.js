/**
 * Talking to our own server: JSON in, JSON out, the CSRF token added, and every failure an HttpError with a sentence for a person.
 */

/** What to say when the server did not say it: what happened, what is safe, what to do. @type {Record<number, string>} */
const SENTENCES = {
  400: "The server did not understand this request. Nothing was changed.",
  401: "You are signed out. Sign in again in another tab, then repeat this step; this page keeps what you entered.",
  403: "Your role in this study does not allow this. Nothing was changed.",
  404: "This no longer exists, or you have no access to it. Nothing was changed.",
  409: "Someone changed this in the meantime. Reload the page to see the current state.",
  413: "This file is larger than the server accepts. Nothing was stored.",
  429: "Too many requests in a short time. Wait a minute, then try again.",
};
const SERVER_FAILED = "The server failed while doing this. Nothing on this page is lost; try again in a moment.";
const UNREACHABLE = "The server cannot be reached. Nothing on this page is lost; check the connection and try again.";

/** A request that did not succeed. `message` is a sentence that can be shown as it is. */
export class HttpError extends Error {
  /**
   * @param {string} sentence
   * @param {{status?: number, code?: string, fields?: Record<string, string[]>, body?: any, cause?: unknown}} [details]
   *   `status` is 0 when there was no answer at all; `body` is the whole answer where it was JSON
   */
  constructor(sentence, { status = 0, code = "", fields = {}, body = null, cause } = {}) {
    super(sentence, { cause });
    this.name = "HttpError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.body = body;
  }
}

/**
 * The CSRF token: the cookie, which is another one after signing in again in another tab, otherwise this page's meta element.
 * @param {Document} [page]
 * @returns {string} empty when there is none
 */
export function csrfToken(page = document) {
  const cookie = /(?:^|;\s*)(?:__Host-)?csrftoken=([^;]+)/.exec(page.cookie ?? "");
  if (cookie) return decodeURIComponent(cookie[1]);
  return page.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}

/**
 * Make an HttpError of an answer that is not a success. Our server sends {"error": sentence, "code": word, "fields": {name: [sentence]}}.
 * @param {Response} response
 * @returns {Promise<HttpError>}
 */
export async function errorFrom(response) {
  let body = null;
  if (isJson(response)) body = await response.json().catch(() => null);
  const said = [body?.error, body?.detail, body?.message].find((text) => typeof text === "string" && text);
  const sentence = said ?? SENTENCES[response.status] ?? (response.status >= 500 ? SERVER_FAILED : SENTENCES[400]);
  return new HttpError(sentence, { status: response.status, code: body?.code ?? "", fields: body?.fields ?? {}, body });
}

/**
 * Send a request to our own server.
 * @param {string} method
 * @param {string} url same origin
 * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the JSON of the answer; null when it has none; text when it is something else
 * @throws {HttpError} whatever goes wrong, except an abort, which stays an AbortError
 */
export async function request(method, url, { json, body, headers = {}, signal } = {}) {
  /** @type {Record<string, string>} */
  const all = { Accept: "application/json", "X-Requested-With": "fetch", ...headers };
  if (json !== undefined) all["Content-Type"] = "application/json";
  if (!["GET", "HEAD"].includes(method)) all["X-CSRFToken"] = csrfToken();
  let response;
  try {
    response = await fetch(url, {
      method, headers: all, signal, credentials: "same-origin",
      body: json === undefined ? body : JSON.stringify(json),
    });
  } catch (cause) {
    if (cause instanceof Error && cause.name === "AbortError") throw cause;
    throw new HttpError(UNREACHABLE, { code: "unreachable", cause });
  }
  if (!response.ok) throw await errorFrom(response);
  if (response.redirected && !isJson(response)) throw new HttpError(SENTENCES[401], { status: 401, code: "signed_out" });
  if (response.status === 204) return null;
  if (!isJson(response)) return response.text();
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "AbortError") throw cause;
    throw new HttpError(SERVER_FAILED, { status: response.status, code: "bad_json", cause });
  }
}

/** @param {Response} response */
function isJson(response) {
  return /[/+]json\b/.test(response.headers.get("Content-Type") ?? "");
}

/** @param {string} url @param {{signal?: AbortSignal}} [options] */
export const getJson = (url, options) => request("GET", url, options);

/** @param {string} url @param {unknown} json @param {{signal?: AbortSignal}} [options] */
export const postJson = (url, json, options) => request("POST", url, { ...options, json });
