"""The installation's key signs the anchors of the audit log (``audit.hooks``)."""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger(__name__)


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
    """Fingerprints of this installation's certificates; makes no key.

    An operator's key that cannot be opened now is left out: its anchors are then named, and the others checked.
    """
    from facsweb.reports import authority, signing

    found = {signing.old_fingerprint(), *authority.fingerprints()}
    try:
        given = signing.operators()
    except signing.SigningError as error:
        log.warning("The operator's certificate is not at hand: %s", error)
    else:
        found.add(given.fingerprint if given is not None else None)
    return {one for one in found if one}
