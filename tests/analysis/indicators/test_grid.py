"""Cells, stretches, and the resampling of blocks."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.indicators.grid import Grid, block_counts, block_length, grid_over, inside, union

S = 1_000_000


def test_stretches_are_joined_and_cut_into_cells():
    grid = grid_over(0, 10 * S)
    assert grid.cells == 5
    covered = grid.covered_s([(S, 3 * S), (2 * S, 5 * S), (8 * S, 20 * S), (7 * S, 7 * S)])
    assert covered.tolist() == [1, 2, 1, 0, 2]
    assert union([(5, 9), (1, 3), (3, 4)]) == [(1, 4), (5, 9)]
    assert grid.covered_s([]).tolist() == [0] * 5


def test_a_stretch_holds_its_first_moment_and_not_its_last():
    assert inside(np.array([0, 1, 2, 3]), [(1, 3)]).tolist() == [False, True, True, False]
    assert not inside(np.array([1, 2]), []).any()


def test_sums_leave_out_what_was_not_measured():
    grid = Grid(0, 2)
    times = np.array([0, S, 2 * S, 3 * S])
    assert grid.sums(times, np.array([1.0, np.nan, 2.0, 3.0])).tolist() == [1, 5]


def test_moments_are_the_heaviest_stretches_of_one_sign():
    grid = Grid(0, 8)
    points = np.array([0.1, 4.0, 5.0, 0.0, -3.0, 0.2, 2.6, 0.0])
    assert grid.moments(points, 5) == [(2 * S, 6 * S, 9.0), (8 * S, 10 * S, -3.0), (12 * S, 14 * S, 2.6)]
    assert grid.moments(points, 1) == [(2 * S, 6 * S, 9.0)]
    assert grid.moments(np.zeros(8), 5) == []


@pytest.mark.parametrize("cells", [1, 3, 7, 300])
def test_every_resample_has_as_many_cells_as_the_session(cells):
    counts = block_counts(cells, 50, np.random.default_rng(0))
    assert counts.shape == (50, cells)
    assert counts.sum(1) == pytest.approx(cells, rel=1e-4)


def test_resampled_cells_stay_together_in_blocks():
    counts = block_counts(300, 200, np.random.default_rng(0))
    assert block_length(300) == 21
    # neighbours are drawn together: their counts go hand in hand, those far apart do not
    together = np.mean([np.corrcoef(counts[:, k], counts[:, k + 1])[0, 1] for k in range(0, 290, 10)])
    apart = np.mean([np.corrcoef(counts[:, k], counts[:, k + 40])[0, 1] for k in range(0, 250, 10)])
    assert together > 0.8
    assert abs(apart) < 0.2
    assert counts.mean() == pytest.approx(1)


@pytest.mark.parametrize(("cells", "memory"), [(300, 0.5), (60, 0.3)])
def test_intervals_of_a_mean_cover_it_although_neighbours_depend_on_each_other(cells, memory):
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(120):
        noise = rng.standard_normal(cells + 50)
        series = np.zeros(cells + 50)
        for at in range(1, len(series)):
            series[at] = memory * series[at - 1] + noise[at]
        sample = series[50:]
        means = block_counts(cells, 200, rng) @ sample / cells
        low, high = np.quantile(means, (0.05, 0.95))
        hits += low <= 0 <= high
    assert 0.85 <= hits / 120 <= 0.95


def test_a_grid_has_a_cell():
    with pytest.raises(ValueError, match="needs a cell"):
        Grid(0, 0)
    assert grid_over(5, 5).cells == 1
