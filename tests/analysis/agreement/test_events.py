"""Which events are the same, which were taken for others, and where two codings differ."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analysis.agreement import Options, disagreements
from analysis.agreement.matching import match, overlap
from analysis.agreement.shared import shared_spans
from tests.analysis.agreement.made import event, layer

SECOND = 1_000_000


def spans(*pairs):
    return [(round(a * SECOND), round(b * SECOND)) for a, b in pairs]


def test_within_the_tolerance_events_need_not_overlap():
    a, b = spans((1, 2)), spans((2.4, 3))
    assert match(a, b) == []
    assert match(a, b, tolerance_us=400_000) == [(0, 0)]
    assert match(a, b, tolerance_us=399_999) == []
    assert match(a, b, match_by="onset", tolerance_us=SECOND) == []
    assert match(a, b, match_by="onset", tolerance_us=1_400_000) == [(0, 0)]


def test_an_overlap_can_be_asked_for():
    a, b = spans((0, 10)), spans((4, 10))
    assert match(a, b, min_overlap=0.6) == [(0, 0)]
    assert match(a, b, min_overlap=0.61) == []


def test_as_many_as_possible_then_the_closest():
    # The best single pair (the second with the first) would leave the other two over.
    assert match(spans((0, 2), (2.1, 4)), spans((1.9, 4), (3.5, 6))) == [(0, 0), (1, 1)]
    assert match(spans((0, 4)), spans((0, 1), (1.2, 4))) == [(0, 1)]
    assert match(spans((5, 6)), spans((3, 4.6), (6.1, 7)), tolerance_us=500_000) == [(0, 1)]


@pytest.mark.parametrize("tolerance", [0, 300_000])
def test_neighbourhoods_find_what_one_large_assignment_finds(tolerance):
    random = np.random.default_rng(7)
    for _ in range(40):
        a, b = (np.sort(random.integers(0, 60 * SECOND, (40, 1)), 0) for _ in range(2))
        a, b = (np.hstack([x, x + random.integers(0, 4 * SECOND, x.shape)]) for x in (a, b))
        found = match(a, b, tolerance_us=tolerance)
        gap = np.maximum(a[:, None, 0] - b[None, :, 1], b[None, :, 0] - a[:, None, 1])
        allowed, shared = gap <= tolerance, overlap(a, b)
        rows, columns = linear_sum_assignment(allowed + shared / 1e4, maximize=True)
        best = [(i, j) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]
        assert len(found) == len(best)
        if not tolerance:
            assert sum(shared[p] for p in found) == pytest.approx(sum(shared[p] for p in best))
        assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
        assert len(match(b, a, tolerance_us=tolerance)) == len(found)


def test_only_time_that_all_coded_is_shared():
    one, two = layer("a", spans=[(0, 10), (20, 30)]), layer("b", spans=[(5, 25)])
    assert shared_spans([one, two]) == ((5 * SECOND, 10 * SECOND), (20 * SECOND, 25 * SECOND))
    assert shared_spans([one, layer("c", spans=[(10, 20)])]) == ()


def test_the_same_coding_has_no_disagreements():
    same = event("12", 1, 2, "C"), event("45", 1.5, 1.6)
    assert disagreements(layer("a", *same), layer("b", *same)) == ()


def test_every_kind_of_disagreement_in_order():
    a = layer(
        "a",
        event("1", 1, 2, "B"),
        event("12", 5, 7, "B", "left"),
        event("6", 10, 11, "B"),
        event("4", 15, 16, "C"),
        event("17", 20, 22, "B"),
        event("45", 30, 30.2),
    )
    b = layer(
        "b",
        event("12", 5, 7, "C", "right"),
        event("7", 10, 11, "B"),
        event("4", 15, 16, "D"),
        event("17", 20, 23, "B"),
        event("45", 30, 30.2),
        event("25", 40, 41, "B"),
    )
    found = disagreements(a, b)
    assert [(one.kind, one.code) for one in found] == [
        ("missed", "1"),
        ("side", "12"),
        ("code", "6"),
        ("intensity", "4"),
        ("timing", "17"),
        ("extra", "25"),
    ]
    assert found[1].also == ("intensity",)
    assert (str(found[2].a), str(found[2].b)) == ("6B", "7B")
    assert (found[4].from_us, found[4].to_us) == (20 * SECOND, 23 * SECOND)
    assert found[0].b is None
    assert found[-1].a is None
    back = disagreements(b, a)
    assert [one.kind for one in back] == ["extra", "side", "code", "intensity", "timing", "missed"]
    assert json.loads(json.dumps(found[1].as_dict()))["a"] == "L12B"


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("unilateral", "left", True),
        ("right", "unilateral", True),
        ("unilateral", "both", False),
        ("both", "left", False),
        ("", "left", True),
        ("unilateral", "unilateral", True),
    ],
)
def test_a_side_that_is_not_said_contradicts_both_alone(one, two, same):
    found = disagreements(layer("a", event("12", 1, 2, "B", one)), layer("b", event("12", 1, 2, "B", two)))
    assert [d.kind for d in found] == ([] if same else ["side"])


def test_faces_are_apart():
    found = disagreements(layer("a", event("12", 1, 2, face=0)), layer("b", event("12", 1, 2, face=1)))
    assert [(one.kind, one.face) for one in found] == [("missed", 0), ("extra", 1)]
    only = disagreements(
        layer("a", event("12", 1, 2, face=0)), layer("b", event("12", 1, 2, face=1)), Options(faces=(1,))
    )
    assert [one.kind for one in only] == ["extra"]


def test_ends_outside_of_the_shared_time_are_not_compared():
    a = layer("a", event("12", 2, 20, "B"), event("4", 30, 31), spans=[(0, 40)])
    b = layer("b", event("12", 10, 20.1, "B"), spans=[(10, 25)])
    assert disagreements(a, b) == ()  # from 10 s on the smile is the same; at 30 s the second did not look


def test_rejected_events_are_not_there():
    a = layer("a", event("12", 1, 2))
    assert [one.kind for one in disagreements(a, layer("b", event("12", 1, 2, rejected=True)))] == ["missed"]


def test_an_event_is_confused_with_one_other_at_most():
    a = layer("a", event("6", 1, 3), event("12", 1, 3))
    b = layer("b", event("7", 1, 3), event("12", 1, 3), event("10", 2.5, 3.5))
    assert [(one.kind, one.code) for one in disagreements(a, b)] == [("code", "6"), ("extra", "10")]


def test_only_other_codes_at_the_same_time_are_confusions():
    pieces = disagreements(layer("a", event("12", 1, 4)), layer("b", event("12", 1, 2), event("12", 2.5, 4)))
    assert [one.kind for one in pieces] == ["extra", "timing"]
    a = layer("a", event("6", 10, 12), event("4", 10, 12))
    b = layer("b", event("10", 0, 20), event("7", 2, 3))
    assert sorted(one.kind for one in disagreements(a, b)) == ["code", "extra", "missed"]
