"""The typeset document: the same content gives the same bytes, whatever the content."""

import copy
import io

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.audit.services import canonical
from facsweb.reports import content, document
from facsweb.reports.verification import _attachment

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(sign_off):
    return sign_off.content


def typeset(said):
    return document.typeset(said, content.sha256(said))


def pages(pdf):
    return int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])


def test_the_same_content_gives_the_same_bytes(said):
    assert typeset(said) == typeset(copy.deepcopy(said))


def test_it_is_tagged_archival_and_carries_the_content(said):
    pdf = typeset(said)
    assert _attachment(pdf) == (document.ATTACHMENT, canonical(said))
    root = PdfFileReader(io.BytesIO(pdf)).root
    assert root["/MarkInfo"]["/Marked"]
    metadata = root["/Metadata"].data.decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Checkout usability" in metadata


def test_every_font_is_inside_and_is_one_of_the_wheels(said):
    descriptors = [one for one in _objects(typeset(said)) if _type(one) == "/FontDescriptor"]
    assert len(descriptors) >= 3
    for descriptor in descriptors:
        assert any(name in descriptor["/FontName"] for name in ("LibertinusSerif", "DejaVuSansMono"))
        assert any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))


def test_a_report_with_no_events_and_no_face(said):
    empty = said | {"events": [], "revisions": [], "people": [], "summary": [], "pictures": [], "coverage": []}
    empty["counts"] = dict.fromkeys(said["counts"], 0)
    # Its third page is the code that leads to verification, with the words about it.
    assert 1 <= pages(typeset(empty)) <= 3


def test_three_hundred_events_on_many_pages(said):
    many = copy.deepcopy(said)
    many["events"] = [copy.deepcopy(said["events"][i % 8]) | {"number": i + 1} for i in range(300)]
    assert 6 < pages(typeset(many)) < 20


def test_several_faces_and_hours(said):
    faces = copy.deepcopy(said)
    for name in ("summary", "pictures", "coverage"):
        faces[name] += [copy.deepcopy(faces[name][0]) | {"face": 1}]
    faces["timeline_us"] = faces["recording"]["duration_us"] = 3 * 3600 * 1_000_000
    faces["summary"][1]["rows"][0] |= {
        "mean": None,
        "peak": None,
        "share": None,
        "rate_per_min": None,
        "events": 1,
    }
    faces["pictures"][1]["rows"][0]["values"] = [None] * 125
    assert typeset(faces).startswith(b"%PDF")


NAMES = ["Ελληνικά Русский עברית Łódź", "张三 مرحبا नमस्ते 🙂", "# *not* _markup_ $x$ \\ @a <b> [c]"]


@pytest.mark.parametrize("name", NAMES)
def test_any_script_and_no_markup(said, name):
    strange = copy.deepcopy(said)
    strange["study"]["name"] = strange["sign_off"]["signer"] = name
    pdf = typeset(strange)
    assert _attachment(pdf) == (
        document.ATTACHMENT,
        canonical(strange),
    )  # the data keeps what the page may have to spell out


def test_characters_without_a_glyph_are_spelt_out(monkeypatch):
    monkeypatch.setattr(document, "_has_glyph", lambda character: character != "张")
    assert document._spell_out("A张é") == "A⟨U+5F20⟩é"


def test_a_very_long_name_fits(said):
    long = copy.deepcopy(said)
    long["study"]["name"] = "Usability of self-service checkouts in three supermarkets of different sizes " * 3
    long["participant"]["code"] = "P" * 40
    assert pages(typeset(long)) <= 4


def _type(one):
    return str(one.get("/Type")) if isinstance(one, generic.DictionaryObject) else ""


def _objects(pdf):
    reader = PdfFileReader(io.BytesIO(pdf))
    for reference in reader.xrefs.explicit_refs_in_revision(0):
        yield reader.get_object(reference)
