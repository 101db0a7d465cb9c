"""What a person reads in the PDF: the words on its pages, taken out of the file again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.reports import content, document

pytestmark = pytest.mark.django_db
FONT_OR_STRING = re.compile(rb"/([\w.+-]+) [\d.]+ Tf|<([0-9a-fA-F]*)>|(\()", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def letters(font) -> dict[int, str]:
    """Glyph → text, as the font's /ToUnicode says."""
    table: dict[int, str] = {}
    source = font["/ToUnicode"].data.decode()
    for block in re.findall(r"beginbfchar(.*?)endbfchar", source, re.DOTALL):
        for glyph, text in re.findall(r"<(\w+)>\s*<(\w+)>", block):
            table[int(glyph, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", source, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            start = int.from_bytes(bytes.fromhex(text), "big")
            for step in range(int(last, 16) - int(first, 16) + 1):
                table[int(first, 16) + step] = chr(start + step)
    return table


def literal(data: bytes, at: int) -> tuple[bytes, int]:
    """The string whose opening parenthesis ends before a place, and where it ends; parentheses may nest."""
    out, depth = bytearray(), 1
    while depth:
        one = data[at : at + 1]
        if one == b"\\":
            octal = re.compile(rb"[0-7]{1,3}").match(data, at + 1)
            following = data[at + 1 : at + 2]
            out += bytes([int(octal[0], 8) & 255]) if octal else ESCAPED.get(following, following)
            at = octal.end() if octal else at + 2
            continue
        depth += {b"(": 1, b")": -1}.get(one, 0)
        out += one
        at += 1
    return bytes(out[:-1]), at


def shown(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Font and glyphs of every string of a page, in order."""
    font, at = "", 0
    while found := FONT_OR_STRING.search(data, at):
        at = found.end()
        if found[1]:
            font = found[1].decode()
        elif found[3]:
            glyphs, at = literal(data, at)
            yield font, glyphs
        elif found[2] and len(found[2]) % 4 == 0:
            yield font, bytes.fromhex(found[2].decode())


def pages(pdf: bytes) -> list:
    def below(node) -> list:
        return (
            [page for child in node["/Kids"] for page in below(child.get_object())] if "/Kids" in node else [node]
        )

    return below(PdfFileReader(io.BytesIO(pdf)).root["/Pages"])


def text_of(pdf: bytes) -> str:
    """Everything that is written on the pages, without spaces (a PDF has none where a line breaks)."""
    out = []
    for page in pages(pdf):
        fonts = {name[1:]: letters(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
        for font, glyphs in shown(page["/Contents"].data):
            known = fonts.get(font, {})
            out += [known.get(int.from_bytes(glyphs[i : i + 2], "big"), "") for i in range(0, len(glyphs), 2)]
    return squeezed("".join(out))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00ad\u200b]", "", text)


@pytest.fixture
def said(sign_off):
    return sign_off.content


@pytest.fixture
def text(said):
    """The running text: a sentence may go on behind the foot and the head of a page."""
    printed = text_of(document.typeset(said, content.sha256(said)))
    foot, head = r"ContentSHA-256[0-9a-f]{64}\dof\d", squeezed(f"{said['study']['name']}P-001·FACScodingreport")
    return re.sub(f"{foot}({re.escape(head)})?", "", printed)


def test_where_it_comes_from_is_printed(text, said, run):
    consent, recording = said["consent"], said["recording"]
    for words in (
        said["study"]["name"],
        said["participant"]["code"],
        f"{consent['form']}, version {consent['version']}, given",
        *consent["scopes"],
        recording["title"],
        recording["sha256"],
        *(
            model["id"] + str(model["version"]) + model["licence"] + model["sha256"]
            for model in said["run"]["models"]
        ),
        f"{said['run']['scorer']['id']} {said['run']['scorer']['version']}",
        "found automatically, 20 frames",
        *(name + sha256 for name, sha256 in run.files.items()),
        said["report"]["software"],
    ):
        assert squeezed(words) in text, words


def test_figures_of_every_action_unit_are_printed(text, said):
    printed = [row for row in said["summary"][0]["rows"] if row["events"] or (row["peak"] or 0) > 1]
    assert [row["code"] for row in printed] == ["6", "45", "12", "14", "25"]
    for row in printed:
        figures = (
            f"{row['events']}{row['rate_per_min']:.2f}{row['share'] * 100:.1f}%{row['mean']:.2f}{row['peak']:.2f}"
        )
        assert squeezed(row["code"] + row["name"] + figures + row["tier"]) in text, row["code"]


def test_events_stand_as_signed_beside_what_the_machine_said(text, said):
    assert squeezed("12C Lip corner puller 00:00:01.000 00:00:01.700 00:00:05.000 12D conf. 0.80") in text
    assert squeezed("L14B Dimpler Left corner only 00:00:02.000 00:00:02.500 00:00:03.000 – Added") in text
    assert squeezed("– Blink – – – 45E") in text  # deleted
    for word in ("Confirmed", "Not reviewed", "Changed", "Added", "Deleted"):
        assert squeezed(word) in text


def test_who_corrected_what_is_printed(text):
    assert squeezed("Coder Person 2 1 1 1 0") in text
    assert squeezed("12C changed: intensity D → C; offset 00:00:04.800 → 00:00:05.000") in text
    assert squeezed("L14B added, 00:00:02.000–00:00:03.000") in text


def test_limits_disclaimer_statement_and_hash_are_printed(text, said):
    for words in (*said["limits"], said["disclaimer"], said["sign_off"]["statement"], "Signed by Coder Person"):
        assert squeezed(words) in text, words
    pdf = document.typeset(said, content.sha256(said))
    assert text_of(pdf).count(squeezed(f"Content SHA-256 {content.sha256(said)}")) == len(pages(pdf)) > 1


def test_the_timeline_is_a_picture_of_the_intensities(said):
    """Sixty separate bursts in each row are sixty cells more than no signal at all."""

    def drawn(values: list[int | None]) -> int:
        picture = said["pictures"][0]
        rows = [row | {"values": values} for row in picture["rows"]]
        pdf = document.typeset(said | {"pictures": [picture | {"rows": rows}]}, "0" * 64)
        return sum(page["/Contents"].data.count(b" scn") for page in pages(pdf))

    assert drawn([450, None] * 60) >= drawn([None] * 120) + 60 * len(said["pictures"][0]["rows"])
