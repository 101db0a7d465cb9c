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
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db


def made(report, people, kind, language="en"):
    wanted = documents.ask(people["coder"], report, kind, language)
    render_document(str(wanted.pk))
    wanted.refresh_from_db()
    assert wanted.state == "ready", wanted.error
    return wanted


@pytest.fixture
def all_of_them(report, people):
    """Name → bytes of every document of a report."""
    found = {f"{kind}-{language}": made(report, people, kind, language) for kind, language in documents.OFFERED}
    return {"full-en": report.pdf.read()} | {key: one.pdf.read() for key, one in found.items()}


def test_they_are_signed_and_verify_as_parts_of_the_report(all_of_them, report):
    for name, pdf in all_of_them.items():
        found = verify_pdf(pdf)
        assert (found.verdict, found.report) == ("good", report), name
        assert found.content_sha256 == report.sign_off.content_sha256
        changed = bytearray(pdf)
        changed[len(pdf) // 3] ^= 4
        assert verify_pdf(bytes(changed)).verdict == "bad", name


def test_every_file_passes_qpdf_and_has_its_fonts_inside(all_of_them, tmp_path):
    for tool in ("qpdf", "pdffonts"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    for name, pdf in all_of_them.items():
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


def test_all_are_tagged_and_archival(all_of_them):
    for name, pdf in all_of_them.items():
        root = PdfFileReader(io.BytesIO(pdf)).root
        assert root["/MarkInfo"]["/Marked"], name
        metadata = root["/Metadata"].data.decode()
        for said in ('pdfaid:part="3"', 'pdfaid:conformance="A"', 'pdfuaid:part="1"'):
            assert said in metadata, name
        assert str(root["/Lang"]) == name[-2:]


def test_the_summary_is_short_and_says_how_sure(all_of_them):
    pdf = all_of_them["summary-en"]
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
def test_the_participants_copy_names_nobody_and_holds_no_events(all_of_them, language, words):
    pdf = all_of_them[f"participant-{language}"]
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


def two_faces(said, **more):
    """The content with a second face beside the first, which does something that the first never does."""
    (table,) = said["summary"]
    other = {"face": 1, "rows": [table["rows"][0] | {"code": "9", "name": "Nose wrinkler", "events": 7}]}
    return said | {"summary": [table, other], "codes": said["codes"] | {"9": {"name": "Nose wrinkler"}}} | more


def test_of_several_faces_the_participant_reads_about_their_own(sign_off):
    said = sign_off.content
    alone = documents.shown(said, "0" * 64, "participant", None)
    told = documents.shown(two_faces(said, own_faces=[0]), "0" * 64, "participant", None)
    assert told["movements"] == alone["movements"]
    assert not told["whose_unknown"]
    unknown = documents.shown(two_faces(said), "0" * 64, "participant", None)
    assert (unknown["movements"], unknown["whose_unknown"]) == ([], True)
    pdf = document.typeset(
        unknown, "0" * 64, template="participant.typ", attachment=document.SHORT_ATTACHMENT, language="de"
    )
    assert squeezed("mehrere Gesichter") in squeezed(text_of(pdf))


def test_whose_face_it_is_is_frozen_where_there_are_several(layer, people, monkeypatch):
    from facsweb.meaning import whose
    from facsweb.reports import content, measures

    monkeypatch.setattr(whose, "named", lambda run: {0: "somebody else", 1: str(run.recording.participant_id)})
    read = measures.read_signals

    def twice(path):
        (one,) = read(path)
        return [one, measures.FaceSignals(1, one.time_us, one.seen, one.intensity)]

    monkeypatch.setattr(measures, "read_signals", twice)
    from tests.conftest import PASSWORD

    signed = services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT)
    assert signed.content["own_faces"] == [1]
    assert content.sha256(signed.content) == signed.content_sha256


def test_every_code_of_a_movement_has_words_in_both_languages():
    from analysis.facs.codes import CATALOGUE

    words = json.loads((document.TEMPLATE_FOLDER / "participant.de.json").read_text())["units"]
    assert {code for code, one in CATALOGUE.items() if one.group != "visibility"} == words.keys()


def test_what_could_not_be_seen_is_no_movement(sign_off):
    said = json.loads(json.dumps(sign_off.content))
    hidden = {"code": "73", "name": "Entire face not visible", "group": "visibility", "events": 9}
    said["summary"][0]["rows"].append(hidden)
    told = documents.shown(said, "0" * 64, "participant", None)
    assert "73" not in {one["code"] for one in told["movements"]}


def test_a_german_copy_groups_thousands_as_germans_do(sign_off):
    said = json.loads(json.dumps(sign_off.content))
    said["summary"][0]["rows"][0]["events"] = 1234
    told = documents.shown(said, "0" * 64, "participant", None)
    pdf = document.typeset(
        told, "0" * 64, template="participant.typ", attachment=document.SHORT_ATTACHMENT, language="de"
    )
    assert "1.234" in squeezed(text_of(pdf))
    assert "1,234" not in squeezed(text_of(pdf))


def test_the_disclaimer_stands_on_every_page(all_of_them, sign_off):
    from pypdf import PdfReader

    german = "können keine Lügen erkennen"
    for name, pdf in all_of_them.items():
        for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages, 1):
            words = german if name.endswith("-de") else "cannot detect lies"
            assert words in " ".join(page.extract_text().split()), f"{name}, page {number}"


