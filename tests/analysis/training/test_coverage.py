"""A smaller version of the study of docs/method.md: intervals of states hold the truth nine times of ten."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.emotion.figures import ALL
from analysis.training import score_errors
from analysis.training.coverage import _SEED, Counted, Study, joined, recipes, shown, study
from analysis.training.made_sessions import World, half_widths, made


@pytest.fixture(scope="module")
def small() -> Study:
    return study(World(), 60, 10, life_h=0.05)


def test_windows_are_covered_nine_times_of_ten(small):
    told = small.windows.telling
    assert len(told.kind) > 1000
    assert 0.85 <= told.held <= 0.95
    assert 0.85 <= shown(told).held <= 0.97  # a few hundred windows of some thirty events


def test_sessions_are_covered_and_little_is_left_out(small):
    assert small.sessions.held >= 0.85
    assert small.beyond.held >= 0.85
    assert small.given > 0.6
    assert abs((small.windows.telling.value - small.windows.telling.truth).mean()) < 0.02


def test_intervals_that_are_too_narrow_show(small):
    """The study can fail: scores whose intervals are far too narrow are not covered."""
    wrong = study(World(intervals=0.3), 60, 4, life_h=0).windows.telling
    assert shown(wrong).held < shown(small.windows.telling).held - 0.05


def test_made_scores_hold_their_truth_as_the_shipped_scorers_do():
    """Nine of ten, frames that rest and frames that move apart."""
    world = World(missing=0.0)
    inside: dict[bool, list] = {True: [], False: []}
    for number in range(12):
        one = made(world, recipes(), 40, seed=_SEED, number=number)
        for code, truth in one.truth.values.items():
            held = (truth >= one.evidence.low[code] - 1e-9) & (truth <= one.evidence.high[code] + 1e-9)
            for moving in (True, False):
                inside[moving].append(held[(one.evidence[code] >= 0.5) == moving])
    for found in inside.values():
        assert np.concatenate(found).mean() == pytest.approx(0.9, abs=0.05)
    widths = half_widths(world, recipes(), _SEED)
    assert widths[0] < 0.2 < widths[1]


def test_the_same_seed_makes_the_same_session():
    first, again = (made(World(), recipes(), 5, seed=_SEED, number=2) for _ in range(2))
    assert all((first.truth[code] == again.truth[code]).all() for code in first.truth.values)
    assert (
        made(World(), recipes(), 5, seed=_SEED, number=3).evidence["12"][:100] != first.evidence["12"][:100]
    ).any()


def test_counting():
    rows = [np.array(values, float) for values in ([0.5, 0.5, 0.0], [0.4, 0.4, 0.0], [0.6, 0.6, 0.01])]
    one = Counted(np.array([0, 0, ALL.index("neutral")]), *rows, np.array([0.41, 0.7, 0.0]))
    assert one.held == pytest.approx(2 / 3)
    assert one.telling.held == 0.5
    assert len(joined([one, one]).kind) == 6
    assert len(shown(one).kind) == 2


def test_the_table_of_errors_needs_clips_and_runs(capsys):
    assert score_errors.main([]) == 2
    assert "CLIPS" in capsys.readouterr().err
