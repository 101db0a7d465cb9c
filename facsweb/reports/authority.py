"""The installation's own certificate authority: a root that stays, a signing key a year, a revocation list.

Everything lies in ``settings.KEYS_DIR/authority``, private keys in files that only their owner can read. People
who want their reader to trust reports give it the root once (``verify/root.cer``); the keys that sign change
beneath it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier
from django.conf import settings

from facsweb import installation

log = logging.getLogger(__name__)
KEY_FILE, CERTIFICATE_FILE = "key.pem", "certificate.pem"
CRL_FILE, REVOKED_FILE = "installation.crl", "revoked.json"
#: A report outlives projects. Keys of a year sign in that year; their certificates are valid as long as the root.
VALID_YEARS: Final = 20
# RSA with 3072 bits: every PDF reader in use checks it (NIST SP 800-57 part 1: 128-bit security).
KEY_BITS: Final = 3072
DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning, RFC 9336
CRL_VALID: Final = dt.timedelta(days=400)
CRL_RENEWED: Final = dt.timedelta(days=30)
CLOCKS: Final = dt.timedelta(minutes=5)  # readers' clocks may be a little behind


class AuthorityError(Exception):
    """The authority's files cannot be used; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key with its certificate, in a folder of its own."""

    folder: Path
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def folder() -> Path:
    """Folder of everything that the authority keeps."""
    return Path(settings.KEYS_DIR) / "authority"


def root() -> Held:
    """The root, made at first need; raises AuthorityError."""
    place = folder() / "root"
    if not (place / KEY_FILE).exists():
        if (place / CERTIFICATE_FILE).exists():
            raise AuthorityError(f"The key in {place} is missing; restore it from a backup.")
        _make(place, None, f"Root {secrets.token_hex(4)}")
    return _held(place)


def leaf() -> Held:
    """The key that signs in this year, made at its first signature; raises AuthorityError."""
    year = dt.datetime.now(dt.UTC).year
    return _latest(year) or rotate()


def rotate() -> Held:
    """Make another signing key for this year, which signs from now on."""
    issuer, year = root(), dt.datetime.now(dt.UTC).year
    # Also of keys that were taken away: what they signed is theirs for good.
    numbers = [int(one.name.split("-")[1]) for one in (folder() / "leaves").glob(f"{year}-[0-9]*")]
    place = folder() / "leaves" / f"{year}-{max(numbers, default=0) + 1:02d}"
    _make(place, issuer, f"Report signature {place.name}")
    return _held(place)


def leaves() -> list[Held]:
    """Every signing key of this authority, the oldest first."""
    places = (folder() / "leaves").glob("[0-9]*-[0-9]*")
    return [_held(place) for place in sorted(places) if (place / KEY_FILE).exists()]


def root_certificate() -> x509.Certificate | None:
    """The root's certificate, or None before the first signature; never makes a key; raises AuthorityError."""
    path = folder() / "root" / CERTIFICATE_FILE
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()) if path.exists() else None
    except (OSError, ValueError) as error:
        raise AuthorityError(f"The certificate in {path.parent} is damaged; restore it from a backup.") from error


def fingerprints() -> set[str]:
    """SHA-256 (hex) of every signing certificate, also of those whose keys were taken away; opens no key."""
    found = (folder() / "leaves").glob(f"[0-9]*-[0-9]*/{CERTIFICATE_FILE}")
    loaded = [x509.load_pem_x509_certificate(path.read_bytes()) for path in found]
    return {one.fingerprint(hashes.SHA256()).hex() for one in loaded}


def newest_certificate() -> x509.Certificate | None:
    """The newest signing certificate, or None before the first signature; opens and makes no key."""
    found = sorted((folder() / "leaves").glob(f"[0-9]*-[0-9]*/{CERTIFICATE_FILE}"))
    return x509.load_pem_x509_certificate(found[-1].read_bytes()) if found else None


# --- revocation ------------------------------------------------------------------------------------------


def revoke(serial: int) -> None:
    """Put a signing certificate on the revocation list, for good."""
    known = _revoked()
    if str(serial) not in known:
        known[str(serial)] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        _write_whole(folder() / REVOKED_FILE, json.dumps(known).encode())
    _write_whole(folder() / CRL_FILE, _signed_list(known))


