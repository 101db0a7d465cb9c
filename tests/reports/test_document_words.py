"""What documents say in both languages: whose face, figures with intervals and signs, the disclaimer on a page."""

import io
import json

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.reports import document, documents, services
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db


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


def test_the_disclaimer_stands_on_every_page(files):
    from pypdf import PdfReader

    german = "können keine Lügen erkennen"
    for name, pdf in files.items():
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
