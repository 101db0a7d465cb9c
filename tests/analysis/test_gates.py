"""Gates and exclusive pairs on the output of any scorer: random curves of all 44 Action Units, head and eyes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EXCLUSIONS, EYE_CODES, HEAD_CODES
from analysis.facs.events import Event
from analysis.facs.gates import GATES, exclude, exclusive_pairs, gate, gating, separate

ALL = (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES)
SEEDS = range(20)


def output(seed: int, n: int = 200) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """What a scorer could say: 0–5 with ties, zeros and NaN; the unit is the larger of its sides."""
    rng = np.random.default_rng(seed)

    def curve() -> np.ndarray:
        values = np.round(rng.uniform(0, 5, n), 1) * (rng.random(n) < 0.7)
        return np.where(rng.random(n) < 0.1, np.nan, values)

    sides = {code: {"L": curve(), "R": curve()} for code in ALL if CATALOGUE[code].sided}
    both = {code: np.fmax(sides[code]["L"], sides[code]["R"]) if code in sides else curve() for code in ALL}
    return both, sides


def copied(both: dict, sides: dict) -> tuple[dict, dict]:
    return (
        {code: values.copy() for code, values in both.items()},
        {code: {side: values.copy() for side, values in part.items()} for code, part in sides.items()},
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_exclusive_pairs_never_score_in_the_same_frame(seed: int) -> None:
    both, sides = output(seed)
    before, sides_before = copied(both, sides)
    exclude(both, sides)
    for a, b in exclusive_pairs(ALL):
        assert not ((both[a] > 0) & (both[b] > 0)).any()
        for one in sides.get(a, {"": both[a]}).values():
            for two in sides.get(b, {"": both[b]}).values():
                assert not ((one > 0) & (two > 0)).any(), (a, b)
    for code, values in both.items():
        np.testing.assert_array_equal(np.isnan(values), np.isnan(before[code]))
        lost = (before[code] > 0) & (values == 0)
        np.testing.assert_array_equal(values[~lost], before[code][~lost])
        rivals = [other for other in CATALOGUE[code].exclusive_with if other in both]
        stronger = (
            np.any([both[other] >= before[code] for other in rivals], axis=0) if rivals else np.zeros(200, bool)
        )
        assert stronger[lost].all(), f"{code}: zero although no rival stays"
        for side in sides.get(code, {}):
            kept = sides[code][side]
            np.testing.assert_array_equal(np.isnan(kept), np.isnan(sides_before[code][side]))
        if code in sides:
            np.testing.assert_array_equal(values, np.fmax(sides[code]["L"], sides[code]["R"]))


def test_the_order_of_the_codes_does_not_matter() -> None:
    both, sides = output(3)
    turned = dict(reversed([(code, values.copy()) for code, values in both.items()]))
    exclude(both, sides)
    exclude(turned)
    for code in ALL:
        np.testing.assert_array_equal(both[code], turned[code])


def test_a_chain_of_pairs_keeps_both_ends() -> None:
    # 27 beats 24, so 24 does not beat 25
    both = {"24": np.array([4.0]), "25": np.array([3.0]), "27": np.array([5.0])}
    exclude(both)
    assert [both[code][0] for code in ("24", "25", "27")] == [0.0, 3.0, 5.0]


def test_what_was_not_measured_excludes_nothing() -> None:
    both = {"24": np.array([np.nan, 2.0]), "25": np.array([3.0, np.nan])}
    exclude(both)
    np.testing.assert_array_equal(both["25"], [3.0, np.nan])
    np.testing.assert_array_equal(both["24"], [np.nan, 2.0])


@pytest.mark.parametrize("pair", EXCLUSIONS, ids=lambda pair: f"{pair.a}-{pair.b}")
def test_each_pair_leaves_the_stronger(pair) -> None:
    for values, left in (((2.0, 3.0), (0.0, 3.0)), ((3.0, 2.0), (3.0, 0.0)), ((2.0, 2.0), (2.0, 0.0))):
        both = {code: np.array([value]) for code, value in zip(pair[:2], values, strict=True)}
        exclude(both)
        assert (both[pair.a][0], both[pair.b][0]) == left


@pytest.mark.parametrize("codes", [("24", "26"), ("25", "28"), ("12", "15"), ("6", "7"), ("25", "26"), ("1", "4")])
def test_what_facs_scores_together_stays_together(codes: tuple[str, str]) -> None:
    both = {code: np.array([2.0]) for code in codes}
    exclude(both)
    assert all(values[0] == 2.0 for values in both.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_gates_only_lower_and_hold_for_any_scorer(seed: int) -> None:
    both, sides = output(seed)
    before, sides_before = copied(both, sides)
    signals = gating(before)
    gate(both, sides)
    for code in ALL:
        np.testing.assert_array_equal(np.isnan(both[code]), np.isnan(before[code]))
        seen = np.isfinite(both[code])
        assert (both[code][seen] <= before[code][seen]).all()
        for side, values in sides.get(code, {}).items():
            known = np.isfinite(values)
            assert (values[known] <= sides_before[code][side][known]).all()
        if code in sides:
            np.testing.assert_allclose(both[code], np.fmax(sides[code]["L"], sides[code]["R"]))
    gated = {entry.code for entry in GATES}
    assert all(np.array_equal(both[code], before[code], equal_nan=True) for code in ALL if code not in gated)
    for entry in GATES:
        by = signals[entry.by]
        off = by <= entry.off if entry.off < entry.on else by >= entry.off
        assert np.nan_to_num(both[entry.code][off]).max(initial=0.0) == 0.0, f"{entry.code} by {entry.by}"


def test_gates_need_no_more_than_what_a_scorer_has() -> None:
    both = {"17": np.array([3.0]), "12": np.array([2.0])}
    gate(both, {})
    assert (both["17"][0], both["12"][0]) == (3.0, 2.0)
    both |= {"25": np.array([2.5])}
    gate(both, {})
    assert both["17"][0] == 0.0


def event(code: str, onset: int, apex: int, offset: int, confidence: float = 0.5) -> Event:
    return Event(code, "both" if CATALOGUE[code].sided else "", "C", onset, apex, offset, confidence)


def test_overlapping_exclusive_events_meet_at_the_later_onset() -> None:
    found = separate([event("52", 80, 150, 200), event("51", 0, 50, 100), event("12", 10, 90, 120)])
    assert [(one.code, one.onset_us, one.offset_us) for one in found] == [
        ("51", 0, 80),
        ("12", 10, 120),
        ("52", 80, 200),
    ]


def test_an_apex_is_never_cut_off() -> None:
    first, second = separate([event("51", 0, 90, 120), event("52", 60, 150, 200)])
    assert (first.offset_us, second.onset_us) == (90, 90)


def test_of_an_event_inside_its_rival_the_more_certain_stays() -> None:
    outer, inner = event("24", 0, 50, 300, 0.6), event("25", 100, 120, 200, 0.4)
    assert separate([outer, inner]) == [outer]
    assert separate([outer, replace(inner, confidence=0.9)]) == [replace(inner, confidence=0.9)]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_exclusive_events_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(60):
        code = str(rng.choice(["24", "25", "26", "27", "43", "45", "46", "51", "52", "12"]))
        times = sorted(int(t) for t in rng.integers(0, 2000, 3))
        made.append(event(code, *times, round(float(rng.random()), 3)))
    found = separate(made)
    assert all(one.onset_us <= one.apex_us <= one.offset_us for one in found)
    assert [one for one in found if one.code == "12"] == sorted(
        (one for one in made if one.code == "12"), key=lambda one: one.onset_us
    )
    for one, two in combinations(found, 2):
        if two.code in CATALOGUE[one.code].exclusive_with:
            assert one.offset_us <= two.onset_us or two.offset_us <= one.onset_us, (one, two)


def test_what_a_scorer_has_learned_is_not_gated() -> None:
    both, sides = output(3)
    before, _ = copied(both, sides)
    gate(both, sides, learned=frozenset({"6", "14", "17"}))
    for code in ("6", "14", "17"):
        assert np.array_equal(both[code], before[code], equal_nan=True)
    assert not np.array_equal(both["15"], before["15"], equal_nan=True)