def revocation_list() -> bytes:
    """The list in DER, signed again when it is a month old; raises AuthorityError."""
    path = folder() / CRL_FILE
    if not path.exists() or _made_at(path.read_bytes()) < dt.datetime.now(dt.UTC) - CRL_RENEWED:
        try:
            _write_whole(path, _signed_list(_revoked()))
        except (AuthorityError, OSError) as error:
            if not path.exists():
                raise AuthorityError(f"There is no revocation list, and none can be signed: {error}") from error
            log.error("The revocation list cannot be signed again; the one before is good for a year: %s", error)
    return path.read_bytes()


def _made_at(der: bytes) -> dt.datetime:
    made: dt.datetime = x509.load_der_x509_crl(der).last_update_utc
    return made


def loaded_list() -> asn1_crl.CertificateList:
    """`revocation_list` as pyHanko takes it."""
    return asn1_crl.CertificateList.load(revocation_list())


def _revoked() -> dict[str, str]:
    path = folder() / REVOKED_FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _signed_list(known: dict[str, str]) -> bytes:
    issuer, now = root(), dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - CLOCKS)
        .next_update(now + CRL_VALID)
        .add_extension(_issued_by(issuer), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    for serial, at in known.items():
        entry = x509.RevokedCertificateBuilder(int(serial), dt.datetime.fromisoformat(at))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


# --- files -----------------------------------------------------------------------------------------------


def _latest(year: int) -> Held | None:
    """The last key of a year; None where there is none or it was revoked: older ones never sign again."""
    own = _of_year(year)
    return own[-1] if own and str(own[-1].certificate.serial_number) not in _revoked() else None


def _of_year(year: int) -> list[Held]:
    return [one for one in leaves() if one.folder.name.startswith(f"{year}-")]


def _held(place: Path) -> Held:
    try:
        return _loaded(place, (place / KEY_FILE).stat().st_mtime_ns)
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityError(f"The signing key in {place} is damaged; restore it from a backup.") from error


@lru_cache(maxsize=32)  # reading checks the key's arithmetic, which takes a third of a second
def _loaded(place: Path, changed_ns: int) -> Held:
    key = serialization.load_pem_private_key((place / KEY_FILE).read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return Held(place, key, x509.load_pem_x509_certificate((place / CERTIFICATE_FILE).read_bytes()))


def _make(place: Path, issuer: Held | None, label: str) -> None:
    """Write a key and its certificate, unless another process has just done so."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder().chmod(0o700)
    draft = place.parent / f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    installation.write_private(draft / KEY_FILE, pem)
    certificate = _certificate(key, issuer, label).public_bytes(serialization.Encoding.PEM)
    (draft / CERTIFICATE_FILE).write_bytes(certificate)
    # A folder can be renamed onto an empty one only, so the first of two processes wins, with both files whole.
    with contextlib.suppress(OSError):
        draft.rename(place)
    shutil.rmtree(draft, ignore_errors=True)
    if not (place / KEY_FILE).exists():
        raise AuthorityError(f"The signing key could not be written to {place}.")


def _name(label: str) -> x509.Name:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    whose = os.environ.get("FACSWEB_INSTALLATION_NAME", f"facsweb at {host}")[:60]
    parts = ((NameOID.ORGANIZATION_NAME, whose), (NameOID.COMMON_NAME, label))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _certificate(key: rsa.RSAPrivateKey, issuer: Held | None, label: str) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    until = now + dt.timedelta(days=365.25 * (VALID_YEARS if issuer else 2 * VALID_YEARS))
    if issuer is not None:
        until = min(until, issuer.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(label))
        .issuer_name(issuer.certificate.subject if issuer else _name(label))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None if issuer else 0), critical=True)
        .add_extension(_usage(is_root=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        at = x509.UniformResourceIdentifier(f"{settings.SITE_URL.rstrip('/')}/verify/{CRL_FILE}")
        point = x509.DistributionPoint([at], None, None, None)
        builder = (
            builder.add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
            .add_extension(_issued_by(issuer), critical=False)
            .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        )
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def _usage(*, is_root: bool) -> x509.KeyUsage:
    names = ["key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"]
    never: Any = dict.fromkeys(names, False)
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root,  # the bit once called non-repudiation
        key_cert_sign=is_root,
        crl_sign=is_root,
        **never,
    )


def _issued_by(issuer: Held) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(path)
