"""What pyHanko finds about every signature of a PDF, in words. Needs no Django: `offline` uses it alone."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    validate_pdf_signature,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

COVERAGE: Final = {
    SignatureCoverageLevel.ENTIRE_FILE: "the whole file",
    SignatureCoverageLevel.ENTIRE_REVISION: "everything that was in the file when it was signed",
    SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START: "only the beginning of the file",
    SignatureCoverageLevel.UNCLEAR: "not clear what",
}
MODIFIED: Final = {
    ModificationLevel.NONE: "nothing was changed afterwards",
    ModificationLevel.LTA_UPDATES: "afterwards only time stamps and certificates were added",
    ModificationLevel.FORM_FILLING: "afterwards only signatures were added, as the signature before allows",
    ModificationLevel.ANNOTATIONS: "afterwards comments were added",
    ModificationLevel.OTHER: "afterwards something else was changed",
}
#: pyHanko does not look for changes behind a signature that does not match.
BROKEN: Final = "what it covers was changed"


CERTIFIES: Final = {
    None: "nothing beyond what it covers",
    1: "that nothing may be added",
    2: "that only signatures and form entries may be added",
    3: "that comments may be added too",
}


@dataclass(frozen=True, slots=True)
class Account:
    """One signature, as pyHanko judges it.

    Attributes
    ----------
    field, name, reason : str
        The signature's field, and what it says about itself.
    certificate : x509.Certificate
    sealed_at : datetime or None
        By the signer's clock.
    intact : bool
        What it covers did not change, and the certificate's key made it.
    allowed : bool
        Everything added later is what the signature allows.
    trusted : bool
        Its certificate goes back to one of the given roots and is not revoked.
    revoked : bool
        Its certificate was revoked.
    bottom_line : bool
        pyHanko's own verdict.
    coverage, changes, docmdp, ltv : str
        In words.
    end : int
        Where the signed part of the file ends, bytes from its start.
    hidden : bool
        The padding behind the signature, which no signature covers, holds something.
    status : PdfSignatureStatus
    details : str
        pyHanko's full account.
    """

    field: str
    name: str
    reason: str
    certificate: x509.Certificate
    sealed_at: dt.datetime | None
    intact: bool
    allowed: bool
    trusted: bool
    revoked: bool
    bottom_line: bool
    coverage: str
    changes: str
    docmdp: str
    ltv: str
    end: int
    hidden: bool
    status: PdfSignatureStatus
    details: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return str(self.certificate.sha256.hex())

    @property
    def subject(self) -> str:
        """Of the certificate, in a line."""
        return ", ".join(str(part) for part in reversed(self.certificate.subject.native.values()))


def account(
    signature: EmbeddedPdfSignature,
    reader: PdfFileReader,
    roots: Iterable[x509.Certificate],
    lists: Iterable[crl.CertificateList] = (),
    stamp_roots: Iterable[x509.Certificate] = (),
) -> Account:
    """Validate one signature; raises what pyHanko raises for one that cannot be read."""
    roots, stamp_roots = list(roots), list(stamp_roots)
    inside = _inside(reader)
    known: dict[str, Any] = {
        "allow_fetching": False,
        "other_certs": inside["certs"],
        "revocation_mode": "soft-fail",
    }
    # A list given now is newer than the file's of the same issuer, which says what held when it was signed.
    lists = list(lists)
    newer = {one.issuer.hashable for one in lists}
    older = [one for one in inside["crls"] if one.issuer.hashable not in newer]
    context = ValidationContext(trust_roots=roots, crls=[*lists, *older], **known)
    stamps = ValidationContext(trust_roots=[*roots, *stamp_roots], crls=inside["crls"], **known)
    status = validate_pdf_signature(signature, context, ts_validation_context=stamps)
    _, _, second, length = signature.byte_range
    raw = bytes(signature.pkcs7_content)
    changes = status.modification_level
    docmdp = signature.docmdp_level
    intact = bool(status.intact and status.valid)
    return Account(
        field=str(signature.field_name),
        name=str(signature.sig_object.get("/Name", "")),
        reason=str(signature.sig_object.get("/Reason", "")),
        certificate=signature.signer_cert,
        sealed_at=status.signer_reported_dt,
        intact=intact,
        allowed=bool(status.docmdp_ok) and (changes is None or changes <= ModificationLevel.FORM_FILLING),
        trusted=bool(status.trusted),
        revoked=bool(status.revoked),
        bottom_line=bool(status.bottom_line),
        coverage=COVERAGE[status.coverage],
        changes=MODIFIED[changes or ModificationLevel.NONE] if intact else BROKEN,
        docmdp=CERTIFIES[None if docmdp is None else docmdp.value],
        ltv=_ltv(signature, status, inside, [*roots, *stamp_roots]),
        end=int(second) + int(length),
        hidden=bool(raw[len(cms.ContentInfo.load(raw).dump()) :].strip(b"\0")),
        status=status,
        details=status.pretty_print_details(),
    )


def read(data: bytes) -> PdfFileReader:
    """A reader that takes what other programs take."""
    return PdfFileReader(io.BytesIO(data), strict=False)


def end_of_signed(reader: PdfFileReader) -> int:
    """Where the last signature or document time stamp of the file ends, bytes from its start."""
    return max((int(one.byte_range[2]) + int(one.byte_range[3]) for one in reader.embedded_signatures), default=0)


def _inside(reader: PdfFileReader) -> dict[str, Any]:
    """Certificates and revocation lists that the file carries for later (its document security store)."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        lists = [crl.CertificateList.load(one.get_object().data) for one in store.crls]
        answers = [ocsp.OCSPResponse.load(one.get_object().data) for one in store.ocsps]
        return {"certs": list(store.load_certs()), "crls": lists, "ocsps": answers}
    except Exception:  # none, or one that cannot be read: then it helps nobody
        return {"certs": [], "crls": [], "ocsps": []}


def _ltv(
    signature: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    inside: dict[str, Any],
    roots: list[x509.Certificate],
) -> str:
    if not (inside["certs"] and (inside["crls"] or inside["ocsps"])):
        return "No: the file does not carry what is needed to check its certificates later."
    if not (status.intact and status.valid):
        return "No: the signature does not match the file."
    stamp = status.timestamp_validity
    moment = stamp.timestamp if stamp is not None else status.signer_reported_dt
    # At that moment, with what the file carries and nothing else, and nothing unknown about any certificate.
    strict = ValidationContext(
        trust_roots=roots,
        other_certs=inside["certs"],
        crls=inside["crls"],
        ocsps=inside["ocsps"],
        moment=moment,
        allow_fetching=False,
        revocation_mode="require",
    )
    try:
        # What was added to the file since is in `status`; comparing the revisions once more would tell the same.
        late = validate_pdf_signature(signature, strict, skip_diff=True)
    except Exception as error:  # whatever a parser or a validator stumbles over, it is no proof
        return f"No: what the file carries is not enough ({type(error).__name__})."
    if not (late.valid and late.intact and late.trusted):
        return "No: what the file carries does not prove its certificates at the time of signing."
    if stamp is None:
        return (
            "In part: certificates and revocation list are in the file and prove the signature at the signer’s "
            "own time; no time stamp of somebody else says when that was."
        )
    return "Yes: what the file carries proves the signature at the time of its stamp."