def test_a_summary_of_nothing_says_so_and_figures_stand_with_their_intervals(sign_off):
    said = sign_off.content
    none = documents.shown(said | {"summary": [], "coverage": []}, "0" * 64, "summary", None)
    one = {"name": "Engagement", "value": 57.0, "low": 41.0, "high": 71.0, "why": []}
    told = {"statement": "S", "word": "exploratory", "faces": [{"face": 0, "list": [one]}]}

    def text(shown):
        pdf = document.typeset(
            shown, "0" * 64, template="summary.typ", attachment=document.SHORT_ATTACHMENT, language="en"
        )
        return squeezed(text_of(pdf))

    row = {"name": "joy", "value": 0.42, "low": 0.3, "high": 0.555, "why": ""}
    states = {"states": [{"face": 0, "measured_s": 9.6, "rows": [row]}], "statement": "S", "calibration": ""}
    assert squeezed("joy 42.0 % (30.0 to 55.5)") in text(none | states)
    assert squeezed("No movement was signed.") in text(none)
    assert squeezed("57, exploratory; 90 % interval 41 to 71 of 100") in text(none | {"indicators": told})


def test_who_hears_the_picture_of_agreement_hears_the_sign(sign_off):
    figure = {"label": "Cohen’s κ", "value": -0.125, "low": -0.3, "high": 0.104, "why": ""}
    row = {"with": "another coder", "seconds": 9, "recordings": 1, "figures": [figure]}
    said = sign_off.content | {"agreement": {"rows": [row]}}
    shown = documents.shown(said, "0" * 64, "summary", None)
    pdf = document.typeset(shown, "0" * 64, template="summary.typ", attachment=document.SHORT_ATTACHMENT)
    spoken = [
        str(one["/Alt"])
        for one in (PdfFileReader(io.BytesIO(pdf)).get_object(ref) for ref in _references(pdf))
        if hasattr(one, "get") and "/Alt" in one
    ]
    assert any("κ −0.13 (−0.30 to 0.10)" in alt for alt in spoken), spoken


def _references(pdf):
    from pyhanko.pdf_utils.generic import Reference

    reader = PdfFileReader(io.BytesIO(pdf))
    return [Reference(number, 0, reader) for number in range(1, int(reader.trailer["/Size"]))]


def test_the_place_of_the_law_has_its_german_name(sign_off):
    told = documents.shown(sign_off.content, "0" * 64, "participant", None)
    told["study"]["jurisdiction"] = "Austria"
    pdf = document.typeset(
        told, "0" * 64, template="participant.typ", attachment=document.SHORT_ATTACHMENT, language="de"
    )
    assert squeezed("das Recht dieses Ortes: Österreich.") in squeezed(text_of(pdf))
