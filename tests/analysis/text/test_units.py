"""Transcripts and documents become units: every form, and what is wrong with real ones."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from analysis.text import reading, sentences
from analysis.text.units import Piece, Unit
from analysis.types import AnalysisError
from tests.analysis.text import files

VTT = """\ufeffWEBVTT - an interview
Kind: captions

STYLE
::cue { color: red }

NOTE a remark
over two lines with --> in it

1
00:00:01.000 --> 00:00:03.500 align:start position:0%
<v Anna Berg>Hello <b>there</b> &amp; welcome.
How are you?

00:05.000 --> 00:07.000
<v.loud Bo>I am not</v>

00:07.000 --> 00:09.000
<v Bo>happy about this. <i>Really</i> <00:00:08.000><c>not</c>.

NOTE the end
"""


def rows(transcript):
    return [(unit.start_us, unit.end_us, unit.speaker, unit.text) for unit in transcript.units]


def read(text, name):
    return reading.read_bytes(text.encode(), name)


def test_vtt_keeps_voices_and_drops_markup_notes_and_styles():
    found = read(VTT, "a.vtt")
    assert [(speaker, text) for *_, speaker, text in rows(found)] == [
        ("Anna Berg", "Hello there & welcome."),
        ("Anna Berg", "How are you?"),
        ("Bo", "I am not happy about this."),
        ("Bo", "Really not."),
    ]
    assert found.kind == "vtt"
    assert found.timed
    assert found.warnings == ()


def test_a_sentence_over_two_cues_is_one_unit_and_time_is_shared_by_length():
    found = rows(read(VTT, "a.vtt"))
    assert found[0][0] == 1_000_000
    assert found[1][1] == 3_500_000
    # 22 characters, a space and 12 characters share 2.5 s
    assert found[0][1] == pytest.approx(1_000_000 + 2_500_000 * 22 / 35, abs=1)
    assert found[1][0] == pytest.approx(1_000_000 + 2_500_000 * 23 / 35, abs=1)
    assert found[2][0] == 5_000_000
    assert found[2][1] == pytest.approx(7_000_000 + 2_000_000 * 17 / 29, abs=1)
    assert found[3][1] == 9_000_000


def test_srt_with_commas_numbers_styles_and_names_before_the_words():
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color=red>Anna: Good morning.</font>\n"
        "2\n00:00:03,000 --> 00:00:04,000\nBo: Is it?\n\n3\n00:00:05,000 --> 00:00:06,500\nAnna: Yes: it is.\n"
    )
    assert rows(read(text, "a.srt")) == [
        (1_000_000, 2_000_000, "Anna", "Good morning."),
        (3_000_000, 4_000_000, "Bo", "Is it?"),
        (5_000_000, 6_500_000, "Anna", "Yes: it is."),
    ]


def test_cues_out_of_order_overlapping_backward_and_repeated_are_kept_sensibly_and_said():
    text = (
        "WEBVTT\n\n00:10.000 --> 00:12.000\nLater words here.\n\n00:01.000 --> 00:04.000\nFirst words here.\n\n"
        "00:03.000 --> 00:05.000\nOver the first.\n\n00:20.000 --> 00:19.000\nBackward.\n\n"
        "00:10.500 --> 00:12.500\nLater words here.\n\n00:12.000 --> 00:13.000\nLater words here. And more.\n"
    )
    found = read(text, "a.vtt")
    assert [row[3] for row in rows(found)] == [
        "First words here.",
        "Over the first.",
        "Later words here.",
        "And more.",
        "Backward.",
    ]
    assert rows(found)[-1][:2] == (20_000_000, 20_000_000)
    said = " ".join(found.warnings)
    for words in ("ended before beginning", "sorted", "only repeated", "overlap"):
        assert words in said


def test_pauses_and_speakers_keep_cues_apart_and_joining_has_an_end():
    def piece(start, end, speaker, text):
        return Piece(start * 1_000_000, end * 1_000_000, speaker, text)

    apart = [piece(0, 1, "A", "so I went"), piece(4, 5, "A", "home again"), piece(5, 6, "B", "oh")]
    assert [unit.text for unit in sentences.units(apart)] == ["so I went", "home again", "oh"]
    endless = [piece(n, n + 1, "A", "word " * 9 + "word") for n in range(40)]
    assert max(len(unit.text) for unit in sentences.units(endless)) <= sentences.JOIN_CHARACTERS


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dr. Berg came at 5 p.m. on Monday. She left.", ["Dr. Berg came at 5 p.m. on Monday.", "She left."]),
        ("It cost 3.50. Too much!", ["It cost 3.50.", "Too much!"]),
        ("Well... maybe. “Never.” He left", ["Well... maybe.", "“Never.”", "He left"]),
        ("J. R. Smith said: no? yes!", ["J. R. Smith said: no?", "yes!"]),
        ("我不高兴。你呢？好！", ["我不高兴。", "你呢？", "好！"]),
        ("So did I. We left.", ["So did I.", "We left."]),
        ("no end", ["no end"]),
    ],
)
def test_sentences(text, parts):
    assert [text[a:b] for a, b in sentences.boundaries(text)] == parts


def test_txt_with_times_and_speakers():
    text = "[00:00:05] Anna: It was great. Really.\nmore of it\n(1:02) Bo: No.\n[00:01:10.500] - Anna: Fine.\n"
    found = rows(read(text, "a.txt"))
    assert [row[2:] for row in found] == [
        ("Anna", "It was great."),
        ("Anna", "Really. more of it"),
        ("Bo", "No."),
        ("Anna", "Fine."),
    ]
    assert [found[n][0] for n in (0, 2, 3)] == [5_000_000, 62_000_000, 70_500_000]
    assert found[2][1] == 63_000_000  # "No." does not last until the next line, eight seconds later


def test_txt_without_times_gives_none_and_a_note_is_no_speaker():
    found = read("Note: this was a test.\nIt went well. Very well.\n\nThe end is here.\nOver.", "a.txt")
    assert {row[:3] for row in rows(found)} == {(None, None, "")}
    assert rows(found)[0][3] == "Note: this was a test."
    assert len(found.units) == 5
    assert not found.timed


def test_names_with_times_above_the_words():
    text = "Anna Berg  0:05\nHello there.\nIt is nice.\n\nBo  1:02\nIs it?\n\nAnna Berg  1:10\nYes.\n"
    assert [(row[0], *row[2:]) for row in rows(read(text, "a.txt"))][::2] == [
        (5_000_000, "Anna Berg", "Hello there."),
        (62_000_000, "Bo", "Is it?"),
    ]
    assert rows(read(text, "a.txt"))[-1][2:] == ("Anna Berg", "Yes.")


def test_a_time_of_day_in_a_report_is_no_time_of_the_recording():
    found = read("We were late.\n10:30 we met at the station.\nIt rained.\nNobody came.\n", "a.txt")
    assert [row[3] for row in rows(found)][:2] == ["We were late.", "10:30 we met at the station."]
    assert not found.timed
    bare = read("00:00:05 Hello.\n00:00:09 Bye.\n", "a.txt")
    assert [row[0] for row in rows(bare)] == [5_000_000, 9_000_000]


def test_lines_before_the_first_time_are_left_out_and_it_is_said():
    found = read("Interview 3\n[00:01] Hello there.\n", "a.txt")
    assert [row[3] for row in rows(found)] == ["Hello there."]
    assert "before the first time" in found.warnings[0]


def test_word_paragraphs_and_tables_in_order():
    content = files.docx(["Anna: I am glad. Thanks!", "Bo: Why?"], [["00:01", "Anna: Because."]])
    found = reading.read_bytes(content, "a.docx")
    assert found.kind == "docx"
    assert rows(found)[-1] == (1_000_000, 2_000_000, "Anna", "Because.")
    plain = reading.read_bytes(files.docx(["Anna: I am glad. Thanks!", "Bo: Why?"]), "a.docx")
    assert rows(plain) == [
        (None, None, "Anna", "I am glad."),
        (None, None, "Anna", "Thanks!"),
        (None, None, "Bo", "Why?"),
    ]


def test_pdf_lines_that_the_page_broke_are_joined():
    found = reading.read_bytes(
        files.pdf(["I was not at all hap-", "py about what they", "did. It hurt."]), "a.pdf"
    )
    assert [row[3] for row in rows(found)] == ["I was not at all happy about what they did.", "It hurt."]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (files.pdf([]), "a.pdf", "scanned"),
        (files.pdf(["Hello."], password="secret"), "a.pdf", "password"),
        (b"%PDF-1.7 nonsense", "a.pdf", "cannot be read as a PDF"),
        (b"hello", "a.docx", "cannot be read as a Word document"),
        (files.bomb(80), "a.docx", "unpacks to over"),
        (b"hello", "a.odt", "no kind"),
        (b"WEBVTT\n\nnothing here", "a.vtt", "holds no cue"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "a.txt", "no text"),
        (b"", "a.txt", "no words"),
        (b" \n\n ", "a.txt", "no words"),
        (b"x" * (reading.MAX_BYTES + 1), "a.txt", "larger than"),
        (b"No. " * 20_001, "a.txt", "at most 20,000"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content, name, words):
    with pytest.raises(AnalysisError, match=words):
        reading.read_bytes(content, name)


def test_a_word_file_that_lies_about_its_size_or_holds_entities_is_refused_or_harmless():
    good = files.docx(["Hello."])
    cut = good[: len(good) // 2]
    with pytest.raises(AnalysisError, match="Word document"):
        reading.read_bytes(cut, "a.docx")
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(good)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            body = old.read(member)
            if member.filename == "word/document.xml":
                laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
                body = body.replace(b"?>", b"?>" + laughs, 1).replace(b"Hello.", b"Hello.&f;")
            new.writestr(member, body)
    assert [row[3] for row in rows(reading.read_bytes(out.getvalue(), "a.docx"))] == ["Hello."]


@pytest.mark.parametrize(
    ("encoding", "warned"),
    [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("utf-16-le", 0), ("utf-16-be", 0), ("latin-1", 1)],
)
def test_encodings(encoding, warned):
    found = reading.read_bytes("Das war schön, très bien.\r\nÜber alles.".encode(encoding), "a.txt")
    assert [row[3] for row in rows(found)] == ["Das war schön, très bien.", "Über alles."]
    assert len(found.warnings) == warned


def test_a_transcript_pasted_as_text_is_recognised_and_typed_words_are_read():
    assert rows(read("00:01.000 --> 00:02.000\nHello.\n", "a.txt")) == [(1_000_000, 2_000_000, "", "Hello.")]
    assert rows(reading.read_typed("I like it.\nAn arrow --> here.")) == [
        (None, None, "", "I like it."),
        (None, None, "", "An arrow --> here."),
    ]
    assert [row[3] for row in rows(read("An arrow --> here.", "a.txt"))] == ["An arrow --> here."]


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(AnalysisError, match="cannot be read"):
        reading.read(tmp_path / "none.vtt")


def test_units_are_validated():
    with pytest.raises(ValueError, match="both times"):
        Unit(0, None, "", "x")
    with pytest.raises(ValueError, match="ascend"):
        Unit(2, 1, "", "x")
    with pytest.raises(ValueError, match="words"):
        Unit(None, None, "", " ")
