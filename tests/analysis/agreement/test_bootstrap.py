"""Resampling: weights instead of copies, intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.agreement import Options, agree
from analysis.agreement.bootstrap import draws, interval, medians
from tests.analysis.agreement.made import drawn, moments


def test_weights_are_how_often_a_cluster_was_drawn():
    weights = draws(7, 500, seed=3)
    assert weights.shape == (501, 7)
    assert (weights[0] == 1).all()
    assert (weights.sum(1) == 7).all()
    assert weights[1:].mean(0) == pytest.approx(np.ones(7), abs=0.15)
    assert (draws(7, 500, seed=3) == weights).all()
    assert draws(1, 500, seed=3).shape == (1, 1)  # nothing to draw from
    assert draws(5, 0, seed=3).shape == (1, 5)


def test_medians_by_weights_are_medians_of_copies():
    random = np.random.default_rng(5)
    weights, clusters = draws(6, 200, seed=1), random.integers(0, 6, 31)
    values = random.integers(-20, 20, 31).astype(float)
    found = medians(weights, clusters, values)
    for row, median in zip(weights.astype(int), found, strict=True):
        copies = np.repeat(values, row[clusters])
        assert median == np.median(copies)
    assert np.isnan(medians(weights, np.zeros(0, int), np.zeros(0))).all()
    lonely = medians(weights, np.zeros(1, int), np.array([4.0]))
    assert (np.isnan(lonely) == (weights[:, 0] == 0)).all()


def test_intervals_are_quantiles_of_what_is_defined():
    values = np.random.default_rng(2).normal(size=(1001, 3))
    values[1:400, 1] = np.nan
    values[1:700, 2] = np.nan
    low, high = interval(values, 0.9)
    for column in (0, 1):
        expected = np.nanquantile(values[1:, column], [0.05, 0.95])
        assert (low[column], high[column]) == pytest.approx(tuple(expected))
    assert np.isnan(low[2])  # most resamples do not define it


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Index of many recordings drawn from one way of coding: .85·.85·2/(.85 + .85) = .85 of the events match."""
    held = 0
    trials = 60
    for trial in range(trials):
        random = np.random.default_rng(1000 + trial)
        recordings = []
        for number in range(25):
            true = moments(random, 40, 0.06, codes=("12",))
            names = {"seconds": 40, "participant": f"p{number}", "recording": f"r{number}"}
            recordings.append([drawn(random, coder, true, **names) for coder in ("a", "b")])
        pair = agree(recordings, Options(resamples=300, seed=trial)).pairs[0]
        assert pair.basis.over == "participants"
        held += pair.overall["index"].low <= 0.85 <= pair.overall["index"].high
    # 95 % intervals from 25 participants; the percentile bootstrap is known to be a little short.
    assert 0.85 * trials <= held <= trials


def test_whole_participants_are_drawn_not_frames():
    """Copies of one participant's recording add nothing: the interval must not shrink."""
    random = np.random.default_rng(9)
    recordings = []
    for number in range(6):
        true = moments(random, 60, 0.1)
        names = {"participant": f"p{number}"}
        recordings.append([drawn(random, coder, true, missed=0.1 * number, **names) for coder in ("a", "b")])
    once = agree(recordings).pairs[0]
    thrice = agree([group for group in recordings for _ in range(3)]).pairs[0]
    for key in ("index", "kappa", "icc2", "onset_abs_us"):
        assert thrice.overall[key].value == pytest.approx(once.overall[key].value, abs=1e-3)
        assert thrice.overall[key].low == pytest.approx(once.overall[key].low, rel=0.02)
        assert thrice.overall[key].high == pytest.approx(once.overall[key].high, rel=0.02)
