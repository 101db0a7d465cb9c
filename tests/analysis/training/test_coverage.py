"""A smaller version of the study of docs/method.md: intervals of states hold the truth nine times of ten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.emotion.figures import ALL
from analysis.emotion.parameters import parameters
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


def test_sides_and_lids_are_in_the_study(small):
    """Contempt asks for one side, fatigue for lids: both have windows that say something."""
    for name in ("contempt", "fatigue"):
        assert len(small.windows.of(name).telling.kind) > 20


def test_without_company_and_doubts_states_come_out_low_and_sure():
    """What docs/method.md says was wrong: the weakest score decides, and an error that lasts is not drawn."""
    given = parameters()
    bare = replace(
        given,
        company=replace(given.company, together=0.0, alone=0.0, doubt=0.0),
        doubts=replace(given.doubts, shown=0.0, other=0.0, spread=0.0, neutral=0.0, dimensions=0.0),
    )
    found = [study(World(), 60, 4, life_h=0, given=one, first=20).sessions for one in (given, bare)]
    errors = [float((one.of("other").value - one.of("other").truth).mean()) for one in found]
    assert errors[1] > errors[0] + 0.005
    widths = [float((shown(one.telling).high - shown(one.telling).low).mean()) for one in found]
    assert widths[1] < 0.9 * widths[0]


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
        for code in one.evidence.low:
            truth = one.truth[code]
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
    kind, session = np.array([0, 0, ALL.index("neutral")]), np.array([4, 4, 5])
    one = Counted(kind, session, *rows, np.array([0.41, 0.7, 0.0]))
    assert one.held == pytest.approx(2 / 3)
    assert one.doubt == pytest.approx(np.sqrt(2 * 2 * (1 / 3) ** 2) / 3)  # sums of the two sessions: −1/3 and 1/3
    assert np.isnan(one.where(session == 4).doubt)
    assert one.telling.held == 0.5
    assert len(joined([one, one]).kind) == 6
    assert len(shown(one).kind) == 2


def test_the_table_of_errors_needs_clips_and_runs(capsys):
    assert score_errors.main([]) == 2
    assert "CLIPS" in capsys.readouterr().err
