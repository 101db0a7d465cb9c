"""What has to be read again but must not lie open in the database: encrypted with keys made from SECRET_KEY."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _box(purpose: str) -> Fernet:
    info = f"facsweb {purpose}".encode()
    key = HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def seal(purpose: str, content: bytes) -> bytes:
    """Encrypt for one purpose; nothing sealed for another opens."""
    return _box(purpose).encrypt(content)


def opened(purpose: str, sealed: bytes) -> bytes | None:
    """What was sealed; None where SECRET_KEY has changed since, or somebody changed it."""
    try:
        return _box(purpose).decrypt(sealed)
    except InvalidToken:
        return None
