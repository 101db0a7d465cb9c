"""A smaller run of ``python -m analysis.training.cohort_simulation``: shrinkage is right, shifts go."""

from __future__ import annotations

import pytest

from analysis.calibration.cohorts import membership, starter_cohorts
from analysis.training.cohort_simulation import METHODS, removal, shrinkage


@pytest.mark.parametrize("regime", ["small", "medium", "large"])
def test_partial_pooling_errs_least_of_all_that_do_not_know_the_truth(regime):
    for name, one in shrinkage(regime, 60).items():
        error = dict(zip(METHODS, one.squared, strict=True))
        assert error["partial pooling"] < error["no pooling"], name
        assert error["partial pooling"] < error["complete pooling"], name
        assert error["partial pooling"] < 1.3 * error["oracle"], name
        assert list(one.weight) == sorted(one.weight), name  # smaller cohorts borrow more
        assert sum(one.coverage) / 3 == pytest.approx(0.9, abs=0.05), name


def test_where_cohorts_do_not_differ_they_are_pooled_almost_whole():
    for one in shrinkage("none", 30).values():
        error = dict(zip(METHODS, one.squared, strict=True))
        assert error["partial pooling"] < 0.15 * error["no pooling"]
        assert max(one.weight) < 0.5


def test_known_shifts_are_removed_on_participants_left_out():
    gone = removal("large", 3, permutations=100)
    assert gone.used == 1
    assert gone.error[1] < 0.7 * gone.error[0]
    assert gone.rest[1] < 0.3 * gone.rest[0]
    assert gone.gap[1] < 0.6 * gone.gap[0]
    assert gone.false_gap[1] < 0.4 * gone.false_gap[0]
    assert gone.found[0] == 1


def test_fourteen_cohorts_of_six_countries_come_with_the_product():
    found = starter_cohorts()
    assert len(found) == 14
    assert len({one.country for one in found}) == 6
    assert len({one.name for one in found}) == 14
    words = " ".join(f"{one.name} {one.description}" for one in found).lower()
    assert not {"race", "ethnic", "skin", "white", "black", "asian"} & set(words.replace(",", " ").split())
    assert "look of their face" in membership()
