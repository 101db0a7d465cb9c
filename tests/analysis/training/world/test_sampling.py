"""What the training world activates together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.training.world import mapping, sampling
from analysis.training.world.types import Activation

ALL = frozenset(ACTION_UNITS)


@pytest.fixture(scope="module")
def drawn() -> list[Activation]:
    rng = np.random.default_rng(20)
    return [sampling.sample(rng, ALL) for _ in range(8000)]


def test_each_of_the_44_is_active_in_at_least_four_percent(drawn: list[Activation]) -> None:
    counts = dict.fromkeys(ACTION_UNITS, 0)
    for activation in drawn:
        asked = 1.2 * max(activation.get("25", (0.0, 0.0)))  # what a measured gap would be about
        for code, sides in mapping.labels(activation, asked).items():
            counts[code] += max(sides) >= 0.5

    assert min(counts.values()) >= 0.04 * len(drawn), sorted(counts.items(), key=lambda item: item[1])[:5]


def test_nothing_impossible_is_drawn_at_random(drawn: list[Activation]) -> None:
    prototypes = [set(units) for units in (*sampling.PROTOTYPES.values(), *sampling.SPEECH)]
    for activation in drawn:
        for pair in combinations(activation, 2):
            known = any(set(pair) <= units for units in prototypes) or set(pair) in ({"8", "26"}, {"19", "26"})
            assert known or sampling.compatible(*pair), activation


def test_strengths_are_within_range_and_cover_it(drawn: list[Activation]) -> None:
    strengths = np.array([max(sides) for activation in drawn for sides in activation.values()])

    assert strengths.min() > 0
    assert strengths.max() <= 1
    assert (strengths < 0.3).mean() > 0.1
    assert (strengths > 0.7).mean() > 0.2


def test_units_occur_alone_and_together(drawn: list[Activation]) -> None:
    sizes = [len(activation) for activation in drawn]

    assert 0.15 < np.mean([size == 1 for size in sizes]) < 0.5
    assert np.mean([size >= 3 for size in sizes]) > 0.3


def test_only_what_has_sides_differs_between_them(drawn: list[Activation]) -> None:
    for activation in drawn:
        for code, (left, right) in activation.items():
            assert left == right or CATALOGUE[code].sided or code == "37"


def test_winks_are_one_sided_and_dimples_often(drawn: list[Activation]) -> None:
    winks = [activation["46"] for activation in drawn if "46" in activation]
    dimples = [activation["14"] for activation in drawn if "14" in activation]

    assert all(min(wink) == 0 < max(wink) for wink in winks)
    assert 0.35 < np.mean([min(dimple) == 0 for dimple in dimples]) < 0.65


def test_a_rig_s_missing_codes_are_never_drawn() -> None:
    rng = np.random.default_rng(1)
    few = frozenset({"1", "2", "12", "26"})

    assert all(set(sampling.sample(rng, few)) <= few for _ in range(500))


def test_the_same_seed_draws_the_same() -> None:
    first, again = ([sampling.with_gaze(np.random.default_rng(3), ALL) for _ in range(3)] for _ in range(2))

    assert first == again


def test_gaze_stays_within_what_the_rigs_can_turn() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        looked = sampling.gaze(rng)
        assert len(looked) == 2
        assert all(0 <= amount <= 1 for sides in looked.values() for amount in sides)


def test_the_table_of_exclusions_names_known_units() -> None:
    codes = {code for pair in combinations(ACTION_UNITS, 2) for code in pair if not sampling.compatible(*pair)}

    assert codes <= ALL
    for first, second in (("24", "25"), ("26", "27"), ("38", "39"), ("5", "45"), ("34", "26")):
        assert not sampling.compatible(first, second)
    assert sampling.compatible("6", "12")
    assert sampling.compatible("19", "26")
