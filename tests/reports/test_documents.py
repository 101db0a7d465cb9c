"""Summary and participant's copy: what they say and leave out, made once, signed, checked as files."""

import io
import json
import shutil
import subprocess

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.audit.models import Entry
from facsweb.reports import document, documents, services
from facsweb.reports.models import Document, Report
from facsweb.reports.tasks import render_document
from facsweb.reports.verification import _attachment, by_code, verify_pdf
from tests.read_aloud import check_read_aloud
from tests.reports.conftest import made
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db


def test_they_are_signed_and_verify_as_parts_of_the_report(all_of_them, report):
    for name, pdf in all_of_them.items():
        found = verify_pdf(pdf)
        assert (found.verdict, found.report) == ("good", report), name
        assert found.content_sha256 == report.sign_off.content_sha256
        changed = bytearray(pdf)
        changed[len(pdf) // 3] ^= 4
        assert verify_pdf(bytes(changed)).verdict == "bad", name


def test_every_file_passes_qpdf_and_has_its_fonts_inside(files, tmp_path):
    for tool in ("qpdf", "pdffonts"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    for name, pdf in files.items():
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(pdf)
        done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        told = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
        rows = told.splitlines()[2:]
        assert rows
        for row in rows:
            embedded, subset, unicode = row.split()[-5:-2]
            assert (embedded, subset, unicode) == ("yes", "yes", "yes"), f"{name}: {row}"


def test_all_are_tagged_and_archival(files):
    for name, pdf in files.items():
        root = PdfFileReader(io.BytesIO(pdf)).root
        assert root["/MarkInfo"]["/Marked"], name
        metadata = root["/Metadata"].data.decode()
        for said in ('pdfaid:part="3"', 'pdfaid:conformance="A"', 'pdfuaid:part="1"'):
            assert said in metadata, name
        assert str(root["/Lang"]) == name[-2:]
        check_read_aloud(pdf)


def test_the_summary_is_short_and_says_how_sure(files):
    pdf = files["summary-en"]
    assert int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"]) <= 2
    text = squeezed(text_of(pdf))
    for words in ("Signed by Coder Person", "Movements most often seen", "not diagnoses"):
        assert squeezed(words) in text
    assert "Left corner only" not in json.dumps(json.loads(_attachment(pdf)[1]))  # notes stay in the full report


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("This is your copy", "The corners of the mouth went up")),
        ("de", ("Dies ist Ihre Ausfertigung", "Die Mundwinkel")),
    ],
)
def test_the_participants_copy_names_nobody_and_holds_no_events(files, language, words):
    pdf = files[f"participant-{language}"]
    text = squeezed(text_of(pdf))
    for one in words:
        assert squeezed(one) in text
    name, raw = _attachment(pdf)
    assert name == document.SHORT_ATTACHMENT
    for hidden in ("Coder Person", "events_us", "Left corner only", "revisions", "onset_us"):
        assert hidden not in raw.decode()
        assert squeezed(hidden) not in text
    assert b"Coder Person" not in pdf


def test_german_words_are_there_for_every_english_one():
    words = {
        name: json.loads((document.TEMPLATE_FOLDER / f"participant.{name}.json").read_text())
        for name in ("en", "de")
    }
    assert words["en"].keys() == words["de"].keys()
    for key in ("units", "scopes"):
        assert words["en"][key].keys() == words["de"][key].keys()
    from facsweb.studies.models import Scope

    assert words["de"]["scopes"].keys() == {str(scope.label) for scope in Scope}


def test_asking_twice_is_once_and_a_failure_can_be_tried_again(report, people, monkeypatch):
    first = documents.ask(people["coder"], report, "summary", "en")
    assert documents.ask(people["coder"], report, "summary", "en") == first
    assert Entry.objects.filter(action="report.document").count() == 1

    def broken(*arguments, **named):
        raise RuntimeError("no fonts")

    with monkeypatch.context() as patch:
        patch.setattr(document, "typeset", broken)
        render_document(str(first.pk))
    first.refresh_from_db()
    assert first.state == "failed"
    assert made(report, people, "summary").pk == first.pk
    before = Document.objects.get(pk=first.pk).pdf_sha256
    render_document(str(first.pk))  # a second run changes nothing
    assert Document.objects.get(pk=first.pk).pdf_sha256 == before


