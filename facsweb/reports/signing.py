"""What this installation signs with, and the PAdES signatures it puts on a report.

By default a key of the installation's own authority (`authority`). An operator brings their own as a PKCS#12 file
(``FACSWEB_SIGNING_P12``, password in ``FACSWEB_SIGNING_P12_PASSWORD`` or in the file that
``FACSWEB_SIGNING_P12_PASSWORD_FILE`` names) or on a PKCS#11 token (``FACSWEB_PKCS11_MODULE``, ``_TOKEN``,
``_LABEL``, ``_PIN_FILE``), with the issuers' certificates in ``FACSWEB_SIGNING_CHAIN`` (PEM, the root among them).

``FACSWEB_TSA_URL`` names an RFC 3161 time-stamping service and ``FACSWEB_TSA_ROOTS`` the certificates that its
stamps go back to (PEM). What a reader needs later (certificates, revocation list) is put into the file; with a
time-stamping service and its roots that is PAdES-B-LTA.
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from facsweb.reports import authority, tagging

#: Where installations kept the self-signed key that they signed with before they had an authority.
OLD_KEY_FOLDER, OLD_CERTIFICATE = "signing", "signing-certificate.pem"
FIELD_NAME, SECOND_FIELD = "SignOff", "Countersignature"
#: What readers that read aloud call the fields.
SPOKEN = {FIELD_NAME: "Signature", SECOND_FIELD: "Second signature"}
# CMS with certificates and padding needs about 8 kB; a time stamp roughly doubles it.
BYTES_RESERVED = 24_576


class SigningError(Exception):
    """The key cannot be used; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What this installation signs with."""

    signer: signers.Signer
    given: bool
    """True when the operator brought the key."""
    roots: tuple[x509.Certificate, ...] = ()
    """What the certificate goes back to; empty where nobody said."""
    issuers: tuple[x509.Certificate, ...] = ()
    lists: tuple[Any, ...] = field(default=(), repr=False)
    """Revocation lists of the issuers."""

    @property
    def certificate(self) -> x509.Certificate:
        certificate = self.signer.signing_cert
        if certificate is None:
            raise SigningError("The signing key has no certificate beside it.")
        return certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return str(self.certificate.sha256.hex())


class _Signer(signers.Signer):
    """Signs with a key that is loaded already; pyHanko's own checks its arithmetic anew at every signature."""

    def __init__(self, held: authority.Held, issuer: x509.Certificate) -> None:
        super().__init__(signing_cert=_loaded(held), cert_registry=SimpleCertificateStore.from_certs([issuer]))
        self._key = held.key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._key.sign(data, PKCS1v15(), getattr(hashes, digest_algorithm.upper())())


def own() -> Identity:
    """The identity of the installation's authority, made when there is none; raises SigningError."""
    try:
        issuer, held = authority.root(), authority.leaf()
        lists = (authority.loaded_list(),)
    except authority.AuthorityError as error:
        raise SigningError(str(error)) from error
    return _of_authority(issuer, held, lists)


def _of_authority(issuer: authority.Held, held: authority.Held, lists: tuple[Any, ...]) -> Identity:
    top = _loaded(issuer)
    return Identity(_Signer(held, top), given=False, roots=(top,), lists=lists)


def _loaded(held: authority.Held) -> x509.Certificate:
    return x509.Certificate.load(held.certificate.public_bytes(serialization.Encoding.DER))


def identity(environ: Mapping[str, str] = os.environ) -> Identity:
    """Return what this installation signs with, making the key when there is none; raises SigningError."""
    if (given := operators(environ)) is None:
        return own()
    valid = given.certificate["tbs_certificate"]["validity"]
    begins, ends = valid["not_before"].native, valid["not_after"].native
    if not begins <= dt.datetime.now(dt.UTC) <= ends:
        when = f"ended on {ends:%Y-%m-%d}" if ends < dt.datetime.now(dt.UTC) else f"begins on {begins:%Y-%m-%d}"
        raise SigningError(f"The operator's signing certificate {when}, so nothing is signed with it.")
    return given


def operators(environ: Mapping[str, str] = os.environ) -> Identity | None:
    """The key that the operator brought, whether its certificate is valid or not; None where they brought none.

    Raises
    ------
    SigningError
        It cannot be used.
    """
    if path := environ.get("FACSWEB_SIGNING_P12"):
        if not Path(path).is_file():
            raise SigningError(f"FACSWEB_SIGNING_P12 names {path}, which does not exist.")
        password = _secret(environ, "FACSWEB_SIGNING_P12_PASSWORD")
        return _with_chain(_given(path, password, Path(path).stat().st_mtime_ns), environ)
    if environ.get("FACSWEB_PKCS11_MODULE"):
        from facsweb.reports import token  # needs the optional python-pkcs11

        return _with_chain(token.signer(environ, _secret(environ, "FACSWEB_PKCS11_PIN")), environ)
    return None


def _secret(environ: Mapping[str, str], name: str) -> str:
    """A password from the environment, or from the file that ``<name>_FILE`` names."""
    if path := environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SigningError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    return environ.get(name, "")


@lru_cache(maxsize=4)
def _given(path: str, password: str, changed_ns: int) -> signers.Signer:
    signer = signers.SimpleSigner.load_pkcs12(path, passphrase=password.encode() or None)
    if signer is None:
        raise SigningError(f"{path} could not be opened: not a PKCS#12 file, or the password is wrong.")
    return signer


