"""A small OpenID Connect provider on the loopback: discovery, keys, and a token endpoint that checks PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "facsweb-test", "s3cret:with/signs"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Who it vouches for, and how it errs, is set by the test: `claims` and `wrong` go into the next ID token."""

    def __init__(self) -> None:
        self.key, self.kid = new_key(), "key-1"
        self.claims: dict[str, Any] = {}
        self.sign_with: rsa.RSAPrivateKey | None = None
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self)

            def do_POST(self) -> None:
                provider.answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urlsplit(request.path).path
        if path == "/.well-known/openid-configuration":
            self._send(request, self.description())
        elif path == "/keys":
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            self._send(request, {"keys": [{**jwk, "kid": "key-1", "use": "sig", "alg": "RS256"}]})
        elif path == "/token" and request.command == "POST":
            self._token(request)
        else:
            self._send(request, {"error": "not found"}, 404)

    def description(self) -> dict[str, Any]:
        return {
            **{"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize"},
            **{"token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys"},
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authorize(self, url: str) -> str:
        """What a person who says yes brings back: the answer's query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"?code={code}&state={asked['state']}"

    def _token(self, request: BaseHTTPRequestHandler) -> None:
        sent = parse_qs(request.rfile.read(int(request.headers["Content-Length"])).decode())
        form = {name: values[0] for name, values in sent.items()}
        asked = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        fits = (
            asked is not None
            and request.headers.get("Authorization") == f"Basic {basic}"
            and base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
        )
        if not fits or asked is None:
            return self._send(request, {"error": "invalid_grant"}, 400)
        now = int(time.time())
        said = {
            **{"iss": self.issuer, "aud": CLIENT_ID, "sub": "subject-1", "nonce": asked["nonce"]},
            **{"iat": now, "exp": now + 300, "email": "coder@example.org", "email_verified": True},
            "name": "Coder at the provider",
        } | self.claims
        key: Any = self.sign_with or self.key
        if self.algorithm == "none":
            key = None
        elif self.algorithm == "HS256":
            key = CLIENT_SECRET * 2
        said = {name: value for name, value in said.items() if value is not None}
        token = jwt.encode(said, key, algorithm=self.algorithm, headers={"kid": self.kid})
        return self._send(request, {"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _send(self, request: BaseHTTPRequestHandler, body: dict[str, Any], status: int = 200) -> None:
        content = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