def test_none_is_made_of_a_report_that_is_not_signed_or_revoked(sign_off, report, people):
    wanted = documents.ask(people["coder"], report, "summary", "en")
    services.revoke(people["administrator"], report, "Wrong participant")
    render_document(str(wanted.pk))
    wanted.refresh_from_db()
    assert not wanted.pdf
    report.refresh_from_db()
    with pytest.raises(documents.NotReady):
        documents.ask(people["coder"], report, "participant", "de")
    with pytest.raises(documents.NotReady, match="no such"):
        documents.ask(people["coder"], report, "summary", "fr")


def test_the_page_offers_makes_and_gives_them(report, people, client_as):
    coder, page = client_as("coder"), f"/reports/{report.pk}/"
    assert "Make it" in coder.get(page).content.decode()
    assert coder.post(f"{page}documents/", {"document": "participant-de"}).status_code == 302
    assert coder.get(f"{page}state/").json()["documents"] == 1
    assert "Being made" in coder.get(page).content.decode()
    assert coder.get(f"{page}documents/participant/de/").status_code == 404
    render_document(str(Document.objects.get().pk))
    answer = coder.get(f"{page}documents/participant/de/")
    assert answer.content.startswith(b"%PDF")
    assert "participant-de" in answer.headers["Content-Disposition"]
    assert Entry.objects.filter(action="report.download").count() == 1
    assert client_as("manager").post(f"{page}documents/", {"document": "summary-en"}).status_code == 403
    services.revoke(people["administrator"], report, "Wrong participant")
    assert client_as("coder").get(f"{page}documents/participant/de/").status_code == 403


def test_files_for_other_programs(report, client_as):
    import pyarrow.parquet as pq

    coder, here = client_as("coder"), f"/reports/{report.pk}/files"
    assert b"ANNOTATION_DOCUMENT" in coder.get(f"{here}/elan/").content
    table = pq.read_table(io.BytesIO(coder.get(f"{here}/events/").content))
    assert table.num_rows == report.sign_off.content["counts"]["signed"]
    assert table.schema.metadata[b"content_sha256"].decode() == report.sign_off.content_sha256
    assert pq.read_table(io.BytesIO(coder.get(f"{here}/signals/").content)).num_rows == 250
    assert client_as("manager").get(f"{here}/events/").status_code == 200
    assert client_as("manager").get(f"{here}/signals/").status_code == 403
    assert coder.get(f"{here}/nothing/").status_code == 404


def test_signals_that_are_no_longer_those_that_were_signed_are_refused(report, client_as):
    run = report.sign_off.layer.run
    type(run).objects.filter(pk=run.pk).update(files=run.files | {"signals.parquet": "0" * 64})
    assert client_as("coder").get(f"/reports/{report.pk}/files/signals/").status_code == 404


def test_the_printed_code_tells_state_and_nothing_else(report, people, client):
    sha256 = report.sign_off.content_sha256
    link = document.check_url(report.sign_off.content, sha256)
    where = link[link.index("/verify/") :]
    page = client.get(where).content.decode()
    assert "This report stands." in page
    assert str(report.pk) in page
    for secret in ("P-001", "Coder Person", "Checkout", "Interview 1"):
        assert secret not in page
    services.revoke(people["administrator"], report, "The secret reason")
    page = client.get(where).content.decode()
    assert "This report was revoked." in page
    assert "The secret reason" not in page
    for wrong in (
        where[:-1] + ("0" if where[-1] != "0" else "1"),
        where[:-8],
        f"/verify/?report={report.pk}",
        "/verify/?report=x",
    ):
        page = client.get(wrong).content.decode()
        assert "No report here has this code." in page
        assert sha256 not in page
    assert by_code(str(report.pk), sha256) is None  # only its printed part, and nothing longer


def test_the_code_is_drawn_in_vectors_and_can_be_read_back(report):
    rows = document._matrix(document.check_url(report.sign_off.content, report.sign_off.content_sha256))
    assert len(rows) == len(rows[0])
    assert (len(rows) - 17) % 4 == 0  # a QR version's size
    assert rows[0].startswith("1111111")  # a finder pattern


