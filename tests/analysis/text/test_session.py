"""The session's intervals cover what they say, on talk whose sentences resemble their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.text.session import FEWEST, mean_with_interval, summary


def sessions(count, length, likeness, seed=1):
    """Values whose neighbours correlate by ``likeness`` and whose true mean is 0.3."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 0.1, (count, length))
    out = np.zeros((count, length))
    out[:, 0] = noise[:, 0] / np.sqrt(1 - likeness**2)
    for n in range(1, length):
        out[:, n] = likeness * out[:, n - 1] + noise[:, n]
    return (out + 0.3).astype(np.float32)


@pytest.mark.parametrize("likeness", [0.0, 0.3])
def test_nominal_coverage(likeness):
    """90 % intervals cover the true mean in 85 to 95 % of sessions of 150 sentences."""
    rows = sessions(400, 150, likeness)
    inside = 0
    for number, row in enumerate(rows):
        found = mean_with_interval(row[:, None], seed=number)
        inside += bool(found["low"][0] <= 0.3 <= found["high"][0])
    assert 0.85 <= inside / len(rows) <= 0.95


def test_likeness_of_neighbours_widens_the_interval():
    def width(rows):
        found = mean_with_interval(rows)
        return found["high"][0] - found["low"][0]

    row = sessions(1, 400, 0.7)[0]
    shuffled = np.random.default_rng(0).permutation(row)
    assert width(row[:, None]) > 1.5 * width(shuffled[:, None])


def test_the_same_seed_gives_the_same_and_few_sentences_give_no_interval():
    rows = sessions(1, 30, 0.3)[0][:, None]
    assert mean_with_interval(rows, seed=4)["low"] == mean_with_interval(rows, seed=4)["low"]
    assert mean_with_interval(rows, seed=4)["low"] != mean_with_interval(rows, seed=5)["low"]
    few = summary(["a"], rows[: FEWEST - 1])["a"]
    assert few["mean"] == pytest.approx(float(rows[: FEWEST - 1].mean()), abs=1e-4)
    assert (few["low"], few["high"]) == (None, None)
    assert summary(["a"], rows[:0])["a"] == {"mean": None, "low": None, "high": None}
