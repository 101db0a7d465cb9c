import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, createPasskey, sentenceFor, textOf, usePasskey } from "../../static/js/lib/passkey.js";

test("base64url survives the way there and back, with every byte and length", () => {
  for (let length = 0; length < 9; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 97 + 250) % 256);
    const text = textOf(bytes);
    assert.match(text ?? "", /^[\w-]*$/);
    assert.deepEqual(bytesOf(text ?? ""), bytes);
  }
  assert.equal(textOf(null), undefined);
});

/** A browser that notes what it was asked for. */
function browser(response) {
  const asked = [];
  const give = async (options) => {
    asked.push(options.publicKey);
    return {
      type: "public-key", id: "aWQ", rawId: bytesOf("aWQ"), authenticatorAttachment: null,
      getClientExtensionResults: () => ({ credProps: { rk: true } }),
      response: { clientDataJSON: bytesOf("eyJ9"), ...response },
    };
  };
  return { asked, credentials: { create: give, get: give } };
}

const MAKING = {
  publicKey: {
    challenge: "AQID", user: { id: "BAUG", name: "a" }, excludeCredentials: [{ id: "Bwg", type: "public-key" }],
    authenticatorSelection: { residentKey: "discouraged", userVerification: "preferred" },
  },
};

test("a passkey that signs in alone is kept on the device and asks who is there", async () => {
  const asked = browser({ attestationObject: bytesOf("AAAA"), getTransports: () => ["internal"] });
  const answer = await createPasskey(MAKING, true, asked);
  const [options] = asked.asked;
  assert.deepEqual(options.challenge, Uint8Array.of(1, 2, 3));
  assert.deepEqual(options.user.id, Uint8Array.of(4, 5, 6));
  assert.deepEqual(options.excludeCredentials[0].id, Uint8Array.of(7, 8));
  assert.equal(options.authenticatorSelection.residentKey, "required");
  assert.equal(options.authenticatorSelection.userVerification, "required");
  assert.equal(answer.response.attestationObject, "AAAA");
  assert.deepEqual(answer.clientExtensionResults, { credProps: { rk: true } });
  assert.equal(MAKING.publicKey.challenge, "AQID", "what the server sent is left alone");
});

test("a passkey that follows a password is not", async () => {
  const asked = browser({ attestationObject: bytesOf("AAAA") });
  await createPasskey(MAKING, false, asked);
  assert.equal(asked.asked[0].authenticatorSelection.residentKey, "discouraged");
  assert.equal(asked.asked[0].authenticatorSelection.userVerification, "preferred");
});

test("using one sends the signature and who it speaks for", async () => {
  const asked = browser({ authenticatorData: bytesOf("AQ"), signature: bytesOf("Ag"), userHandle: bytesOf("Aw") });
  const answer = await usePasskey({ publicKey: { challenge: "AQID" } }, asked);
  assert.deepEqual(asked.asked[0].allowCredentials, []);
  assert.deepEqual([answer.response.signature, answer.response.userHandle], ["Ag", "Aw"]);
  assert.equal(JSON.parse(JSON.stringify(answer)).rawId, "aWQ");
});

test("every failure is a sentence", () => {
  for (const name of ["InvalidStateError", "SecurityError", "NotSupportedError", "NotAllowedError", "AbortError"]) {
    for (const making of [true, false]) assert.match(sentenceFor(new DOMException("x", name), making), /^[A-Z].*\.$/);
  }
  assert.notEqual(sentenceFor(new DOMException("x", "NotAllowedError"), true), sentenceFor(null, false));
});
