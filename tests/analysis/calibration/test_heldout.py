"""Errors on participants left out, and the fairness table: no leak, known gaps found, none invented."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.calibration import heldout
from analysis.calibration.fairness import adjusted, averaged, fairness, holm
from analysis.calibration.people import Windows
from analysis.training.cohort_simulation import REGIMES, SIZES, world

MANY = np.full(len(SIZES), 1000.0)


@pytest.fixture(scope="module")
def made():
    return world(np.random.default_rng(7), REGIMES["large"], clip=True)


@pytest.fixture(scope="module")
def fold(made):
    return heldout.folds_of(made.cohort)


def test_every_cohort_is_spread_evenly_over_folds(made, fold):
    counts = np.array([np.bincount(fold[made.cohort == c], minlength=heldout.FOLDS) for c in range(len(SIZES))])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert (fold == heldout.folds_of(made.cohort)).all()


def test_a_participant_s_own_codings_never_touch_what_they_get(made, fold):
    found = heldout.unseen(made.windows, made.cohort, len(SIZES), MANY, fold)
    someone = int(np.flatnonzero(made.cohort == len(SIZES) - 1)[0])
    own = made.windows.person == someone
    human = made.windows.human.copy()
    human[own & (human > 0)] = 4.5
    other = Windows(made.windows.person, made.windows.machine, human, made.windows.people)
    again = heldout.unseen(other, made.cohort, len(SIZES), MANY, fold)
    assert (found.after[own] == again.after[own]).all()
    assert (found.after[own] != made.windows.machine[own]).any()
    assert (found.after[~own] != again.after[~own]).any()  # but the others'


def test_cohorts_below_the_minimum_stay_as_measured(made, fold):
    found = heldout.unseen(made.windows, made.cohort, len(SIZES), MANY, fold)
    small = (np.array(SIZES) < 8)[made.cohort][made.windows.person]
    assert (found.after[small] == made.windows.machine[small]).all()
    few = heldout.unseen(made.windows, made.cohort, len(SIZES), np.full(len(SIZES), 19.0), fold)
    assert not few.used
    assert (few.after == made.windows.machine).all()


def test_a_machine_that_agrees_is_left_alone():
    rng = np.random.default_rng(3)
    cohort = np.repeat([0, 1], 12)
    person = np.repeat(np.arange(24), 40)
    human = np.where(rng.random(len(person)) < 0.3, rng.integers(0, 5, len(person)) + 0.5, 0.0)
    machine = np.clip(np.where(human > 0, human + 0.3 * rng.normal(size=len(human)), 0.0), 0, 5)
    windows = Windows(person, machine, human, 24)
    found = heldout.unseen(windows, cohort, 2, np.full(2, 100.0), heldout.folds_of(cohort))
    before, after = (np.nanmean(heldout.absolute(windows, one)) for one in (machine, found.after))
    assert not found.used
    assert after == pytest.approx(before, abs=0.01)


def test_errors_count_rest_and_events_alike():
    windows = Windows(
        np.array([0, 0, 0, 0, 1, 2]),
        np.array([1.0, 1.0, 1.2, 5.0, 0.5, 1.0]),
        np.array([0.0, 0.0, 0.0, 2.5, 0.0, 1.5]),
        4,
    )
    said = heldout.absolute(windows, windows.machine)
    assert said[:3] == pytest.approx([((1 + 1 + 1.2) / 3 + 2.5) / 2, 0.5, 0.5])
    assert np.isnan(said[3])
    false = heldout.false_share(windows, windows.machine)
    assert false[:2] == pytest.approx([1 / 3, 0.0])  # B begins above 1
    assert np.isnan(false[2:]).all()


def test_changes_are_paired_and_icc_is_that_of_shrout_and_fleiss():
    from analysis.agreement.icc import icc

    rng = np.random.default_rng(1)
    before = rng.uniform(0.5, 2, 30)
    draws = heldout.weights(30, 200, 0)
    found = heldout.change(before, before - 0.1, draws)
    assert found.difference.value == pytest.approx(-0.1)
    assert found.difference.high - found.difference.low == pytest.approx(0, abs=1e-9)
    assert found.before.low < found.before.value < found.before.high
    human = rng.integers(0, 5, 300).astype(float)
    windows = Windows(np.repeat(np.arange(30), 10), human + rng.normal(size=300), human, 30)
    told = heldout.icc_change(windows, human + 1.0, draws)
    assert told.before.value == pytest.approx(icc(np.stack([windows.machine, human], 1)).icc2)
    assert told.after.value == pytest.approx(icc(np.stack([human + 1.0, human], 1)).icc2)


def test_holm_s_correction_is_the_textbook_s():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_a_known_gap_is_found_and_chance_is_not():
    rng = np.random.default_rng(2)
    cohort = np.repeat(np.arange(5), [12, 12, 12, 12, 2])
    calm = rng.normal(1, 0.2, 50)
    bad = calm + np.where(cohort == 1, 0.5, 0)
    figures = {"error": (bad, calm), "false": (calm, calm)}
    found = fairness(figures, figures, cohort, list("abcde"), permutations=500)
    assert [row.cohort for row in found.rows] == list("abcd")  # two people have no row of their own
    by = {(gap.cohort, gap.figure, gap.stage): gap for gap in found.gaps}
    gap = by["b", "error", "before"]
    assert gap.difference.value == pytest.approx(0.5, abs=0.15)
    assert gap.difference.low > 0.3
    assert gap.holm < 0.02
    assert by["b", "error", "after"].holm > 0.1
    largest = {(one.figure, one.stage): one for one in found.largest}
    assert largest["error", "before"].p < 0.01 < largest["error", "after"].p


def test_people_coded_for_harder_codes_are_no_worse_for_it():
    table = np.array([[1.0, np.nan], [1.0, np.nan], [np.nan, 3.0], [np.nan, 3.0], [1.5, 3.5]])
    assert averaged(table) == pytest.approx([1, 1, 3, 3, 2.5])
    assert np.ptp(adjusted(table)[:4]) == pytest.approx(0)
    assert adjusted(table)[4] == pytest.approx(adjusted(table)[0] + 0.5)
