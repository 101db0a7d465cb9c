"""What the verification says about good, altered, foreign and broken files."""

import io
import random

import pytest
from django.core.management import call_command
from django.test import override_settings
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from facsweb.reports import document, services, signing
from facsweb.reports.models import Report, SignOff
from facsweb.reports.verification import MAX_BYTES, verify_pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def gap(pdf):
    """Where the signature itself stands in the file (start, end): the only bytes outside what is signed."""
    first, length, second, _ = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0].byte_range
    return first + length, second


@pytest.fixture(scope="module")
def other_key(tmp_path_factory):
    """The identity of another installation."""
    with override_settings(KEYS_DIR=tmp_path_factory.mktemp("other")):
        return signing.own()


def flipped(pdf, place, bit=0):
    changed = bytearray(pdf)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_a_genuine_report(pdf, report, sign_off):
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("good", "Genuine and unchanged.")
    assert found.signer == "Coder Person"
    assert found.signed_at == sign_off.signed_at.replace(microsecond=0)
    assert found.sealed_at >= found.signed_at
    assert found.content_sha256 == sign_off.content_sha256
    assert found.fingerprint == report.certificate_sha256 == signing.own().fingerprint
    assert found.report == report


def test_pyhanko_alone_finds_it_valid_certified_and_pades(pdf):
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[signature.signer_cert]))
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert str(signature.sig_object["/SubFilter"]) == "/ETSI.CAdES.detached"
    assert str(signature.sig_object["/Reason"]) == "Sign-off of FACS coding"
    assert signature.docmdp_level.name == "NO_CHANGES"


def test_one_flipped_bit_anywhere_is_detected(pdf, gap):
    chance, (start, end) = random.Random(7), gap
    edges = {0, 5, start - 1, start, start + 1, end - 2, end - 1, end, len(pdf) - 1}
    places = edges | set(range(start + 2, start + 42))
    places |= {chance.randrange(len(pdf)) for _ in range(90)}
    for place in sorted(places):
        found = verify_pdf(flipped(pdf, place, chance.randrange(8)))
        assert found.verdict == "bad", f"byte {place}: {found.headline}"


def test_one_flipped_bit_of_a_foreign_signature_is_detected_too(sign_off, other_key):
    """No stored hash helps here: the signature itself has to notice, and the padding behind it is looked at."""
    foreign = sign_off.content | {"disclaimer": "Something else"}
    pdf, _ = signing.seal(document.typeset(foreign, "0" * 64), name="Somebody", reason="Test", who=other_key)
    assert verify_pdf(pdf).verdict == "attention"
    first, length, second, _ = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0].byte_range
    chance = random.Random(8)
    outside = [chance.randrange(first + length) for _ in range(40)] + [
        chance.randrange(second, len(pdf)) for _ in range(20)
    ]
    padding = [chance.randrange(second - 4000, second - 1) for _ in range(10)]
    for place in outside + padding:
        found = verify_pdf(flipped(pdf, place))
        assert found.verdict == "bad", f"byte {place}: {found.headline}"


def test_a_changed_word_is_detected(pdf):
    changed = pdf.replace(b"/Type/Pages/Count 4", b"/Type/Pages/Count 2")
    assert changed != pdf
    found = verify_pdf(changed)
    assert found.headline == "This document was changed after it was signed."
    assert found.signer == ""  # nothing that the file says can be believed


def test_something_added_later_is_detected(pdf):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    writer.root["/Extra"] = generic.pdf_string("added")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    found = verify_pdf(out.getvalue())
    assert (found.verdict, found.headline) == (
        "bad",
        "Something was added to this document after it was signed.",
    )


def test_bytes_behind_the_end_are_detected(pdf):
    assert verify_pdf(pdf + b"\n% a remark\n").verdict == "bad"


def test_another_key_under_our_content(sign_off, report, other_key):
    forged, _ = signing.seal(
        document.typeset(sign_off.content, sign_off.content_sha256), name="Coder Person", reason="x", who=other_key
    )
    found = verify_pdf(forged)
    assert (found.verdict, found.headline) == ("bad", "This report was signed by somebody else.")
    assert found.authority == "Not a certificate of this installation"
    assert found.report is None


def test_another_installations_report(sign_off, other_key):
    foreign = sign_off.content | {"report": sign_off.content["report"] | {"id": "elsewhere"}}
    pdf, fingerprint = signing.seal(
        document.typeset(foreign, "0" * 64), name="Somebody", reason="x", who=other_key
    )
    found = verify_pdf(pdf)
    assert found.verdict == "attention"
    assert "does not know" in found.headline
    assert (found.signer, found.fingerprint) == ("Somebody", fingerprint)


def test_our_signature_on_content_that_is_gone(pdf, report):
    Report.objects.all().delete()
    SignOff.objects.all().delete()
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("attention", "Unchanged since it was signed, but not found here.")


def test_a_second_file_sealed_from_the_same_content_is_not_the_one_issued(sign_off, report):
    again, _ = signing.seal(
        document.typeset(sign_off.content, sign_off.content_sha256), name="Coder Person", reason="x"
    )
    found = verify_pdf(again)
    assert (found.verdict, found.headline) == ("bad", "This file is not the one that was issued.")


def test_a_revoked_report(pdf, report, people):
    services.revoke(people["administrator"], report, "The secret reason")
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("bad", "This report was revoked.")
    assert "The secret reason" not in " ".join(found.sentences)


def test_a_renewed_key_still_knows_its_older_reports(pdf, report, settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "new"
    assert verify_pdf(pdf).verdict == "good"


BROKEN = {
    "empty": (lambda pdf: b"", "This is not a PDF."),
    "a program": (lambda pdf: b"MZ" + bytes(4000), "This is not a PDF."),
    "zeros": (lambda pdf: b"%PDF-1.7\n" + bytes(4000), "This PDF is incomplete."),
    "junk": (lambda pdf: b"%PDF-1.7\n" + b"junk " * 400 + b"\n%%EOF", "This PDF is damaged."),
    "half": (lambda pdf: pdf[: len(pdf) // 2], "This PDF is incomplete."),
    "cut off": (lambda pdf: pdf[:-200], "This PDF is incomplete."),
    "too large": (lambda pdf: bytes(MAX_BYTES + 1), "This file is too large to be a report."),
}


def test_files_that_are_no_whole_pdf(pdf):
    for name, (make, headline) in BROKEN.items():
        found = verify_pdf(make(pdf))
        assert (found.verdict, found.headline) == ("bad", headline), name
        assert found.sentences, name


def test_an_unsigned_pdf(sign_off):
    found = verify_pdf(document.typeset(sign_off.content, sign_off.content_sha256))
    assert (found.verdict, found.headline) == ("bad", "This PDF has no signature.")


def test_an_encrypted_pdf(sign_off):
    plain = document.typeset(sign_off.content, sign_off.content_sha256)
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain)))
    writer.encrypt(owner_pass="secret", user_pass="secret")
    out = io.BytesIO()
    writer.write(out)
    assert verify_pdf(out.getvalue()).headline == "This PDF is encrypted."


def test_a_copy_saved_by_another_program_is_no_report(pdf):
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(pdf)))
    out = io.BytesIO()
    writer.write(out)
    assert verify_pdf(out.getvalue()).verdict == "bad"


def test_the_command(pdf, tmp_path, capsys):
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(pdf)
    bad.write_bytes(flipped(pdf, 3000))
    call_command("verify_report", str(good))
    assert "The signature is judged VALID" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_report", str(bad))
    assert "changed after it was signed" in capsys.readouterr().out
