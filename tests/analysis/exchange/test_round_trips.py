"""What goes out comes back: exactly, but for what the format's own sentence says it loses."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analysis.coded import CodedEvent
from analysis.exchange.formats import FORMATS, Layout, kind_of, read
from analysis.exchange.text import neutral, restored
from analysis.exchange.values import About, Options
from analysis.facs.tables import EVENT_COLUMNS
from tests.analysis.exchange.made import ABOUT, everything, layer, random_layer, rounded, said, sent

LAYERS = [everything(), *(random_layer(seed) for seed in range(8)), layer()]


@pytest.mark.parametrize("coding", LAYERS)
def test_elan_is_exact_to_the_millisecond(coding):
    found = read(sent("eaf", coding))
    assert Counter(map(rounded, found.events)) == Counter(map(rounded, coding.events))
    assert found.warnings == ()
    assert found.spans == coding.spans
    assert found.coder == ("Ana Coder" if coding.events or coding.spans else "")


@pytest.mark.parametrize("coding", LAYERS)
@pytest.mark.parametrize("key", ["events", "json", "textgrid"])
def test_exact_to_the_microsecond(key, coding):
    found = read(sent(key, coding))
    assert found.format == key
    assert Counter(map(said, found.events)) == Counter(map(said, coding.events))
    assert found.warnings == ()
    if key != "events":
        assert found.spans == coding.spans


@pytest.mark.parametrize("key", ["events", "json"])
def test_confidence_and_rejected_proposals_survive(key):
    coding = layer(
        CodedEvent("12", "both", "C", 0, 5, 10, confidence=1 / 3),
        CodedEvent("4", "both", "B", 0, 5, 10, rejected=True, confidence=0.9),
    )
    assert set(read(sent(key, coding)).events) == set(coding.events)


@pytest.mark.parametrize("key", sorted(set(FORMATS) - {"events", "json"}))
def test_a_rejected_proposal_is_not_exported_as_if_it_stood(key):
    rejected = layer(CodedEvent("13", "both", "B", 400_000, 500_000, 600_000, rejected=True))
    assert sent(key, rejected) == sent(key, layer())


def test_the_long_table_begins_with_the_public_columns():
    header, first, *_ = csv.reader(io.StringIO(sent("events", everything()).decode()))
    assert tuple(header[: len(EVENT_COLUMNS)]) == EVENT_COLUMNS
    assert len(first) == len(header)


def test_events_csv_of_the_analysis_is_read(tmp_path):
    from analysis.facs.events import Event
    from analysis.facs.tables import write_events

    event = Event("12", "both", "C", 1_000_000, 1_500_000, 2_000_000, 0.75)
    write_events(tmp_path / "events.csv", [(1, [event])])
    (found,) = read((tmp_path / "events.csv").read_bytes()).events
    assert found == CodedEvent("12", "both", "C", 1_000_000, 1_500_000, 2_000_000, face=1, confidence=0.75)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\t=", "'=1", "''-x", "'", "''", "it's", "1+2", "＝x", ""]
)
def test_formulas_are_made_harmless_and_come_back(text):
    cell = neutral(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert restored(cell) == text


@pytest.mark.parametrize("key", ["events", "boris", "datavyu"])
def test_no_cell_of_a_table_is_a_formula(key):
    coding = layer(CodedEvent("12", "both", "C", 0, 5, 10, note='=HYPERLINK("http://x")'))
    delimiter = "\t" if key == "boris" else ","
    rows = csv.reader(io.StringIO(sent(key, coding).decode()), delimiter=delimiter)
    cells = [cell for row in rows for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


ON_FRAMES = layer(
    CodedEvent("12", "both", "C", 1_000_000, 1_000_000, 2_000_000),
    CodedEvent("12", "left", "B", 3_000_000, 3_000_000, 3_400_000),
    CodedEvent("12", "right", "E", 3_600_000, 3_600_000, 4_000_000),
    CodedEvent("12", "unilateral", "A", 5_000_000, 5_000_000, 5_400_000),
    CodedEvent("45", "both", "D", 2_000_000, 2_000_000, 2_000_000),
    CodedEvent("51", "", "B", 6_000_000, 6_000_000, 7_000_000),
    CodedEvent("73", "", "", 8_000_000, 8_000_000, 8_400_000),
    CodedEvent("4", "both", "D", 1_000_000, 1_000_000, 1_400_000, face=1),
)


@pytest.mark.parametrize("how", [Layout(), Layout(every_code=True), Layout(step_us=20_000)])
def test_the_wide_table_comes_back_on_its_grid(how):
    assert set(read(sent("wide", ON_FRAMES, layout=how)).events) == set(ON_FRAMES.events)


def test_the_wide_table_has_a_row_for_every_frame_and_is_empty_where_nothing_was_coded():
    coding = replace(ON_FRAMES, spans=((0, 1_000_000), (2_000_000, 10_040_000)))
    rows = list(csv.DictReader(io.StringIO(sent("wide", coding).decode())))
    assert len(rows) == 2 * 251
    assert [int(row["time_us"]) for row in rows[:251]] == ABOUT.frame_times.tolist()
    assert {row["AU12"] for row in rows[25:50]} == {""}
    assert (rows[50]["AU12"], rows[50]["AU12_L"], rows[50]["AU12_R"]) == ("3", "3", "3")
    assert (rows[80]["AU12"], rows[80]["AU12_L"], rows[80]["AU12_R"]) == ("2", "2", "0")
    assert rows[10]["AU12"] == "0"


def test_openface_keeps_intensity_and_frames():
    plain = layer(*(replace(e, side="both" if e.side else "") for e in ON_FRAMES.events if int(e.code) < 50))
    found = read(sent("openface", plain))
    assert found.format == "openface"
    assert set(found.events) == set(plain.events)
    header = sent("openface", plain).decode().split("\n")[0]
    assert header.startswith("frame, face_id, timestamp, confidence, success, AU01_r, AU02_r")
    assert "AU28_c" in header
    assert "AU28_r" not in header


def test_pyfeat_keeps_presence_and_needs_the_frame_rate():
    plain = layer(CodedEvent("12", "both", "C", 1_000_000, 1_200_000, 2_000_000))
    (event,) = read(sent("pyfeat", plain), Options(fps=25)).events
    assert (event.code, event.intensity, event.onset_us, event.offset_us) == ("12", "", 1_000_000, 2_000_000)


def test_boris_and_its_own_columns_come_back():
    found = read(sent("boris", everything()))
    expected = Counter((e.code, e.side, e.intensity, e.onset_us, e.offset_us, e.note) for e in everything().events)
    assert (
        Counter((e.code, e.side, e.intensity, e.onset_us, e.offset_us, e.note) for e in found.events) == expected
    )


def test_datavyu_counts_cells_in_milliseconds():
    rows = list(csv.DictReader(io.StringIO(sent("datavyu", everything()).decode())))
    smiles = [row for row in rows if row["variable"] == "AU12"]
    assert [row["ordinal"] for row in smiles] == ["1", "2", "3", "4"]
    assert (smiles[0]["onset"], smiles[0]["offset"], smiles[0]["code01"]) == ("1000", "2001", "12C")


def test_subtitles_say_what_stands_at_every_moment():
    coding = layer(
        CodedEvent("12", "left", "C", 1_000_000, 1_500_000, 2_000_000),
        CodedEvent("6", "both", "B", 1_500_000, 1_500_000, 2_500_000),
    )
    text = sent("webvtt", coding, replace(ABOUT, title="a --> b <c>")).decode()
    assert text.startswith("WEBVTT\n")
    cues = re.findall(r"(\S+) --> (\S+) \S+ \S+\n(.+)\n", text)
    assert cues == [
        ("00:00:01.000", "00:00:01.500", "L12C"),
        ("00:00:01.500", "00:00:02.000", "6B+L12C"),
        ("00:00:02.000", "00:00:02.500", "6B"),
    ]
    assert text.count("-->") == 3


def test_subtitles_never_lap_and_every_event_is_in_one():
    coding = random_layer(3, 200)
    text = sent("webvtt", coding).decode()
    times = [tuple(cue) for cue in re.findall(r"(\S+) --> (\S+)", text)]
    assert times == sorted(times)
    assert all(end <= start for (_, end), (start, _) in pairwise(times))
    assert all(str(event) in text for event in coding.events)


@pytest.mark.parametrize("key", sorted(FORMATS))
def test_every_format_writes_an_empty_coding_and_one_without_frames(key):
    assert sent(key, layer(), About())
    assert sent(key, everything(), replace(ABOUT, frame_times=np.empty(0, np.int64)))


@pytest.mark.parametrize("key", [key for key in FORMATS if FORMATS[key].reads and key != "boris"])
def test_a_format_is_told_by_what_the_file_holds(key):
    assert kind_of(sent(key, everything())) == key


def test_every_format_says_what_it_keeps_and_loses():
    for key, one in FORMATS.items():
        assert one.key == key
        assert one.keeps.endswith(".")
        assert one.loses.endswith(".")
        assert one.extension.startswith(".")
