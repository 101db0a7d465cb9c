"""Bytes changed in every region of a signed report: each change is found. Prints how many, by region."""

import io
import random
import re

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.reports import document, second, services, signing
from facsweb.reports.models import Report
from facsweb.reports.signatures import account, end_of_signed, read
from facsweb.reports.tasks import render_report
from facsweb.reports.verification import verify_pdf
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
#: Positions tried in a region, at most; a region that is smaller is tried whole.
TRIED = 8


def objects(data, *, revision):
    """Start and end in the file of every plain object of a revision, by its number."""
    reader = PdfFileReader(io.BytesIO(data))
    found = {}
    for reference in reader.xrefs.explicit_refs_in_revision(revision):
        place = reader.xrefs[reference]
        if isinstance(place, int):
            found[reference] = (place, data.index(b"endobj", place) + 6)
    return reader, found


def regions(data):
    """Name → stretches of bytes (start, end) of a report with two signatures."""
    reader, own = objects(data, revision=0)
    kinds = {}
    for reference, span in own.items():
        one = reader.get_object(reference)
        kind = str(one.get("/Type", "")) if hasattr(one, "get") else ""
        if kind == "/EmbeddedFile":
            kinds.setdefault("attached data", []).append(span)
        elif kind == "/FontDescriptor" or b"/Length1" in data[span[0] : span[0] + 200]:
            kinds.setdefault("fonts", []).append(span)
        elif kind == "/StructElem":
            kinds.setdefault("structure (tags)", []).append(span)
    pages = [reader.root["/Pages"]["/Kids"][at] for at in range(int(reader.root["/Pages"]["/Count"]))]
    for page in pages:
        reference = page.raw_get("/Contents").reference
        kinds.setdefault("page content", []).append(own[reference])
    ranges = [found.span() for found in re.finditer(rb"/ByteRange ?\[[^\]]*\]", data)]
    signatures = reader.embedded_regular_signatures
    for name, one, written in zip(("first", "second"), signatures, ranges, strict=True):
        start, length, end, _ = (int(number) for number in one.byte_range)
        gap = start + length
        used = 2 * len(cms.ContentInfo.load(bytes(one.pkcs7_content)).dump())
        kinds[f"{name} signature: contents"] = [(gap + 1, gap + 1 + used)]
        kinds[f"{name} signature: padding"] = [(gap + 1 + used, end - 1)]
        kinds[f"{name} signature: ByteRange"] = [written]
    end_of_first = int(signatures[0].byte_range[2] + signatures[0].byte_range[3])
    kinds["header"] = [(0, 15)]
    marks = [found.start() for found in re.finditer(rb"startxref", data)]
    kinds["cross-reference tables"] = [(mark - 400, mark) for mark in marks]
    kinds["end marks"] = [(mark, min(len(data), mark + 24)) for mark in marks]
    kinds["revocation data (DSS)"] = [
        (found.start(), found.start() + 400) for found in re.finditer(rb"/DSS|/CRLs ?\[|/Certs ?\[", data)
    ]
    kinds["incremental update of the second signature"] = [(end_of_first, len(data))]
    return kinds


@pytest.fixture
def whole(layer, people, study):
    services.set_four_eyes(people["administrator"], study, True)
    report = services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT).report
    render_report(str(report.pk))
    second.countersign(people["administrator"], Report.objects.get(pk=report.pk), password=PASSWORD)
    render_report(str(report.pk))
    return Report.objects.get(pk=report.pk).pdf.read()


def sampled(spans, chance):
    places = sorted({place for start, end in spans for place in range(start, end)})
    return places if len(places) <= TRIED else sorted(chance.sample(places, TRIED))


def test_a_flipped_bit_in_any_region_is_found(whole, kept, capsys):
    kept["whole"] = whole
    assert verify_pdf(whole).verdict == "good"
    chance, lines, total = random.Random(6), [], 0
    for name, spans in regions(whole).items():
        assert spans, name
        places = sampled(spans, chance)
        for place in places:
            changed = bytearray(whole)
            changed[place] ^= 1 << chance.randrange(8)
            found = verify_pdf(bytes(changed))
            assert found.verdict == "bad", f"{name}, byte {place}: {found.headline}"
        total += len(places)
        lines.append(
            f"{name:<46}{sum(end - start for start, end in spans):>9} bytes {len(places):>4} tried, all found"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines) + f"\n{'together':<46}{len(whole):>9} bytes {total:>4} tried")
    assert total > 100


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """What a test leaves for those that look at the file alone."""
    return {}


def test_signatures_alone_find_it_too(kept, request):
    """Without the hashes stored here: pyHanko's verdict, and the padding that no signature covers."""
    whole = kept.get("whole") or request.getfixturevalue("whole")
    roots, chance = signing.own().roots, random.Random(7)
    for name, spans in regions(whole).items():
        if name.endswith("contents"):
            continue  # the container has parts that mean the same when changed: letter case, certificates
        for place in sampled(spans, chance)[:2]:
            changed = bytearray(whole)
            changed[place] ^= 1 << chance.randrange(8)
            assert not _stands(bytes(changed), roots), f"{name}, byte {place}"
    assert _stands(whole, roots)


def _stands(data, roots):
    try:
        reader = read(data)
        found = [account(one, reader, roots) for one in reader.embedded_regular_signatures]
        rest = len(data) - end_of_signed(reader)
    except Exception:
        return False
    plain = PdfFileReader(io.BytesIO(data), strict=False)
    fields = [one.field_name for one in plain.embedded_regular_signatures]
    complete = fields == [signing.FIELD_NAME, signing.SECOND_FIELD]
    return complete and not rest and all(one.bottom_line and one.allowed and not one.hidden for one in found)


def test_trailing_bytes_are_found(whole):
    for rest in (b"\n", b"%", b"\0" * 100, b"\n1 0 obj\n<<>>\nendobj\n"):
        found = verify_pdf(whole + rest)
        assert found.headline == "Something was added to this document after it was signed.", rest


def test_the_second_signature_cut_off_or_replaced_is_found(whole, sign_off_of_another):
    first = PdfFileReader(io.BytesIO(whole)).embedded_regular_signatures[0]
    end = int(first.byte_range[2] + first.byte_range[3])
    assert verify_pdf(whole[:end]).verdict == "attention"  # says that one of two is missing
    forged, _ = signing.countersign(whole[:end], name="Somebody Else", reason="x", who=sign_off_of_another)
    assert verify_pdf(forged).verdict != "good"


@pytest.fixture
def sign_off_of_another(settings, tmp_path):
    before, settings.KEYS_DIR = settings.KEYS_DIR, tmp_path / "other"
    who = signing.own()
    settings.KEYS_DIR = before
    return who


def test_words_exchanged_for_others_of_the_same_length_are_found(report, pdf):
    """What is attached is compressed; its length and place in the file stay, its bytes do not."""
    content = report.sign_off.content
    other = content | {"disclaimer": content["disclaimer"][::-1]}
    unsigned = document.typeset(other, report.sign_off.content_sha256)
    spliced = unsigned + pdf[len(unsigned) :] if len(unsigned) < len(pdf) else unsigned
    assert verify_pdf(spliced).verdict == "bad"