def test_a_report_whose_content_was_destroyed_still_says_that_it_was_revoked(report, pdf, people, client_as):
    services.revoke(people["administrator"], report, "The participant withdrew consent on 2026-11-22.")
    sign_off = report.sign_off
    type(sign_off).objects.filter(pk=sign_off.pk).update(content={})
    Report.objects.filter(pk=report.pk).update(pdf="")
    assert verify_pdf(pdf).headline == "This report was revoked."
    for role in ("administrator", "coder", "manager"):
        page = client_as(role).get(f"/reports/{report.pk}/")
        assert page.status_code == 200
        assert "What it said was destroyed" in page.content.decode()
        assert client_as(role).get("/reports/").status_code == 200
    assert client_as("administrator").get(f"/reports/{report.pk}/json/").status_code == 404


def test_words_are_quoted_only_with_consent(layer, people, participant, consent):
    from facsweb.reports import comparison, quotations
    from facsweb.studies.models import Consent, Scope
    from facsweb.transcripts.services import begin, save

    recording = layer.run.recording
    transcript = begin(people["coder"], participant, recording, title="Interview 1")
    rows = [[1_000_000, 3_000_000, "P-001", "It went very well."], [3_000_000, 4_000_000, "Ann", "And then?"]]
    save(people["coder"], transcript, rows, expected=1)
    events = comparison.compare(layer)
    (quoted,) = quotations.section(recording, events)
    assert quoted["text"] == "It went very well."
    assert "12" in quoted["codes"]
    # Two people speak, though only one with times: which of them is the participant, nobody knows.
    rows = [[1_000_000, 3_000_000, "Anna", "It went very well."], [3_000_000, None, "Ben", "And then?"]]
    save(people["coder"], transcript, rows, expected=2)
    assert quotations.section(recording, events) is None
    rows[1][2] = "Anna"
    save(people["coder"], transcript, rows, expected=3)
    assert quotations.section(recording, events)
    without = [str(scope) for scope in Scope if scope != Scope.QUOTATION]
    Consent.objects.filter(pk=consent.pk).update(scopes=without)
    assert quotations.section(recording, events) is None


@pytest.mark.parametrize(
    ("kind", "language", "words", "hidden"),
    [
        (
            "summary",
            "en",
            ("would be prohibited here", "Medical reasons: To see a fit coming", "Ethics Board"),
            (),
        ),
        ("participant", "en", ("The law of this place applies: Germany", "for medical reasons"), ("fit", "Board")),
        (
            "participant",
            "de",
            ("Es gilt das Recht dieses Ortes: Deutschland", "aus medizinischen"),
            ("fit", "Board"),
        ),
    ],
)
def test_law_and_a_recorded_exception_are_said(sign_off, kind, language, words, hidden):
    said = with_exception(sign_off)
    page = documents.shown(said, "a" * 64, kind, None)
    template = documents.TEMPLATES[kind]
    pdf = document.typeset(
        page, "a" * 64, template=template, attachment=document.SHORT_ATTACHMENT, language=language
    )
    text = squeezed(text_of(pdf))
    assert all(squeezed(one) in text for one in words), text
    assert not any(one in json.dumps(page) for one in hidden)


def test_the_full_report_says_law_and_exception(sign_off):
    assert sign_off.content["study"]["law"].startswith("Usability study under the law of Germany")
    text = squeezed(text_of(document.typeset(with_exception(sign_off), "a" * 64)))
    for words in ("would be prohibited here", "Medical reasons: To see a fit coming", "recorded by Ethics Board"):
        assert squeezed(words) in text
    # Reports that were signed before the law stood in their content keep saying what they said.
    old = sign_off.content | {"study": {k: v for k, v in sign_off.content["study"].items() if k != "law"}}
    assert squeezed("under the law of Germany") in squeezed(text_of(document.typeset(old, "a" * 64)))


def with_exception(sign_off):
    made = {"rule": "eu-work", "ground": "Medical reasons", "reason": "To see a fit coming", "by": "Ethics Board"}
    law = "Estimating emotions would be prohibited here; an exception is recorded."
    study = {"law": law, "exception": made | {"at": "2026-11-21T04:22:14+00:00"}}
    return sign_off.content | {"study": sign_off.content["study"] | study}
