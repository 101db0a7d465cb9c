/** The tokens' colours as they are now, looked up once a theme: drawing asks for them at every frame. */
import { onThemeChange, tokenColour } from "./theme.js";

/** @type {Map<string, string>} */
const known = new Map();
export const forgetColours = () => known.clear();
onThemeChange(forgetColours);

/** @param {string} name a token, such as `--accent` @returns {string} "rgb(…)" */
export function colour(name) {
  let found = known.get(name);
  if (found === undefined) {
    found = tokenColour(name);
    known.set(name, found);
  }
  return found;
}
