/** The cards of all codes, fetched once. */
import { getJson } from "./http.js";

/** @type {Promise<any> | null} */ let asked = null;

/** @param {string} url */
export function cards(url) {
  asked ??= getJson(url).catch((error) => {
    asked = null; // the next one who needs them asks again
    throw error;
  });
  return asked;
}
