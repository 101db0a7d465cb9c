"""Units as plain values: what may be stored, what a file's units become, what changed, and files for others."""

from __future__ import annotations

import pytest

from analysis.text.reading import read_bytes
from analysis.text.units import Unit
from facsweb.transcripts import values
from facsweb.transcripts.values import Invalid

TEN_S = 10_000_000


def problems(rows, duration_us=TEN_S):
    with pytest.raises(Invalid) as caught:
        values.checked(rows, duration_us=duration_us)
    return [(one.get("index"), one.get("field")) for one in caught.value.problems]


def test_what_may_be_stored_is_cleaned():
    rows = [[0, 5, "  Anna \n B ", "a\r\nb\x00\ud800 "], [5, None, "", ""], [None, None, "", "c\u00a0d 🫠"]]
    assert values.checked(rows, duration_us=TEN_S) == [
        [0, 5, "Anna B", "a\nb"],
        [5, None, "", ""],
        [None, None, "", "c\u00a0d 🫠"],
    ]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([[5, 4, "", ""]], (0, "end")),
        ([[5, 5, "", ""]], (0, "end")),
        ([[5, None, "", ""], [4, None, "", ""]], (1, "start")),
        ([[5, None, "", ""], [None, None, "", ""], [4, None, "", ""]], (2, "start")),
        ([[None, 4, "", ""]], (0, "start")),
        ([[-1, None, "", ""]], (0, "start")),
        ([[TEN_S + 1, None, "", ""]], (0, "start")),
        ([[0, TEN_S + 1, "", ""]], (0, "end")),
        ([[0, None, "s" * 81, ""]], (0, "speaker")),
        ([[0, None, "", "t" * 5001]], (0, "text")),
    ],
)
def test_what_may_not_be_stored_is_said_unit_by_unit(rows, found):
    assert problems(rows) == [found]


def test_every_problem_is_told_and_the_first_is_in_the_sentence():
    with pytest.raises(Invalid, match=r"Unit 1: It ends before it starts\. And 1 more\."):
        values.checked([[5, 4, "", ""], [None, 3, "", ""]], duration_us=TEN_S)


def test_too_much_is_refused_whole():
    assert problems([[None, None, "", ""]] * 10_001) == [(None, None)]
    assert problems([[None, None, "", "t" * 5000]] * 401) == [(None, None)]


@pytest.mark.parametrize(
    "wrong", [{}, [[]], [[0, 1, "", 3]], [[True, 1, "", ""]], [["0", 1, "", ""]], [[0.5, 1, "", ""]]]
)
def test_what_is_no_list_of_units_is_refused(wrong):
    with pytest.raises(TypeError):
        values.checked(wrong, duration_us=TEN_S)


def test_a_document_has_no_recording_to_end_with():
    rows = [[3_600_000_000, 3_601_000_000, "", "later"]]
    assert values.checked(rows, duration_us=None) == rows


def test_units_of_a_file_are_fitted_into_the_recording():
    units = [
        Unit(8_000_000, 9_000_000, "", "last"),
        Unit(1_000_000, 2_000_000, "", "first"),
        Unit(9_500_000, 11_000_000, "", "over the end"),
        Unit(12_000_000, 13_000_000, "", "beyond"),
    ]
    rows, remarks = values.fitted(units, duration_us=TEN_S)
    assert rows == [
        [1_000_000, 2_000_000, "", "first"],
        [8_000_000, 9_000_000, "", "last"],
        [9_500_000, TEN_S, "", "over the end"],
        [None, None, "", "beyond"],
    ]
    assert [remark.split(" (")[0] for remark in remarks] == [
        "1 unit outside of the recording",
        "1 unit ended after the recording; the end was moved to 00:00:10.000.",
        "The units were not in the order of their times; they were sorted.",
    ]
    assert values.checked(rows, duration_us=TEN_S) == rows


def test_a_shift_moves_every_time():
    rows, remarks = values.fitted([Unit(60_000_000, 61_000_000, "", "x")], duration_us=TEN_S, shift_us=-59_000_000)
    assert (rows, remarks) == ([[1_000_000, 2_000_000, "", "x"]], [])


def test_a_long_paragraph_is_cut_where_a_sentence_ends():
    rows, remarks = values.fitted([Unit(None, None, "", "Ten words. " * 1000)], duration_us=None)
    assert [len(row[3]) for row in rows] == [4993, 4993, 1011]
    assert all(row[3].endswith("Ten words.") for row in rows)
    assert len(remarks) == 1
    assert values.checked(rows, duration_us=None) == rows


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("abc", "abc", ""),
        ("abc", "axc", "Changed unit 2."),
        ("abcd", "axyd", "Changed units 2–3."),
        ("abc", "abxyc", "Added 2 units after unit 2."),
        ("", "a", "Added 1 unit at the beginning."),
        ("abcd", "ad", "Removed units 2–3."),
        ("abcd", "axd", "Made units 2–3 1 unit."),
        ("aa", "aaa", "Added 1 unit after unit 2."),
    ],
)
def test_what_changed_in_a_sentence(before, after, said):
    def rows(letters):
        return [[None, None, "", letter] for letter in letters]

    assert values.difference(rows(before), rows(after)) == said


def test_an_end_that_nobody_set_is_the_next_start_or_four_seconds():
    rows = [
        [0, None, "", "a"],
        [2_000_000, None, "", "b"],
        [8_000_000, None, "", "c"],
        [None, None, "", "d"],
        [9, 9, "", ""],
    ]
    assert [row[:2] for row in values.ended(rows, duration_us=TEN_S)] == [
        [0, 2_000_000],
        [2_000_000, 6_000_000],
        [8_000_000, TEN_S],
        [None, None],
    ]


def test_vtt_and_text_come_back_as_they_went_out():
    rows = [
        [0, 1_500_000, "Anna & Co", "Is 1 < 2?"],
        [2_000_000, 3_000_000, "Ben", "Yes --> it is."],
        [4_000_000, None, "Ben", "So it is."],
        [None, None, "Ben", "No time"],
    ]
    vtt = values.as_vtt(rows, duration_us=TEN_S)
    read = read_bytes(vtt.encode(), "a.vtt").units
    assert [(one.start_us, one.end_us, one.speaker, one.text) for one in read] == [
        (0, 1_500_000, "Anna & Co", "Is 1 < 2?"),
        (2_000_000, 3_000_000, "Ben", "Yes --> it is."),
        (4_000_000, 8_000_000, "Ben", "So it is."),
    ]
    text = values.as_text(rows)
    assert text == "Anna & Co: Is 1 < 2?\nBen: Yes --> it is.\nBen: So it is.\nBen: No time\n"
