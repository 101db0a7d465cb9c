"""The installation's signing key, and the PAdES signature it puts on a report.

The key is made at first need in ``settings.KEYS_DIR``, or given by the operator as a PKCS#12 file in
``FACSWEB_SIGNING_P12`` (password in ``FACSWEB_SIGNING_P12_PASSWORD``). ``FACSWEB_TSA_URL`` names an RFC 3161
time-stamping service; with it signatures are PAdES-B-T, without it PAdES-B-B.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps

from facsweb import installation

KEY_FILE, CERTIFICATE_FILE = "signing-key.pem", "signing-certificate.pem"
FIELD_NAME = "SignOff"
VALID_YEARS = 20  # a report outlives projects; the stored fingerprint, not the date, decides whose it is
# RSA with 3072 bits: every PDF reader in use checks it (NIST SP 800-57 part 1: 128-bit security).
KEY_BITS = 3072
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning, RFC 9336
# CMS with certificates and padding needs about 6 kB; a time stamp roughly doubles it.
BYTES_RESERVED = 24_576


class SigningError(Exception):
    """The key cannot be used; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What this installation signs with."""

    signer: signers.SimpleSigner
    certificate: asn1_x509.Certificate
    given: bool
    """True when the operator brought the key."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return str(self.certificate.sha256.hex())


def key_folder() -> Path:
    """Folder of the key made here."""
    return Path(settings.KEYS_DIR) / "signing"


def _name() -> x509.Name:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    label = os.environ.get("FACSWEB_INSTALLATION_NAME", f"facsweb at {host}")[:60]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, label),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Report signature {secrets.token_hex(4)}"),
        ]
    )


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name, now = _name(), dt.datetime.now(dt.UTC)
    usage = {
        "digital_signature": True,
        "content_commitment": True,  # the bit once called non-repudiation
        **dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"), False),
        **dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False),
    }
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))  # readers' clocks may be a little behind
        .not_valid_after(now + dt.timedelta(days=365.25 * VALID_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_key(folder: Path) -> None:
    """Make the installation's key and certificate in the folder, unless another process has just done so."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f"{folder.name}.{os.getpid()}.{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    installation.write_private(draft / KEY_FILE, pem)
    (draft / CERTIFICATE_FILE).write_bytes(_self_signed(key).public_bytes(serialization.Encoding.PEM))
    # A folder can be renamed onto an empty one only, so the first of two processes wins, with both files whole.
    with contextlib.suppress(OSError):
        draft.rename(folder)
    shutil.rmtree(draft, ignore_errors=True)
    if not (folder / KEY_FILE).exists():
        raise SigningError(f"The signing key could not be written to {folder}.")


def _own(folder: Path) -> Identity:
    return _loaded(folder, (folder / KEY_FILE).stat().st_mtime_ns)


@lru_cache(maxsize=4)  # reading checks the key's arithmetic, which takes a third of a second
def _loaded(folder: Path, changed_ns: int) -> Identity:
    signer = signers.SimpleSigner.load(str(folder / KEY_FILE), str(folder / CERTIFICATE_FILE))
    if signer is None:
        raise SigningError(f"The signing key in {folder} is damaged; restore it from a backup.")
    return Identity(signer, signer.signing_cert, given=False)


@lru_cache(maxsize=4)
def _given(path: str, password: str, changed_ns: int) -> Identity:
    signer = signers.SimpleSigner.load_pkcs12(path, passphrase=password.encode() or None)
    if signer is None:
        raise SigningError(f"{path} could not be opened: not a PKCS#12 file, or the password is wrong.")
    return Identity(signer, signer.signing_cert, given=True)


def identity(environ: Mapping[str, str] = os.environ) -> Identity:
    """Return what this installation signs with, making the key when there is none; raises SigningError."""
    if path := environ.get("FACSWEB_SIGNING_P12"):
        if not Path(path).is_file():
            raise SigningError(f"FACSWEB_SIGNING_P12 names {path}, which does not exist.")
        password = environ.get("FACSWEB_SIGNING_P12_PASSWORD", "")
        return _given(path, password, Path(path).stat().st_mtime_ns)
    folder = key_folder()
    if not (folder / KEY_FILE).exists():
        make_key(folder)
    return _own(folder)


def own_fingerprint() -> str | None:
    """Fingerprint of the key made here, or None before the first signature; never makes a key."""
    path = key_folder() / CERTIFICATE_FILE
    if not path.exists():
        return None
    return x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex()


def seal(pdf: bytes, *, name: str, reason: str, who: Identity | None = None) -> tuple[bytes, str]:
    """Sign a PDF so that no later change goes unseen.

    Parameters
    ----------
    pdf : bytes
        The finished document.
    name, reason : str
        Who signed off and what for; readers show both.
    who : Identity, optional
        The key; this installation's by default.

    Returns
    -------
    tuple of bytes and str
        The signed PDF, and the SHA-256 fingerprint (hex) of the certificate.
    """
    who = who or identity()
    tsa = os.environ.get("FACSWEB_TSA_URL")
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=name,
        reason=reason,
        # Certified, nothing may be added: readers then show any later change as a breach.
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signer = signers.PdfSigner(
        metadata, signer=who.signer, timestamper=timestamps.HTTPTimeStamper(tsa) if tsa else None
    )
    out = signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=BYTES_RESERVED)
    return bytes(out.getbuffer()), who.fingerprint
