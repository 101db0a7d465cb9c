"""Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce, as a relying party.

The signature of the ID token is always checked, also behind TLS, and so are issuer, audience, authorised party,
nonce and times (OpenID Connect Core 1.0, section 3.1.3.7). Nobody gets in without a verified address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import jwt
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from facsweb.accounts.models import ProviderIdentity, User
from facsweb.accounts.services import create_from_provider
from facsweb.audit.services import record

log = logging.getLogger(__name__)

PATIENCE_S: Final = 10
KNOWN_FOR_S: Final = 3600  # how long the provider's own description is kept
CLOCKS_S: Final = 60  # how far two clocks may differ
#: No shared secrets, and never "none".
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "ES256",
    "ES384",
    "EdDSA",
)
#: Values of ``amr`` (RFC 8176) for what one knows, and for what one has or is.
KNOWN, HELD = frozenset({"pwd", "pin", "kba"}), frozenset({"otp", "hwk", "swk", "sc", "fpt", "face", "iris"})
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """The provider's answer lets nobody in; the text is a sentence for a person."""


BROKEN = "The answer of the sign-in service could not be trusted. Nobody was signed in; try again from the start."
AWAY = "The sign-in service cannot be reached or does not answer as it should. Try again in a moment."


@dataclass(frozen=True)
class Claims:
    """What the provider vouches for."""

    subject: str
    email: str
    name: str
    several_factors: bool


def enabled() -> bool:
    """Whether an operator configured a provider."""
    return bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID)


def _get(url: str) -> dict[str, Any]:
    import requests  # here and below: a tenth of every server's start, for few installations

    try:
        answer = requests.get(url, timeout=PATIENCE_S, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        log.warning("The OpenID Connect provider did not answer at %s: %s", url, error)
        raise Refused(AWAY) from error
    if not isinstance(found, dict):
        raise Refused(AWAY)
    return found


def description() -> dict[str, Any]:
    """The provider's own description; its issuer must be the configured one (Discovery 1.0, section 4.3)."""
    issuer = settings.OIDC_ISSUER.rstrip("/")
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        log.error("OIDC_ISSUER must begin with https://.")
        raise Refused(AWAY)
    key = f"oidc:{hashlib.sha256(issuer.encode()).hexdigest()}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        found = _get(f"{issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != issuer:
            log.warning("The OpenID Connect provider calls itself %r.", found.get("issuer"))
            raise Refused(AWAY)
        if {"authorization_endpoint", "token_endpoint", "jwks_uri"} - set(found):
            raise Refused(AWAY)
        cache.set(key, found, KNOWN_FOR_S)
    return found


def begin(return_to: str) -> tuple[str, dict[str, str]]:
    """Where to send a browser, and what to keep in its session until it comes back."""
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    asked = {
        **{"response_type": "code", "client_id": settings.OIDC_CLIENT_ID, "redirect_uri": return_to},
        **{"scope": "openid email profile", "state": kept["state"], "nonce": kept["nonce"]},
        **{"code_challenge": challenge, "code_challenge_method": "S256"},
    }
    where = str(description()["authorization_endpoint"])
    return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}", kept


def finish(kept: dict[str, str], *, state: str, code: str, return_to: str) -> Claims:
    """Exchange the code that a browser brought, and check the ID token.

    Raises
    ------
    Refused
        Anything does not fit.
    """
    if not kept or not code or not hmac.compare_digest(kept["state"].encode(), state.encode()):
        raise Refused(BROKEN)
    known = description()
    form = {
        **{"grant_type": "authorization_code", "code": code, "redirect_uri": return_to},
        **{"client_id": settings.OIDC_CLIENT_ID, "code_verifier": kept["verifier"]},
    }
    methods = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    basic = None
    if settings.OIDC_CLIENT_SECRET and "client_secret_basic" in methods:
        basic = (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
    elif settings.OIDC_CLIENT_SECRET:
        form["client_secret"] = settings.OIDC_CLIENT_SECRET
    import requests

    try:
        answer = requests.post(
            str(known["token_endpoint"]), data=form, auth=basic, timeout=PATIENCE_S, allow_redirects=False
        )
        answer.raise_for_status()
        token = answer.json()["id_token"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        log.warning("The OpenID Connect provider did not exchange the code: %s", error)
        raise Refused(AWAY) from error
    return _claims(_checked(str(token), str(known["jwks_uri"]), kept["nonce"]))


def _checked(token: str, keys_at: str, nonce: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise Refused(BROKEN)
        keys = [key for key in jwt.PyJWKSet.from_dict(_get(keys_at)).keys if key.key_id == header.get("kid")]
        if len(keys) != 1:
            raise Refused(BROKEN)
        said: dict[str, Any] = jwt.decode(
            token,
            keys[0],
            algorithms=[header["alg"]],
            issuer=str(description()["issuer"]),
            audience=settings.OIDC_CLIENT_ID,
            leeway=CLOCKS_S,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        log.warning("An ID token was refused: %s", error)
        raise Refused(BROKEN) from error
    audience = said["aud"]
    others = isinstance(audience, list) and len(audience) > 1
    if (others or "azp" in said) and said.get("azp") != settings.OIDC_CLIENT_ID:
        raise Refused(BROKEN)
    if not hmac.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise Refused(BROKEN)
    return said


def _lower(address: str) -> str:
    """Lower case of ASCII alone: the sign for Kelvin is no k, and belongs to somebody else."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in address)


def _claims(said: dict[str, Any]) -> Claims:
    if said.get("email_verified") is not True or not said.get("email"):
        raise Refused("The sign-in service does not vouch for your email address, so it is not known who you are.")
    reported = said.get("amr")
    amr = {str(one) for one in reported} if isinstance(reported, list) else set()
    return Claims(
        subject=str(said["sub"]),
        email=_lower(str(said["email"]).strip()),
        name=str(said.get("name") or said["email"])[:120],
        several_factors="mfa" in amr or bool(amr & KNOWN and amr & HELD),
    )


@transaction.atomic
def person(claims: Claims) -> User:
    """Whose account this is: by the subject that is known already, otherwise by the address, once.

    Raises
    ------
    Refused
        There is no account, and the configuration makes none; or it is shut.
    """
    issuer = settings.OIDC_ISSUER.rstrip("/")
    known = ProviderIdentity.objects.select_related("user").filter(issuer=issuer, subject=claims.subject).first()
    user = known.user if known else User.objects.filter(email=claims.email).first()
    if user is None and settings.OIDC_CREATE:
        user = create_from_provider(email=claims.email, name=claims.name)
    if user is None or not user.is_active:
        raise Refused("There is no account here for you. Ask the people who run this installation to invite you.")
    if known is None:
        if ProviderIdentity.objects.filter(issuer=issuer, user=user).exists():
            # The address was given to somebody else at the provider: it is no longer who it was.
            raise Refused(
                "Another person at the sign-in service is known for this account. Ask the people who run this "
                "installation."
            )
        ProviderIdentity.objects.create(issuer=issuer, subject=claims.subject, user=user)
        record(user, "account.provider_linked", user)
    return user
