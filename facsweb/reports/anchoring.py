"""The installation's key signs the anchors of the audit log (``audit.hooks``)."""

from __future__ import annotations

import asyncio
import os


def sign(data: bytes) -> tuple[bytes, str]:
    """Signature (SHA-256, by the key that also signs reports) and the certificate's PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from facsweb.reports import signing  # pyHanko takes a second to import; a server's start does not wait for it

    who = signing.identity()
    certificate = x509.load_der_x509_certificate(who.certificate.dump())
    signature = asyncio.run(who.signer.async_sign_raw(data, "sha256"))
    return signature, certificate.public_bytes(Encoding.PEM).decode()


def certificates() -> set[str]:
    """Fingerprints of the keys that this installation holds; makes none."""
    from facsweb.reports import authority, signing

    found = {signing.old_fingerprint(), *(one.fingerprint for one in authority.leaves())}
    if os.environ.get("FACSWEB_SIGNING_P12"):
        found.add(signing.identity().fingerprint)
    return {one for one in found if one}
