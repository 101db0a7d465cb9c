"""A security key in software, which does what its thief tells it: any flag, any counter, for any person's name."""

from __future__ import annotations

import json
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN = "https://testserver"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftwareKey:
    """One key of one person, registered as a browser registers it."""

    def __init__(
        self, user: Any, *, counter: int = 0, alone: bool = True, name: bytes = b"a software key"
    ) -> None:
        self.user, self.id = user, websafe_encode(name)
        self.secret = ec.generate_private_key(ec.SECP256R1())
        public = ES256.from_cryptography_key(self.secret.public_key())
        held = AttestedCredentialData.create(Aaguid.NONE, name, public)
        data = AuthenticatorData.create(
            sha256(b"testserver"), AuthenticatorData.FLAG(PRESENT | VERIFIED | ATTESTED), counter, held
        )
        made = CollectedClientData.create("webauthn.create", b"challenge", ORIGIN)
        credential = {
            **{"id": self.id, "rawId": self.id, "type": "public-key"},
            "response": {
                "clientDataJSON": websafe_encode(made),
                "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            },
            "clientExtensionResults": {"credProps": {"rk": alone}},
        }
        self.row = Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": credential}
        )

    def answer(self, challenge: str, *, verified: bool = True, counter: int = 0, origin: str = ORIGIN) -> str:
        """What a browser would send for a challenge (base64url)."""
        flags = PRESENT | (VERIFIED if verified else 0)
        data = AuthenticatorData.create(sha256(b"testserver"), AuthenticatorData.FLAG(flags), counter)
        said = CollectedClientData.create("webauthn.get", websafe_decode(challenge), origin)
        signature = self.secret.sign(data + said.hash, ec.ECDSA(hashes.SHA256()))
        return json.dumps(
            {
                **{"id": self.id, "rawId": self.id, "type": "public-key"},
                "response": {
                    "clientDataJSON": websafe_encode(said),
                    "authenticatorData": websafe_encode(data),
                    "signature": websafe_encode(signature),
                    "userHandle": websafe_encode(user_pk_to_url_str(self.user).encode()),
                },
                "clientExtensionResults": {},
            }
        )

    def signs_in(self, client: Client, **how: Any) -> bool:
        """Whether the key alone opens the account in this browser."""
        asked = client.get(
            reverse("mfa_login_webauthn"),
            headers={"X-Requested-With": "XMLHttpRequest"},
        )
        challenge = asked.json()["request_options"]["publicKey"]["challenge"]
        client.post(reverse("mfa_login_webauthn"), {"credential": self.answer(challenge, **how)})
        return bool(get_user(client) == self.user)
