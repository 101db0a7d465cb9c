"""Which stretches, and who gets them: plain values."""

from __future__ import annotations

import uuid
from itertools import pairwise

import pytest

from facsweb.assignments import sampling
from facsweb.assignments.plan import Piece, share_out

MINUTE = 60_000_000
ANN, BEN, CEM = (uuid.UUID(int=number) for number in (1, 2, 3))


def test_stretches_are_read_as_people_type_them():
    assert sampling.parse("1:05-1:35.5, 0:10–0:40\n100 to 120") == [
        (10_000_000, 40_000_000),
        (65_000_000, 95_500_000),
        (100_000_000, 120_000_000),
    ]
    assert sampling.parse("1:00:00–1:00:01.25") == [(3_600_000_000, 3_601_250_000)]
    assert sampling.parse(" \n ") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ten to twenty", "no stretch"),
        ("0:40-0:10", "ends before"),
        ("0:10-0:40, 0:30-0:50", "overlap"),
        ("0:10", "no stretch"),
    ],
)
def test_what_is_no_stretch_is_said(text, said):
    with pytest.raises(sampling.WrongStretch, match=said):
        sampling.parse(text)


def test_a_stretch_beyond_the_end_is_said():
    with pytest.raises(sampling.WrongStretch, match="beyond the end at 1:00"):
        sampling.check_inside([(0, MINUTE + 1)], MINUTE)


def test_samples_are_the_same_with_the_same_seed_spread_and_apart():
    def drawn(seed):
        return sampling.sample(10 * MINUTE, count=12, length_us=10_000_000, seed=seed)

    spans = drawn("7 a")
    assert drawn("7 a") == spans
    assert drawn("8 a") != spans
    assert [start // (50_000_000) for start, _ in spans] == list(range(12))  # one in each twelfth
    assert all(end - start == 10_000_000 for start, end in spans)
    assert all(after[0] >= before[1] for before, after in pairwise(spans))


def test_a_recording_without_room_gives_fewer_samples():
    assert len(sampling.sample(25_000_000, count=6, length_us=10_000_000, seed="1")) == 2
    assert sampling.sample(9_000_000, count=1, length_us=10_000_000, seed="1") == []
    assert sampling.sample(10_000_000, count=3, length_us=10_000_000, seed="1") == [(0, 10_000_000)]


def test_samples_lie_where_a_face_was_seen():
    seen = [(0, MINUTE), (5 * MINUTE, 6 * MINUTE)]
    spans = sampling.sample(10 * MINUTE, count=6, length_us=10_000_000, seed="3", seen=seen)
    assert len(spans) == 6
    for start, end in spans:
        assert sum(max(0, min(end, b) - max(start, a)) for a, b in seen) >= 9_000_000
    assert sampling.sample(MINUTE, count=2, length_us=5_000_000, seed="3", seen=[]) == []


def test_half_of_balanced_samples_come_from_busy_places():
    # In the first 12 s of every minute much is proposed, nothing elsewhere.
    active = [(minute * MINUTE + part, minute * MINUTE + 12_000_000) for minute in range(10) for part in range(3)]
    spans = sampling.sample(10 * MINUTE, count=10, length_us=2_000_000, seed="5", active=active)

    def touches(span):
        return any(span[0] < end and start < span[1] for start, end in active)

    # A place in the upper half has at least as much as the median place: all that touch an event are in it.
    assert sum(touches(span) for span in spans) >= 2
    assert sum(not touches(span) for span in spans) >= 5


def pieces(*minutes, taken=None):
    return [
        Piece(uuid.UUID(int=100 + number), f"P-{number}", long * MINUTE, (), (taken or {}).get(number, {}))
        for number, long in enumerate(minutes)
    ]


def test_work_is_even_by_minutes_and_the_same_with_the_same_seed():
    found = pieces(10, 10, 5, 5, 5, 5)
    plan = share_out(found, [ANN, BEN], seed=1)
    assert plan.minutes() == {ANN: 20.0, BEN: 20.0}
    assert share_out(list(reversed(found)), [BEN, ANN], seed=1) == plan
    assert {work.ending for work in plan.works} == {"sign_off"}
    assert len({work.run for work in plan.works}) == len(plan.works) == 6


def test_a_share_is_doubled_by_different_people_and_ends_in_adjudication():
    plan = share_out(pieces(*[5] * 10), [ANN, BEN, CEM], seed=4, double_percent=30)
    assert plan.doubled == 3
    together = [work for work in plan.works if work.ending == "adjudication"]
    assert len(together) == 6
    pairs = {(work.run, work.coder) for work in plan.works}
    assert len(pairs) == len(plan.works) == 13  # nobody has a recording twice
    assert max(plan.minutes().values()) - min(plan.minutes().values()) <= 5


def test_who_has_a_coding_already_is_left_out_and_named():
    taken = {0: {ANN: "Ann"}, 1: {ANN: "Ann", BEN: "Ben"}}
    plan = share_out(pieces(5, 5, 5, taken=taken), [ANN, BEN], seed=2, double_percent=100)
    assert plan.skipped == (("P-0", "Ann"), ("P-1", "Ann, Ben"))
    assert plan.alone == ("P-0",)
    assert plan.nobody == ("P-1",)
    assert [(work.title, work.coder, work.ending) for work in plan.works if work.title == "P-0"] == [
        ("P-0", BEN, "sign_off")
    ]
    assert plan.doubled == 1