def _with_chain(signer: signers.Signer, environ: Mapping[str, str]) -> Identity:
    chain = _certificates(environ, "FACSWEB_SIGNING_CHAIN")
    roots = tuple(one for one in chain if one.self_issued)
    return Identity(signer, given=True, roots=roots, issuers=tuple(one for one in chain if one not in roots))


def _certificates(environ: Mapping[str, str], name: str) -> list[x509.Certificate]:
    if not (path := environ.get(name)):
        return []
    try:
        found = list(load_certs_from_pemder([path]))
        _ = [one.subject.native for one in found]  # parsed only when they are looked at
        return found
    except (OSError, ValueError) as error:
        raise SigningError(f"{name} names {path}, which holds no certificates that can be read.") from error


def is_too_early(error: BaseException | None) -> bool:
    """Whether a certificate is not valid yet: it was made before the clock was set back."""
    from pyhanko_certvalidator.errors import NotYetValidError

    while error is not None:
        if isinstance(error, NotYetValidError):
            return True
        error = error.__cause__ or error.__context__
    return False


def stamp_roots() -> list[x509.Certificate]:
    """What the time stamps of the operator's service go back to."""
    return _certificates(os.environ, "FACSWEB_TSA_ROOTS")


def old_fingerprint() -> str | None:
    """Fingerprint of the self-signed key from before the authority, which goes on verifying what it signed."""
    path = Path(settings.KEYS_DIR) / OLD_KEY_FOLDER / OLD_CERTIFICATE
    if not path.exists():
        return None
    return load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex()


# --- sealing ---------------------------------------------------------------------------------------------


def level(who: Identity) -> str:
    """The PAdES level of signatures made now, such as ``B-LTA``."""
    stamped = "B-T" if os.environ.get("FACSWEB_TSA_URL") else "B-B"
    if not who.roots:
        return stamped
    if stamped == "B-T" and os.environ.get("FACSWEB_TSA_ROOTS"):
        return "B-LTA"
    return f"{stamped} with validation data"


def seal(
    pdf: bytes, *, name: str, reason: str, who: Identity | None = None, another_follows: bool = False
) -> tuple[bytes, str]:
    """Sign a PDF so that no later change goes unseen.

    Parameters
    ----------
    pdf : bytes
        The finished document.
    name, reason : str
        Who signed off and what for; readers show both.
    who : Identity, optional
        The key; this installation's by default.
    another_follows : bool
        Leave room for a second signature: the only thing that may be added to the file.

    Returns
    -------
    tuple of bytes and str
        The signed PDF, and the SHA-256 fingerprint (hex) of the certificate.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    tagging.name_rows(writer)
    for field_name in (FIELD_NAME, SECOND_FIELD) if another_follows else (FIELD_NAME,):
        spec = fields.SigFieldSpec(field_name, readable_field_name=SPOKEN[field_name])
        fields.append_signature_field(writer, spec)
        tagging.place_field(writer, field_name)
    allowed = fields.MDPPerm.FILL_FORMS if another_follows else fields.MDPPerm.NO_CHANGES
    # Certified: readers then show any later change as a breach.
    more = {"field_name": FIELD_NAME, "certify": True, "docmdp_permissions": allowed}
    return _sign(writer, who or identity(), name=name, reason=reason, **more)


def countersign(pdf: bytes, *, name: str, reason: str, who: Identity | None = None) -> tuple[bytes, str]:
    """Add the second signature to a sealed PDF, behind the first one, which stays valid; as `seal`."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return _sign(writer, who or identity(), name=name, reason=reason, field_name=SECOND_FIELD)


class _Stamper(timestamps.HTTPTimeStamper):
    """The operator's service; its own certificates are validated only where its roots are named."""

    def __init__(self, url: str, *, validated: bool) -> None:
        super().__init__(url)
        self._validated = validated

    async def validation_paths(self, validation_context: ValidationContext) -> AsyncIterator[Any]:
        if self._validated:
            async for path in super().validation_paths(validation_context):
                yield path


def _sign(writer: IncrementalPdfFileWriter, who: Identity, **about: Any) -> tuple[bytes, str]:
    tsa = os.environ.get("FACSWEB_TSA_URL")
    trusted = stamp_roots() if tsa else []
    stamper = _Stamper(tsa, validated=bool(trusted)) if tsa else None
    if who.roots:
        about |= {
            "embed_validation_info": True,
            "use_pades_lta": bool(trusted),
            "validation_context": _context(who, trusted),
            # In the signed revision itself: then nothing follows the signature that a reader has to judge.
            "dss_settings": DSSContentSettings(
                include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
            ),
        }
    metadata = signers.PdfSignatureMetadata(
        md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, **about
    )
    signer = signers.PdfSigner(metadata, signer=who.signer, timestamper=stamper)
    try:
        out = signer.sign_pdf(writer, bytes_reserved=BYTES_RESERVED)
    except timestamps.TimestampRequestError as error:
        raise SigningError("The time-stamping service gave no stamp, so nothing was signed.") from error
    return bytes(out.getbuffer()), who.fingerprint


def _context(who: Identity, trusted: list[x509.Certificate]) -> ValidationContext:
    # Issuers of an operator's certificate are asked for their lists where the operator allows it.
    fetch = who.given and os.environ.get("FACSWEB_SIGNING_FETCH") == "1"
    return ValidationContext(
        trust_roots=[*who.roots, *trusted],
        other_certs=list(who.issuers),
        crls=list(who.lists),
        allow_fetching=fetch,
        revocation_mode="soft-fail",
    )
