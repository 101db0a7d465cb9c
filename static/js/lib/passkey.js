/**
 * Passkeys between our server, which speaks JSON with base64url, and the browser, which speaks bytes.
 * @typedef {{credentials: {create: Function, get: Function}}} Maker
 */

/** @param {string} text base64url @returns {Uint8Array} */
export function bytesOf(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer | Uint8Array | null | undefined} bytes @returns {string | undefined} base64url without padding */
export function textOf(bytes) {
  if (!bytes) return undefined;
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {{id: string}} described */
const withBytes = (described) => ({ ...described, id: bytesOf(described.id) });

/**
 * Make a passkey.
 * @param {{publicKey: any}} options as the server sent them
 * @param {boolean} alone whether it is to open the account without a password
 * @param {Maker} [browser]
 * @returns {Promise<object>} what the server checks
 */
export async function createPasskey(options, alone, browser = navigator) {
  const asked = structuredClone(options.publicKey);
  const key = await browser.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytesOf(asked.challenge),
      user: withBytes(asked.user),
      excludeCredentials: (asked.excludeCredentials ?? []).map(withBytes),
      authenticatorSelection: {
        ...asked.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        ...(alone ? { userVerification: "required" } : {}),
      },
    },
  });
  return answerOf(key, {
    attestationObject: textOf(key.response.attestationObject),
    transports: key.response.getTransports?.() ?? [],
  });
}

/**
 * Use a passkey.
 * @param {{publicKey: any}} options as the server sent them
 * @param {Maker} [browser]
 * @returns {Promise<object>} what the server checks
 */
export async function usePasskey(options, browser = navigator) {
  const asked = options.publicKey;
  const key = await browser.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytesOf(asked.challenge),
      allowCredentials: (asked.allowCredentials ?? []).map(withBytes),
    },
  });
  return answerOf(key, {
    authenticatorData: textOf(key.response.authenticatorData),
    signature: textOf(key.response.signature),
    userHandle: textOf(key.response.userHandle),
  });
}

/** @param {any} key @param {object} response */
function answerOf(key, response) {
  return {
    type: key.type,
    id: key.id,
    rawId: textOf(key.rawId),
    authenticatorAttachment: key.authenticatorAttachment ?? undefined,
    clientExtensionResults: key.getClientExtensionResults?.() ?? {},
    response: { clientDataJSON: textOf(key.response.clientDataJSON), ...response },
  };
}

/**
 * What to say when a browser did not give a passkey.
 * @param {unknown} error
 * @param {boolean} making
 * @returns {string} a sentence: what happened, what is safe, what to do
 */
export function sentenceFor(error, making) {
  const name = error instanceof Error ? error.name : "";
  if (name === "InvalidStateError") return "This device holds a passkey of your account already. Nothing was added.";
  if (name === "SecurityError")
    return "Browsers allow passkeys only at an address with a name, over https or at localhost. Open this page by its name.";
  if (name === "NotSupportedError") return "This device cannot do what was asked of it. Try another device or key.";
  if (name === "HttpError" && error instanceof Error) return error.message;
  return making
    ? "No passkey was made: the device was not confirmed, or it took too long. Try again."
    : "No passkey was used: the device was not confirmed, knows no passkey for this site, or it took too long. Try again.";
}
