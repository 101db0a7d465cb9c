"""Intervals from draws, and blocks of a course whose neighbours are alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm, t

from analysis.emotion.levels import _few
from analysis.emotion.spread import block_length, blocks, interval


def test_an_interval_leaves_five_of_a_hundred_on_either_side():
    low, high = interval(np.linspace(0.2, 0.8, 1001))
    assert (low, high) == (pytest.approx(0.23), pytest.approx(0.77))


def test_at_the_end_of_the_scale_all_ten_lie_on_the_other_side():
    draws = np.concatenate([np.zeros(300), np.linspace(0, 0.7, 701)])
    low, high = interval(draws)
    assert low == 0
    assert (draws <= high).mean() == pytest.approx(0.9, abs=0.002)
    low, high = interval(1 - draws)
    assert high == 1
    assert (1 - draws >= low).mean() == pytest.approx(0.9, abs=0.002)


def test_what_is_the_same_in_every_draw_has_no_width():
    assert interval(np.full(50, 0.4)) == (0.4, 0.4)
    assert interval(np.zeros(50)) == (0, 0)


def test_shapes_and_scales():
    draws = np.random.default_rng(0).uniform(-1, 1, (3, 4, 200))
    low, high = interval(draws, -1, 1)
    assert low.shape == high.shape == (3, 4)
    assert (low < high).all()


def _course(keep: float, count: int, seed: int) -> np.ndarray:
    return lfilter([1.0], [1.0, -keep], np.random.default_rng(seed).standard_normal(count))


def test_blocks_are_longer_the_more_alike_neighbours_are():
    lengths = [np.mean([block_length(_course(keep, 600, seed)) for seed in range(8)]) for keep in (0.0, 0.5, 0.9)]
    assert lengths[0] < 4
    assert lengths[0] < lengths[1] < lengths[2]


def test_block_length_is_that_of_the_formula():
    """AR(1) with coefficient r: G = 2r/(1-r)², the sum of |k|·r^|k|, and D = 4/3·((1+r)/(1-r))²."""
    keep, count = 0.6, 20_000
    total = (1 + keep) / (1 - keep)
    wanted = (2 * (2 * keep / (1 - keep) ** 2) ** 2 / (4 / 3 * total**2) * count) ** (1 / 3)
    found = np.mean([block_length(_course(keep, count, seed), longest=count) for seed in range(5)])
    assert found == pytest.approx(wanted, rel=0.2)


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(3), np.full(100, 0.3)])
def test_a_course_that_says_nothing_has_blocks_of_one(values):
    assert block_length(values) == 1


def test_every_place_is_drawn_equally_often_and_neighbours_stay_together():
    places = blocks(30, 7, 4000, np.random.default_rng(1))
    assert places.shape == (4000, 30)
    counts = np.bincount(places.ravel(), minlength=30) / 4000
    assert counts == pytest.approx(np.ones(30), abs=0.1)
    together = ((places[:, 1:] - places[:, :-1]) % 30 == 1).mean()
    assert together == pytest.approx(25 / 29, abs=0.02)  # 4 joints of 29 steps are between blocks


def test_few_blocks_are_stretched_as_students_t_is():
    for number in (6, 11, 31, 200):
        wanted = t.ppf(0.95, number - 1) / norm.ppf(0.95) * np.sqrt(number / (number - 1))
        assert _few(number) == pytest.approx(wanted, rel=0.01)


def test_resampled_means_spread_as_means_of_such_courses_do():
    keep, count = 0.7, 400
    true = np.std([_course(keep, count, seed).mean() for seed in range(600)])
    rng = np.random.default_rng(2)
    found = []
    for seed in range(12):
        course = _course(keep, count, seed)
        found.append(np.std(course[blocks(count, block_length(course), 300, rng)].mean(axis=1)))
    naive = np.std(_course(keep, count, 0)) / np.sqrt(count)
    assert np.mean(found) == pytest.approx(true, rel=0.25)
    assert naive < 0.6 * true
