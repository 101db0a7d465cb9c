"""Files that are not what they claim: a clear sentence, in short time, and nothing is read."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from analysis.exchange import eaf
from analysis.exchange.formats import FORMATS, read
from analysis.exchange.values import MAX_BYTES, ExchangeError, Options
from tests.analysis.exchange.made import everything, sent

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>
<ANNOTATION_DOCUMENT>&d;</ANNOTATION_DOCUMENT>"""
STEALS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<ANNOTATION_DOCUMENT><HEADER>&f;</HEADER></ANNOTATION_DOCUMENT>"""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text in UTF-8"),
        (b"code,onset\x00,offset\n", "binary"),
        ("code;onset_s;offset_s;note\n12;1;2;Lächeln\n".encode("latin-1"), "not text in UTF-8"),
        (b"hello\nworld\n", "none of the formats"),
        (b"frame,gaze\n1,2\n", "none of the formats"),
        (b"<html><body>hi</body></html>", "not an ELAN .eaf file"),
        (b"<ANNOTATION_DOCUMENT><TIER>", "XML is broken"),
        (BOMB, "document type"),
        (STEALS, "document type"),
        (b"<ANNOTATION_DOCUMENT>" + b"<a>" * 5000, "too deep"),
        (b"<ANNOTATION_DOCUMENT/>" + b" " * MAX_BYTES, "at most 20"),
        (b'{"format": "other"}', "not a coding"),
        (b'{"format": "facsweb.coding", "version": 9, "events": []}', "version 9"),
        (b'{"format": "facsweb.coding", "version": 1}', "no list of events"),
        (b"{" * 200_000, "not JSON"),
        (b'{"a":' + b"[" * 200_000, "not JSON"),
        (b'File type = "ooTextFile"\nObject class = "Pitch"\n', "not a Praat TextGrid"),
        (b'File type = "ooTextFile"\nObject class = "TextGrid"\n0\n', "damaged at line 4"),
        (b"frame,AU12\n1,2\n", "frames a second"),
        (b"time_us,AU12\n", "no rows"),
        (b"a" * 300_000, "none of the formats"),
        (b"code,onset_s,offset_s\n" + b"x,,\n" * 300_000, "more than 200,000 rows"),
        (b"<ANNOTATION_DOCUMENT>" + b"<a/>" * 700_000 + b"</ANNOTATION_DOCUMENT>", "more than 600,000 elements"),
    ],
)
def test_is_refused_in_a_sentence(data, words):
    started = time.process_time()  # what else the machine does is not part of it
    with pytest.raises(ExchangeError, match=words):
        read(data)
    assert time.process_time() - started < 5


def test_a_frame_table_of_frames_needs_its_rate_and_says_so():
    with pytest.raises(ExchangeError, match="frames a second"):
        read(b"code,start_frame,end_frame\n12,1,2\n")


@pytest.mark.parametrize("key", [key for key in FORMATS if FORMATS[key].reads])
def test_half_a_file_is_told_or_read_but_never_a_traceback(key):
    whole = sent(key, everything())
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        found = None
        with suppress(ExchangeError):
            found = read(whole[: int(len(whole) * share)], Options(fps=25))
        assert found is None or len(found.events) <= len(everything().events)


def test_an_eaf_that_names_things_twice_is_refused_for_a_part_would_be_lost():
    whole = sent("eaf", everything())
    with pytest.raises(ExchangeError, match="TIER_ID “AU6” is there twice"):
        eaf.read(whole.replace(b'TIER_ID="AU12"', b'TIER_ID="AU6"'))
    with pytest.raises(ExchangeError, match="there twice"):
        eaf.read(whole.replace(b'ANNOTATION_ID="a3"', b'ANNOTATION_ID="a2"'))


@pytest.mark.parametrize(
    "event",
    [
        {"code": 12, "onset_us": 1, "offset_us": 2},
        {"code": "12", "onset_us": True, "offset_us": 2},
        {"code": "12", "onset_us": 1.5, "offset_us": 2},
        {"onset_us": 1},
        "12C",
        None,
        {"code": "12", "onset_us": -5, "offset_us": -2},
    ],
)
def test_one_bad_event_of_a_json_is_said_and_the_others_are_read(event):
    document = json.loads(sent("json", everything()))
    document["events"].insert(0, event)
    found = read(json.dumps(document).encode())
    assert len(found.events) == len(everything().events)
    assert len(found.warnings) == 1
    assert found.warnings[0].place == "event 1"


def test_too_many_events_are_no_coding():
    rows = "".join(f"12,{n},{n + 1}\n" for n in range(50_002))
    with pytest.raises(ExchangeError, match="more than 50,000 events"):
        read(f"code,onset_ms,offset_ms\n{rows}".encode())


def test_control_characters_do_not_break_the_xml():
    from analysis.coded import CodedEvent
    from tests.analysis.exchange.made import layer

    coding = layer(CodedEvent("12", "both", "C", 0, 1000, 2000, note="bell\a null\0 end\ud800"))
    (event,) = read(sent("eaf", coding)).events
    assert event.note == "bell\ufffd null\ufffd end\ufffd"


@pytest.mark.parametrize("time", ["1e308", "1e999", "nan", "inf", "9" * 5000, "9" * 5000 + ":00:01", "-1e300"])
def test_times_that_cannot_be_are_said(time):
    for text in (f"code,onset_s,offset_s\n12,{time},2\n12,1,2\n", f"timestamp,AU12\n{time},0\n1,3\n"):
        found = read(text.encode(), Options(duration_us=10_000_000))
        assert len(found.events) == 1
        assert found.warnings
    grid = f'"ooTextFile"\n"TextGrid"\n0 10 <exists> 1 "IntervalTier" "AU12" 0 10 1 0 {time} "C"\n'
    with suppress(ExchangeError):
        read(b"File type = " + grid.encode(), Options(duration_us=10_000_000))


def test_very_many_remarks_are_counted():
    rows = "12,soon,later\n" * 20_000
    found = read(f"code,onset_s,offset_s\n{rows}".encode())
    assert len(found.warnings) == 10_001
    assert str(found.warnings[-1]) == "The file: 50,000 more such remarks"
