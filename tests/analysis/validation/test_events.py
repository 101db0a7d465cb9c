"""Matching of events, their F1 and onset errors, on events made by hand."""

from __future__ import annotations

import math

import pytest

from analysis.facs.events import Event
from analysis.validation.events import (
    Agreement,
    Span,
    as_coded,
    labelled_spans,
    match,
    proposed_spans,
    read_labels,
    read_spans,
    table,
    together,
    where_coded,
)


def span(code: str, onset: float, offset: float) -> Span:
    return Span(code, round(onset * 1e6), round(offset * 1e6))


def test_events_of_the_same_code_that_overlap_are_a_pair():
    found = match([span("12", 1, 3), span("4", 1, 3)], [span("12", 1.1, 2.5), span("6", 1, 3), span("4", 3.5, 4)])
    assert found.pairs == ((span("12", 1, 3), span("12", 1.1, 2.5)),)
    assert found.missed == (span("4", 1, 3),)
    assert set(found.extra) == {span("6", 1, 3), span("4", 3.5, 4)}
    assert found.f1 == pytest.approx(2 / 5)
    assert found.onset_errors_us == (100_000,)
    assert found.codes == ["4", "6", "12"]
    assert found.of("4").f1 == 0


def test_one_event_is_matched_once():
    pieces = [span("12", 1.0, 1.4), span("12", 1.5, 3.0)]
    found = match([span("12", 1, 3)], pieces)
    assert found.pairs == ((span("12", 1, 3), pieces[1]),)  # the longer piece
    assert found.extra == (pieces[0],)
    swallowed = match(pieces, [span("12", 1, 3)])
    assert len(swallowed.pairs) == len(swallowed.missed) == 1


def test_as_many_as_possible_are_matched():
    # The closest pair alone (first with second, nearly the same) would leave two events over.
    labelled = [span("1", 0, 2), span("1", 3, 4)]
    proposed = [span("1", 1.9, 3.1), span("1", 0, 1.9)]
    assert len(match(labelled, proposed).pairs) == 2
    chain = match([span("1", 2, 4), span("1", 4.1, 9)], [span("1", 0, 2.1), span("1", 2.2, 4.2)])
    assert len(chain.pairs) == 2


def test_events_that_only_touch_share_a_frame():
    assert match([span("45", 1, 1)], [span("45", 1, 1)]).f1 == 1
    assert match([span("45", 1, 2)], [span("45", 2.04, 3)]).f1 == 0


def test_other_codes_can_be_left_out():
    found = match([span("12", 1, 3)], [span("12", 1, 3), span("24", 1, 3)], codes=["12"])
    assert (found.f1, found.extra) == (1, ())


def test_the_onset_error_is_the_median_of_amounts():
    labelled = [span("45", second, second + 0.3) for second in (1, 2, 3)]
    proposed = [span("45", second + late, second + 0.4) for second, late in ((1, -0.04), (2, 0.2), (3, 0.1))]
    found = match(labelled, proposed)
    assert found.onset_errors_us == (-40_000, 200_000, 100_000)
    assert found.onset_error_us == 100_000


def test_nothing_has_no_figure():
    assert math.isnan(Agreement().f1)
    assert math.isnan(Agreement().onset_error_us)
    assert match([], []) == Agreement()
    assert match([span("1", 1, 2)], []).f1 == 0


def test_recordings_are_matched_apart_and_counted_together():
    one = match([span("1", 1, 2)], [span("1", 1, 2)])
    two = match([span("1", 1, 2)], [span("1", 5, 6)])
    whole = together([one, two])
    assert (len(whole.pairs), len(whole.missed), len(whole.extra)) == (1, 1, 1)
    text = table({"a": one, "b": two})
    assert "| AU1 | 2 | 1 | 1 | 1 | 0.50 | 0 | 0 |" in text
    assert "- b: AU1 at 1.00 s missed" in text
    assert "- b: AU1 at 5.00 s extra" in text
    assert "nothing missed" in table({"a": one})


def test_only_b_or_more_counts():
    events = [Event("12", "both", letter, 0, 1, 2, 0.5) for letter in "ABE"]
    events.append(Event("51", "", "", 0, 1, 2, 0.5))  # a code that nothing says the strength of
    assert proposed_spans(events) == [Span("12", 0, 2)] * 2
    times = [index * 40_000 for index in range(8)]
    assert labelled_spans("12", times, [0, 0.2, 1.5, 0.3, 0, 0, 0.9, 1.0]) == [Span("12", 40_000, 120_000)]
    assert labelled_spans("12", times, [2] * 8) == [Span("12", 0, 280_000, begun=False, ended=False)]


def test_an_event_that_the_coding_cuts_has_no_onset_or_offset_to_compare():
    nan = math.nan
    values = [nan, 2, 2, 0, 0, 3, 3, nan, nan, 2, 0]
    times = [index * 40_000 for index in range(len(values))]
    cut, also_cut, last = labelled_spans("12", times, values)
    assert (cut.begun, cut.ended) == (False, True)
    assert (also_cut.begun, also_cut.ended) == (True, False)
    assert (last.begun, last.ended) == (False, True)
    found = match([cut, also_cut], [span("12", 0, 0.12), span("12", 0.2, 0.36)])
    assert found.f1 == 1
    assert found.onset_errors_us == (0,)
    assert found.offset_errors_us == (40_000,)
    assert found.offset_error_us == 40_000


def test_codes_that_the_labels_do_not_tell_apart_are_one():
    said = [span("26", 1, 1.5), span("27", 1.54, 2), span("43", 4, 5), span("46", 6, 6.2), span("12", 1, 2)]
    coded = as_coded(said, {"26", "45", "12"})
    assert [(one.code, one.onset_us, one.offset_us) for one in coded] == [
        ("26", 1_000_000, 2_000_000),
        ("12", 1_000_000, 2_000_000),
        ("45", 4_000_000, 5_000_000),
        ("45", 6_000_000, 6_200_000),
    ]
    assert as_coded(said, {"26", "27", "43", "45", "46", "12"}) == sorted(said, key=lambda one: one.onset_us)


def test_what_nobody_coded_is_neither_right_nor_wrong():
    times = [index * 40_000 for index in range(50)]
    labels = {"12": [0.0] * 25 + [math.nan] * 25, "1": [0.0] * 50}
    said = [span("12", 0.2, 0.6), span("12", 1.2, 1.6), span("1", 1.2, 1.6), span("4", 0.2, 0.6)]
    assert where_coded(said, times, labels) == [said[0], said[2]]


def test_a_table_of_labelled_events_is_read(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "clip,au,side,onset_start_s,apex_start_s,apex_end_s,offset_end_s,peak_intensity\n"
        "one,12,both,1.0,1.7,3.5,4.8,4.0\none,6,both,1.1,1.8,3.4,4.7,1.0\ntwo,45,both,0.5,0.6,0.7,0.86,5.0\n"
    )
    assert read_spans(path) == {"one": [span("12", 1, 4.8)], "two": [span("45", 0.5, 0.86)]}


def test_labels_by_frame_are_read(tmp_path):
    path = tmp_path / "clip.csv"
    path.write_text("frame,time_s,yaw,AU04,AU12,AU12_L\n0,0.0,3,0,0,0\n1,0.04,3,0.5,2.5,2\n2,0.08,3,1.0,0,0\n")
    assert read_labels(path) == [span("12", 0.04, 0.04)]
