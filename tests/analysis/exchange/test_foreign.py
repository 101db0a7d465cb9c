"""Files of other programs and other people: what is understood, and that the rest is said."""

from __future__ import annotations

import pytest

from analysis.exchange.formats import read
from analysis.exchange.names import code_of, units_of
from analysis.exchange.values import NOTATION, Options, Thresholds

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="x" DATE="2020-01-01T00:00:00+00:00" FORMAT="2.8" VERSION="2.8">
<HEADER TIME_UNITS="milliseconds">
<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/a/clip.mp4" MIME_TYPE="video/mp4"/></HEADER>
<TIME_ORDER>{slots}</TIME_ORDER>{tiers}
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>
</ANNOTATION_DOCUMENT>"""


def eaf(**tiers: list[tuple[int | None, int | None, str]]) -> bytes:
    """A plain file of another program; names of tiers come as keys with ``_`` for a blank."""
    slots, out = [], []
    for name, rows in tiers.items():
        out.append(f'<TIER TIER_ID="{name.replace("_", " ")}" LINGUISTIC_TYPE_REF="t">')
        for start, end, value in rows:
            for time in (start, end):
                held = "" if time is None else f' TIME_VALUE="{time}"'
                slots.append(f'<TIME_SLOT TIME_SLOT_ID="ts{len(slots) + 1}"{held}/>')
            refs = f'TIME_SLOT_REF1="ts{len(slots) - 1}" TIME_SLOT_REF2="ts{len(slots)}"'
            inside = f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>" if value != "no value" else ""
            number = f'ANNOTATION_ID="a{len(slots)}"'
            out.append(
                f"<ANNOTATION><ALIGNABLE_ANNOTATION {number} {refs}>{inside}</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        out.append("</TIER>")
    return EAF.format(slots="".join(slots), tiers="".join(out)).encode()


def facs(found) -> list[str]:
    return [str(event) for event in found.events]


@pytest.mark.parametrize(
    ("name", "code", "side"),
    [
        ("AU12", "12", ""),
        ("12", "12", ""),
        ("AU 12", "12", ""),
        ("au_12", "12", ""),
        ("AU-06", "6", ""),
        ("Lip Corner Puller", "12", ""),
        ("12 lip corner puller", "12", ""),
        ("AU12 - Lip Corner Puller", "12", ""),
        ("L12", "12", "left"),
        ("AU12_R", "12", "right"),
        ("AU12 left", "12", "left"),
        ("AU12 (2)", "12", ""),
        ("M55", "M55", ""),
        ("AU51", "51", ""),
    ],
)
def test_names_of_tiers(name, code, side):
    found = code_of(name)
    assert found is not None
    assert (found.code, found.side) == (code, side)


@pytest.mark.parametrize("name", ["Gesture", "AU99", "12 months", "speech", "", "AU", "2024-11-21", "3"])
def test_names_that_mean_no_code(name):
    assert code_of(name) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12C", [("12", "", "C")]),
        ("C", [("12", "", "C")]),
        ("L", [("12", "left", "")]),
        ("LC", [("12", "left", "C")]),
        ("left c", [("12", "left", "C")]),
        ("R12", [("12", "right", "")]),
        ("U12B", [("12", "unilateral", "B")]),
        ("", [("12", "", "")]),
        ("1+2+12B", [("1", "", ""), ("2", "", ""), ("12", "", "B")]),
        ("3", [("12", "", "C")]),
        ("AU12", [("12", "", "")]),
    ],
)
def test_values_on_a_tier_of_12(value, expected):
    assert [(unit.code, unit.side, unit.intensity) for unit in units_of(value, "12") or []] == expected


def test_an_eaf_of_somebody_else():
    data = eaf(
        AU12=[(1000, 2000, "12C"), (3000, 4000, "L"), (5000, 6000, "a grin")],
        Lip_Corner_Puller=[(7000, 8000, "B")],
        FACS=[(1000, 1500, "1+2+L4B"), (2000, 2500, "hello")],
        Gesture=[(0, 500, "wave"), (600, 700, "point")],
    )
    found = read(data)
    assert facs(found) == ["1", "2", "L4B", "12C", "L12", "12", "12B"]
    assert found.unmatched == {"Gesture": 2}
    assert found.media == "clip.mp4"
    said = [str(remark) for remark in found.warnings]
    assert any("a grin" in text and "note" in text for text in said)
    assert any("hello" in text for text in said)
    assert any("Gesture" in text and "2 annotations" in text for text in said)
    assert any("no apex" in text for text in said)
    assert next(event.note for event in found.events if event.onset_us == 5_000_000) == "a grin"


def test_a_tier_can_be_mapped_to_a_code_to_notation_or_left_out():
    data = eaf(smile=[(0, 100, "C")], all=[(0, 100, "6+12")], Gesture=[(0, 500, "wave")])
    mapping = {"smile": "12", "all": NOTATION, "Gesture": ""}
    found = read(data, Options(mapping=mapping))
    assert sorted(facs(found)) == ["12", "12C", "6"]
    assert found.unmatched == {}
    assert any("left out as chosen" in str(remark) for remark in found.warnings)


def test_times_that_elan_has_not_aligned_are_spread_and_said():
    data = eaf(AU12=[(1000, None, "C"), (None, 4000, "B")])
    found = read(data)
    assert [(e.onset_us, e.offset_us) for e in found.events] == [(1_000_000, 2_000_000), (3_000_000, 4_000_000)]
    assert any("not aligned" in str(remark) for remark in found.warnings)


def test_an_annotation_without_a_value_is_the_code_alone():
    assert facs(read(eaf(AU12=[(1000, 2000, "no value")]))) == ["12"]


def test_a_shift_moves_everything_and_what_falls_out_is_said():
    data = eaf(AU12=[(100, 200, "A"), (1000, 2000, "B"), (9000, 9900, "C"), (400, 900, "D")])
    found = read(data, Options(offset_us=-500_000, duration_us=9_000_000, face=2))
    assert [(str(e), e.onset_us, e.offset_us, e.face) for e in found.events] == [
        ("12D", 0, 400_000, 2),
        ("12B", 500_000, 1_500_000, 2),
        ("12C", 8_500_000, 9_000_000, 2),
    ]
    said = " ".join(str(remark) for remark in found.warnings)
    assert "outside of the recording" in said
    assert said.count("it was cut there") == 2


@pytest.mark.parametrize(
    ("text", "unit", "times"),
    [
        ("AU;Start;End\n12;1,5;2,25\n", "", (1_500_000, 2_250_000)),
        ("\ufeffAction Unit\tOnset (ms)\tOffset (ms)\nAU 12\t1500\t2250\n", "", (1_500_000, 2_250_000)),
        ("code,onset_us,offset_us\n12,1500000,2250000\n", "", (1_500_000, 2_250_000)),
        ("code,onset [s],duration [s]\n12,1.5,0.75\n", "", (1_500_000, 2_250_000)),
        ("code,onset,offset\n12,1500,2250\n", "ms", (1_500_000, 2_250_000)),
        ("code,onset,offset\n12,00:00:01.500,00:00:02.250\n", "", (1_500_000, 2_250_000)),
        ("Behavior,Start (s),Stop (s)\nAU12,1.5,2.25\n", "", (1_500_000, 2_250_000)),
        ("code,start_frame,end_frame\n12,15,22\n", "", (1_500_000, 2_200_000)),
        ("Study X\n\ncode,onset_s,offset_s\n12,1.5,2.25\n", "", (1_500_000, 2_250_000)),
    ],
)
def test_tables_as_people_write_them(text, unit, times):
    (event,) = read(text.encode(), Options(unit=unit, fps=10)).events
    assert (event.code, event.onset_us, event.offset_us) == ("12", *times)


def test_elans_own_table_is_read_in_milliseconds():
    text = (
        "Tier\tBegin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tBegin Time - msec\tEnd Time - msec\tAnnotation\n"
        "AU12\t00:00:01.500\t1.5\t1500\t2250\tL12C\n"
    )
    (event,) = read(text.encode()).events
    assert (str(event), event.onset_us, event.offset_us) == ("L12C", 1_500_000, 2_250_000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark(encoding):
    text = "code,onset_ms,offset_ms,note\n12,1,2,Lächeln\n"
    assert read(text.encode(encoding)).events[0].note == "Lächeln"


def test_every_row_that_is_not_understood_is_said_with_its_line():
    text = (
        "code,onset_s,offset_s,intensity,side,gaze\n"
        "12,1,2,C,left,3\n"
        "banana,1,2,,,\n"
        "12,soon,2,,,\n"
        "12,5,4,,,\n"
        "51,1,2,B,left,\n"
        "45,1,2,Z,,\n"
    )
    found = read(text.encode())
    said = [str(remark) for remark in found.warnings]
    assert sorted(facs(found)) == ["45", "51B", "L12C"]
    assert found.unmatched == {"banana": 1}
    for words in (
        "gaze",
        "Line 4: “soon”",
        "Line 5: the event of 12 ends before",
        "Line 6: 51 has no side",
        "“Z”",
    ):
        assert any(words in text for text in said), words


def test_times_without_a_unit_are_guessed_from_the_recording_and_said():
    text = "code,onset,offset\n12,1000,2000\n"
    found = read(text.encode(), Options(duration_us=5_000_000))
    assert found.events[0].offset_us == 2_000_000
    assert any("taken for milliseconds" in str(remark) for remark in found.warnings)


OPENFACE = "frame, face_id, timestamp, confidence, success, AU12_r, AU12_c, AU28_c, gaze_0_x\n"


def test_openface_by_presence_or_by_threshold_and_a_lost_face_is_a_gap():
    rows = []
    for frame in range(100):
        strength = 2.4 if 20 <= frame < 40 else 0.6 if 60 <= frame < 70 else 0.0
        success = 0 if 30 <= frame < 32 else 1
        rows.append(
            f"{frame + 1}, 0, {frame / 25:.3f}, 0.98, {success}, {strength}, {int(strength > 0)}, 0, 0.1\n"
        )
    data = (OPENFACE + "".join(rows)).encode()
    assert facs(read(data)) == ["12C", "12C", "12A"]
    by_strength = read(data, Options(thresholds=Thresholds(enter=1.0, presence=False)))
    assert [(str(e), e.onset_us, e.offset_us) for e in by_strength.events] == [
        ("12C", 800_000, 1_160_000),
        ("12C", 1_280_000, 1_560_000),
    ]
    longer = read(data, Options(thresholds=Thresholds(least_us=320_000)))
    assert len(longer.events) == 2
    assert sum("least duration" in str(remark) for remark in longer.warnings) == 1
    assert any("gaze_0_x" in str(remark) for remark in longer.warnings)


def test_short_pauses_are_joined_when_asked():
    rows = [f"{n}, 0, {n / 25:.3f}, 1, 1, 2, {int(not 40 <= n < 43)}, 0, 0\n" for n in range(20, 80)]
    data = (OPENFACE + "".join(rows)).encode()
    assert len(read(data).events) == 2
    assert len(read(data, Options(thresholds=Thresholds(join_us=200_000))).events) == 1


def test_pyfeat_probabilities_make_events_without_letters():
    rows = "".join(f"{n},{0.9 if 10 <= n < 20 else 0.1},00:00,clip.mp4\n" for n in range(50))
    found = read(f"frame,AU12,approx_time,input\n{rows}".encode(), Options(fps=10))
    (event,) = found.events
    assert (str(event), event.onset_us, event.offset_us) == ("12", 1_000_000, 1_900_000)
    assert event.confidence == pytest.approx(0.9)


def test_a_textgrid_of_praat_in_its_short_form_and_in_utf_16():
    text = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n10\n<exists>\n2\n'
        '"IntervalTier"\n"AU 12"\n0\n10\n3\n0\n1.5\n""\n1.5\n2.25\n"L C"\n2.25\n10\n""\n'
        '"IntervalTier"\n"words"\n0\n10\n1\n0\n10\n"say ""hi"""\n'
    )
    for data in (text.encode(), text.encode("utf-16")):
        found = read(data)
        (event,) = found.events
        assert (str(event), event.onset_us, event.offset_us) == ("L12C", 1_500_000, 2_250_000)
        assert found.unmatched == {"words": 1}
