"""Groups with known differences, groups without, and what is refused."""

from __future__ import annotations

import json
from statistics import NormalDist

import numpy as np
import pytest

from analysis.indicators import derive
from analysis.indicators.compare import LEAST, SessionValues, compare_groups, compare_sessions
from analysis.indicators.effects import benjamini_hochberg, cliffs_delta, hedges_g, holm, moments, resamples
from analysis.indicators.session import Curve
from analysis.indicators.values import curves_of, values_of
from analysis.types import AnalysisError
from tests.analysis.indicators import made


def sessions(**groups: np.ndarray) -> list[SessionValues]:
    """A session for every row of a group's table; columns are values v0, v1 …"""
    return [
        SessionValues(f"{group}{number}", "s", group, {f"v{at}": float(value) for at, value in enumerate(row)})
        for group, rows in groups.items()
        for number, row in enumerate(rows)
    ]


def test_g_and_delta_of_a_worked_example():
    a, b = np.array([5.0, 6, 7, 8]), np.array([1.0, 2, 3, 8])
    one = resamples(4, 4, False, 0)
    g = hedges_g(moments(a, one.first), moments(b, one.second), (4, 4))[0]
    # difference 3; variances 5/3 and 29/3, pooled 17/3; correction 1 − 3/23
    assert g == pytest.approx((1 - 3 / 23) * 3 / (17 / 3) ** 0.5)
    # 16 pairs: 12 larger, 3 smaller, one equal
    assert cliffs_delta(a, b, one)[0] == pytest.approx((12 - 3) / 16)


def test_a_known_difference_is_found_with_its_size():
    rng = np.random.default_rng(3)
    found = compare_groups(sessions(a=rng.normal(1, 1, (40, 20)), b=rng.normal(0, 1, (40, 20))))
    assert np.mean([one.g[0] for one in found]) == pytest.approx(1, abs=0.1)
    delta = 2 * NormalDist().cdf(1 / 2**0.5) - 1
    assert np.mean([one.delta[0] for one in found]) == pytest.approx(delta, abs=0.05)
    assert np.mean([one.g[1] <= 1 <= one.g[2] for one in found]) >= 0.85
    assert all(one.g[1] <= one.g[0] <= one.g[2] for one in found)
    assert np.mean([one.p_holm < 0.05 for one in found]) > 0.7
    assert all(one.p <= one.p_bh <= one.p_holm for one in found)
    assert {(one.n_first, one.n_second) for one in found} == {(40, 40)}


def test_without_a_difference_a_test_at_5_percent_is_wrong_in_5_percent():
    rng = np.random.default_rng(4)
    table = rng.standard_normal((2, 12, 400))
    found = compare_groups(sessions(a=table[0], b=table[1]))
    wrong = np.mean([one.p <= 0.05 for one in found])
    # 400 tests: two standard errors above the nominal share
    assert wrong <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert wrong > 0.01
    assert not any(one.p_holm <= 0.05 for one in found)


def test_without_a_difference_unequal_spread_does_not_make_one():
    rng = np.random.default_rng(5)
    found = compare_groups(sessions(a=rng.normal(0, 1, (8, 150)), b=rng.normal(0, 3, (24, 150))))
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.05 + 2 * (0.05 * 0.95 / 150) ** 0.5


def test_below_the_least_number_groups_are_described_and_not_tested():
    rng = np.random.default_rng(0)
    few = sessions(a=rng.normal(9, 1, (LEAST - 1, 1)), b=rng.normal(0, 1, (20, 1)))
    (one,) = compare_groups(few)
    assert one.p is one.g is one.delta is one.p_holm is None
    assert one.why == f"Described only: {LEAST - 1} and 20 participants, and a test needs {LEAST} in each group."
    assert one.mean_first > 8
    # a caller can ask for more participants, never for fewer
    assert compare_groups(few, least=2)[0].p is None


def test_the_participant_is_the_unit():
    rng = np.random.default_rng(0)
    people = rng.normal(0, 1, (10, 1))
    once = sessions(a=people, b=people + 0.5)
    often = [
        SessionValues(one.participant, f"s{number}", one.group, one.values) for one in once for number in range(30)
    ]
    many, few = compare_groups(often)[0], compare_groups(once)[0]
    assert (many.n_first, many.p) == (few.n_first, few.p) == (10, few.p)
    assert many.g == pytest.approx(few.g)


def test_the_same_people_twice_are_compared_within_themselves():
    rng = np.random.default_rng(1)
    person = rng.normal(0, 5, 10)
    rows = [
        SessionValues(f"p{number}", group, group, {"v": float(level + off + rng.normal(0, 0.2))})
        for group, off in (("before", 0.0), ("after", 0.5))
        for number, level in enumerate(person)
    ]
    (one,) = compare_groups(rows)
    assert one.paired
    assert one.p < 0.01
    assert one.difference[2] < 0
    with pytest.raises(AnalysisError, match="share 9 participants but not all"):
        compare_groups(rows[:-1])


def test_what_cannot_be_compared_says_why():
    (one,) = compare_groups(sessions(a=np.ones((9, 1)), b=np.ones((9, 1))))
    assert one.p is None
    assert one.why == "Everybody in both groups has the same value."
    with pytest.raises(AnalysisError, match="at least two groups"):
        compare_groups(sessions(a=np.ones((9, 1))))
    with pytest.raises(ValueError, match="participant and its group"):
        SessionValues("", "s", "a", {})


def test_corrections_of_a_worked_example():
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert len(holm(np.zeros(0))) == len(benjamini_hochberg(np.zeros(0))) == 0


def curve(value, seconds: int = 300) -> Curve:
    start = np.arange(seconds // 2, dtype=np.int64) * 2_000_000
    values = np.zeros(len(start)) + value
    return Curve(start, start + 2_000_000, values, values, values)


def test_two_sessions_of_one_person_differ_by_their_means_with_an_interval_and_no_test():
    rng = np.random.default_rng(2)
    first, second = (curve(rng.normal(level, 1, 150)) for level in (0.0, 1.0))
    (same,) = compare_sessions({"state:joy": first}, {"state:joy": first, "engagement": second})
    assert same["difference"] == pytest.approx(0, abs=1e-6)
    (one,) = compare_sessions({"state:joy": first}, {"state:joy": second})
    assert one["low"] < 1 < one["high"]
    assert one["low"] > 0.5
    assert "p" not in one
    nothing = compare_sessions({"state:joy": curve(np.nan)}, {"state:joy": second})[0]
    assert nothing["first"] is None
    assert nothing["difference"] is None


def test_indicators_are_never_compared_for_one_person():
    with pytest.raises(AnalysisError, match="between groups only"):
        compare_sessions({"indicator:trust_score": curve(1.0)}, {})


def test_values_of_a_folder_are_those_of_its_files(tmp_path):
    made.folder(tmp_path)
    made.states(tmp_path, 120, joy=0.25, pain=float("nan"))
    derive(tmp_path, allowed=made.RESEARCH)
    values = values_of(tmp_path, 0)
    assert values["state:joy"] == pytest.approx(0.25)
    assert "state:pain" not in values
    assert values["au_share:12"] == 0.2
    assert values["au_rate:12"] == 3.0
    assert "au_share:45" not in values
    indicators = json.loads((tmp_path / "indicators.json").read_text())["faces"][0]["indicators"]
    assert values["indicator:trust_score"] == indicators[0]["value"]
    assert "indicator:credibility_signal" not in values
    assert set(curves_of(tmp_path, 0)) == {"state:joy", "state:pain", "engagement"}
