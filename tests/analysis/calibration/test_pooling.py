"""Partial pooling: the formulas where they are exact, and what must hold at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.calibration.occurrence import odds, rates
from analysis.calibration.people import Windows, estimates
from analysis.calibration.pooling import grouped, pool, quantile


def test_people_of_a_group_are_averaged_and_share_one_spread():
    value = np.array([1.0, 2.0, 3.0, 10.0, 12.0, np.nan])
    found = grouped(value, np.zeros(6), np.array([0, 0, 0, 1, 1, 1]), 3)
    assert found.value[:2] == pytest.approx([2.0, 11.0])
    assert found.freedom == 3
    assert found.between == pytest.approx((4 / 3) ** 0.5)  # (1 + 0 + 1 + 1 + 1) / 3
    assert found.variance[:2] == pytest.approx([4 / 9, 4 / 6])
    assert np.isnan(found.value[2])
    assert found.people.tolist() == [3, 2, 0]


def test_errors_of_measuring_are_not_taken_for_differences_between_people():
    value, variance = np.array([1.0, 2.0, 3.0]), np.full(3, 5.0)
    found = grouped(value, variance, np.zeros(3, np.int64), 1)
    assert found.between == 0
    assert found.variance == pytest.approx([5 / 3])


def test_a_value_lies_between_its_group_and_the_whole_as_its_weight_says():
    found = pool(np.array([0.0, 1.0, 5.0, 2.0]), np.array([0.1, 1.0, 4.0, 0.5]), scale=1.0)
    assert (np.diff(found.weight[[2, 1, 3, 0]]) > 0).all()  # the better a group is known, the more its own counts
    assert ((found.weight > 0) & (found.weight < 1)).all()
    assert found.value[2] < 5.0
    assert found.value == pytest.approx(found.offset + found.whole)
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()


def test_groups_that_differ_by_no_more_than_chance_become_the_whole_and_far_ones_keep_their_own():
    near = pool(np.array([0.9, 1.0, 1.1, 1.0, 0.95, 1.05]), np.full(6, 1.0), scale=0.5)
    assert np.ptp(near.value) < 0.05
    assert near.weight.max() < 0.3
    far = pool(np.array([-8.0, 0.0, 8.0, 4.0, -4.0]), np.full(5, 0.01), scale=0.5)
    assert far.weight.min() > 0.99
    assert far.value == pytest.approx([-8.0, 0.0, 8.0, 4.0, -4.0], abs=0.02)
    assert far.error == pytest.approx(np.full(5, 0.1), rel=0.05)


def test_a_group_without_anybody_has_the_whole_s_value_and_a_wider_interval_than_all_others():
    found = pool(np.array([1.0, np.nan, 1.4, 0.8, 1.9]), np.array([0.01, np.nan, 0.01, 0.01, 0.01]), scale=0.5)
    assert found.value[1] == pytest.approx(found.whole)
    assert found.weight[1] == 0
    assert np.isnan(found.raw[1])
    assert found.error[1] > 2 * np.delete(found.error, 1).max()


def test_one_group_is_the_whole():
    found = pool(np.array([0.7]), np.array([0.04]), scale=0.5)
    assert found.value == pytest.approx([0.7])
    assert found.error == pytest.approx([0.2])


def test_no_group_at_all_is_refused():
    with pytest.raises(ValueError, match="no group"):
        pool(np.array([np.nan]), np.array([np.nan]), scale=0.5)


def test_few_degrees_of_freedom_widen_an_interval():
    assert quantile(None) == pytest.approx(1.645, abs=1e-3)
    assert quantile(4) == pytest.approx(2.132, abs=1e-3)  # Student's t, table


def test_rest_and_gain_of_a_machine_without_noise_are_found_exactly():
    person = np.repeat([0, 1, 2], [5, 5, 2])
    human = np.array([0, 0, 0.5, 2.5, 4.5, 0, 0, 1.5, 1.5, 3.5, 0, 0], float)
    rest, gain = np.array([0.3, 0.6, 1.0]), np.array([0.8, 1.2, np.nan])
    machine = rest[person] + np.nan_to_num(gain)[person] * human
    found = estimates(Windows(person, machine, human, 4))
    assert found.rest[:3] == pytest.approx(rest)
    assert found.gain[:2] == pytest.approx(gain[:2])
    assert np.isnan(found.gain[2:]).all()  # nobody's events
    assert np.isnan(found.rest[3])
    assert found.rest_variance[:3] == pytest.approx(np.zeros(3), abs=1e-12)
    assert found.events.tolist() == [3, 3, 0, 0]


def test_windows_with_a_gap_are_refused():
    with pytest.raises(ValueError, match="no value"):
        Windows(np.array([0]), np.array([np.nan]), np.array([0.0]), 1)
    with pytest.raises(ValueError, match="0 to 0"):
        Windows(np.array([1]), np.array([1.0]), np.array([0.0]), 1)


def test_rates_are_a_minute_and_a_cohort_without_events_has_one():
    rng = np.random.default_rng(4)
    cohort = np.repeat(np.arange(4), 12)
    minutes = rng.uniform(5, 15, 48)
    true = np.array([0.5, 1.0, 4.0, 0.0])
    found = rates(rng.poisson(true[cohort] * minutes).astype(float), minutes, cohort, 4)
    assert found is not None
    assert np.exp(found.value[:3]) == pytest.approx(true[:3], rel=0.25)
    assert 0 < np.exp(found.value[3]) < 0.1
    assert rates(np.zeros(48), minutes, cohort, 4) is None


def test_display_rules_are_odds_beside_the_whole():
    rng = np.random.default_rng(5)
    cohort = np.repeat(np.arange(6), 20)
    share = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.4])[cohort]
    moments = np.full(120, 60.0)
    shown = rng.binomial(60, share).astype(float)
    found = odds(shown, moments, cohort, 6)
    assert found is not None
    log_odds = np.log(0.4 / 0.6) - np.log(0.1 / 0.9)
    assert found.offset[5] - found.offset[:5].mean() == pytest.approx(log_odds, abs=0.2)
    assert found.offset[5] / found.offset_error[5] > 2
    assert odds(shown, moments, np.minimum(cohort, 1), 2) is None  # two cohorts are no whole
    assert odds(np.zeros(120), moments, cohort, 6) is None


def test_people_who_differ_widen_the_error_of_a_rate():
    minutes, cohort = np.full(40, 10.0), np.repeat([0, 1], 20)
    even = np.full(40, 10.0)
    uneven = np.tile([0.0, 20.0], 20)
    calm, restless = rates(even, minutes, cohort, 2), rates(uneven, minutes, cohort, 2)
    assert calm is not None
    assert restless is not None
    assert (restless.error > 2 * calm.error).all()
