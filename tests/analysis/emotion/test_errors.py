"""Draws of what the true intensities may have been."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.emotion.errors import binned, drawn, moved, spoken, spread_of
from analysis.emotion.parameters import parameters
from analysis.facs.evidence import Evidence
from tests.analysis.combination_evidence import evidence, held

ERRORS = parameters().errors
COMPANY = parameters().company


def _draws(bins, draws=400, errors=ERRORS, seed=0):
    rows = np.arange(len(bins))
    parts = list(drawn(bins, rows, errors, draws, 64, np.random.default_rng(seed), COMPANY))
    return {key: np.concatenate([values[key] for _, values in parts], axis=1) for key in bins.value}


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(2.5, 1.0, 4.0), (3.9, 2.1, 5.0), (0.6, 0.0, 1.8), (0.05, 0.0, 0.15), (5.0, 2.3, 5.0), (2.0, 1.5, 2.5)],
)
def test_nine_of_ten_draws_lie_in_the_interval_of_the_score(value, low, high):
    sigma = spread_of(*(np.array([one]) for one in (value, low, high)))[0]
    draws = np.clip(value + sigma * np.random.default_rng(0).standard_normal(200_000), 0, 5)
    assert ((draws >= low) & (draws <= high)).mean() == pytest.approx(0.9, abs=0.005)


def test_an_interval_without_width_has_no_spread():
    assert spread_of(np.array([0.0, 2.5]), np.array([0.0, 2.5]), np.array([0.0, 2.5])).tolist() == [0, 0]


def test_a_resting_face_stays_at_rest():
    """Naive jitter would make half of the draws move; here most of them are exactly 0."""
    bins = binned(evidence({"4": np.full(100, 0.02)}, width=0.12), ["4"], (), 100_000, ERRORS)
    found = _draws(bins)["4"]
    assert found.max() < 0.6
    assert found.mean() < 0.06
    assert (found == 0).mean() > 0.3


def test_a_faint_score_may_be_more_than_its_own_interval_says():
    narrow = evidence({"4": np.full(10, 0.4)}, width=0.1)
    assert binned(narrow, ["4"], (), 100_000, ERRORS).sigma["4"][0] > 0.3
    coded = replace(narrow, origin="coder")
    assert binned(coded, ["4"], (), 100_000, ERRORS).sigma["4"][0] == pytest.approx(0.1 / 1.6449, rel=1e-3)


def test_scores_without_an_interval_have_the_default():
    found = binned(evidence({"4": np.array([3.0, 0.0])}, width=None, step_us=100_000), ["4"], (), 100_000, ERRORS)
    assert found.sigma["4"] == pytest.approx(
        [ERRORS.default_shown / 1.6449, ERRORS.default_faint / 1.6449], rel=1e-3
    )


def test_a_weak_score_is_worth_more_in_company_and_less_alone():
    bins = binned(evidence({code: np.full(30, 1.0) for code in "45"}, width=0.8), ["4", "5"], (), 100_000, ERRORS)
    beside = replace(bins, company={"4": np.ones(len(bins)), "5": np.zeros(len(bins))})
    found, plain = _draws(beside, 4000), _draws(bins, 4000)
    sigma = bins.sigma["4"][0]
    for code, wanted in (("4", COMPANY.together), ("5", COMPANY.alone)):
        assert moved(beside, code, COMPANY)[0] == pytest.approx(np.full(len(bins), wanted))
        assert found[code].mean() - plain[code].mean() == pytest.approx(wanted * sigma, abs=0.1)
    assert found["4"].mean(axis=1).std() > plain["4"].mean(axis=1).std()  # how much it is worth is not certain
    assert moved(bins, "4", COMPANY)[0].tolist() == [0] * len(bins)  # nothing is known of company: people's codes


def test_only_weak_scores_are_moved():
    scores = np.array([0.0, 0.1, 0.15, 0.325, 0.5, 1.5, 1.75, 2.0, 4.0])
    one = binned(evidence({"4": scores}, width=0.8, step_us=100_000), ["4"], (), 100_000, ERRORS)
    shift, doubt = moved(replace(one, company={"4": np.ones(len(one))}), "4", COMPANY)
    weak = np.array([0, 0, 0, 0.5, 1, 1, 0.5, 0, 0])
    assert shift == pytest.approx(COMPANY.together * weak, abs=1e-9)
    assert doubt == pytest.approx(COMPANY.doubt * weak, abs=1e-9)


def test_errors_last_and_fade_as_stated():
    bins = binned(evidence({"4": np.full(1500, 2.5)}, width=0.8), ["4"], (), 100_000, ERRORS)
    found = _draws(bins, 600)["4"] - 2.5
    total = found.var()
    lasting = (found[:, :20].mean(axis=1) * found[:, -20:].mean(axis=1)).mean()
    assert lasting / total == pytest.approx(ERRORS.lasting, abs=0.07)
    rest = found - found.mean(axis=1, keepdims=True)
    near = (rest[:, :-1] * rest[:, 1:]).mean() / rest.var()
    assert near == pytest.approx(np.exp(-0.1 / ERRORS.fading_s), abs=0.05)


def test_codes_share_some_of_their_error_and_sides_most_of_it():
    one = evidence({"4": np.full(40, 2.5), "12": np.full(40, 2.5)}, width=0.8)
    bins = binned(one, ["4", "12", "12_L", "12_R"], (), 100_000, ERRORS)
    found = {key: values[:, 0] for key, values in _draws(bins, 4000).items()}
    assert np.corrcoef(found["4"], found["12"])[0, 1] == pytest.approx(ERRORS.codes_alike, abs=0.05)
    assert np.corrcoef(found["12_L"], found["12_R"])[0, 1] == pytest.approx(ERRORS.sides_alike, abs=0.05)


def test_a_gap_of_time_lets_the_passing_error_pass():
    times = [*range(0, 400_000, 40_000), *range(60_000_000, 60_400_000, 40_000)]
    one = evidence({"4": np.full(20, 2.5)}, width=0.8, time_us=times)
    bins = binned(one, ["4"], (), 100_000, replace(ERRORS, lasting=0.0))
    found = _draws(bins, 3000, replace(ERRORS, lasting=0.0))["4"]
    assert np.corrcoef(found[:, 2], found[:, 3])[0, 1] > 0.7
    assert abs(np.corrcoef(found[:, 3], found[:, 4])[0, 1]) < 0.07


def test_not_scored_stays_not_scored():
    values = held(100, np.nan, 20, 40, rest=1.0)
    bins = binned(evidence({"4": values}, width=0.5), ["4"], (), 100_000, ERRORS)
    found = _draws(bins)["4"]
    gone = np.isnan(bins.value["4"])
    assert 5 <= gone.sum() <= 9
    assert (np.isnan(found) == gone).all()


def test_a_bin_is_scored_where_half_of_its_frames_are():
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan, np.nan, 2.0, np.nan, np.nan])
    one = evidence(
        {"4": values}, width=0.5, time_us=[0, 30_000, 60_000, 100_000, 130_000, 160_000, 200_000, 230_000, 260_000]
    )
    found = binned(one, ["4"], (), 100_000, ERRORS)
    assert found.value["4"].tolist()[0] == 2.0
    assert np.isnan(found.value["4"][1:]).all()
    assert found.seconds.sum() == pytest.approx(one.durations_s().sum())


def test_speech_is_shared_out_to_the_bins():
    begin = np.arange(5, dtype=np.int64) * 100_000
    assert spoken(begin, 100_000, [(50_000, 220_000), (430_000, 900_000)]) == pytest.approx([0.5, 1, 0.2, 0, 0.7])
    assert spoken(begin, 100_000, []).tolist() == [0] * 5


def test_an_empty_face_has_no_bins():
    nothing = np.zeros(0)
    found = binned(
        Evidence(0, np.zeros(0, np.int64), 40_000.0, {"4": nothing}, {}, {}, (), nothing),
        ["4"],
        (),
        100_000,
        ERRORS,
    )
    assert len(found) == 0
