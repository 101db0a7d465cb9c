"""Correcting a face's evidence: the numbers, the letters, and whom it is not for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.calibration.applying import apply
from analysis.calibration.record import Change, CohortCalibration, Estimate, Figure, Unit
from analysis.coded import CodedEvent
from analysis.facs.evidence import Evidence

NOTHING = Change(*[Figure(0, 0, 0)] * 3)


def unit(rest: float, gain: float, errors: tuple[float, float] = (0.1, 0.05), calibrated: bool = True) -> Unit:
    first, second = (
        Estimate(value, 0, 0, error, 1, value) for value, error in zip((rest, gain), errors, strict=True)
    )
    return Unit("12", calibrated, "", first, second, first, 9, 9, 30, NOTHING)


def cohort(one: Unit, calibrated: bool = True) -> CohortCalibration:
    return CohortCalibration(
        "de-de", "au-nets/9.9.9", calibrated, "", 9, 9, 9, 1, 30, 90.0, {"12": one}, {}, NOTHING, NOTHING
    )


@pytest.fixture
def face() -> Evidence:
    values = np.array([0.0, 0.5, 1.5, np.nan, 4.9])
    events = (
        CodedEvent("12", "left", "B", 80_000, 80_000, 120_000, confidence=0.7),
        CodedEvent("12", "both", "A", 0, 40_000, 60_000),
        CodedEvent("4", "both", "C", 0, 40_000, 60_000),
        CodedEvent("70", "", "", 0, 40_000, 60_000),
    )
    return Evidence(
        0,
        np.arange(5) * 40_000,
        40_000.0,
        {"12": values, "12_L": values, "4": values},
        {"12": values - 0.3},
        {"12": values + 0.6},
        events,
        np.ones(5),
    )


def test_values_and_both_sides_are_corrected_and_stay_within_the_scale(face):
    after = apply(face, cohort(unit(0.5, 0.8)))
    expected = np.array([0.0, 0.0, 1.25, np.nan, 5.0])
    np.testing.assert_allclose(after["12"], expected)
    np.testing.assert_allclose(after["12_L"], expected)
    np.testing.assert_array_equal(after["4"], face["4"])


def test_an_interval_holds_the_scorer_s_error_and_the_calibration_s(face):
    after = apply(face, cohort(unit(0.5, 0.8)))
    doubt = 1.6449 * np.hypot(0.1, 1.25 * 0.05) / 0.8
    assert after.low["12"][2] == pytest.approx(1.25 - np.hypot(0.3 / 0.8, doubt), abs=1e-4)
    assert after.high["12"][2] == pytest.approx(1.25 + np.hypot(0.6 / 0.8, doubt), abs=1e-4)
    assert (after.high["12"][[0, 1, 2, 4]] <= 5).all()
    assert set(after.low) == {"12"}  # where an interval was not known it is not made up


def test_events_get_the_letters_of_the_corrected_values_and_vanish_with_them(face):
    after = apply(face, cohort(unit(0.5, 0.4, (0.0, 0.0))))
    assert [str(event) for event in after.events] == [
        "L12C",
        "4C",
        "70",
    ]  # (1.5 − .5) ÷ .4 = 2.5; nothing is left of A
    assert after.events[0].confidence == 0.7


def test_a_gain_that_says_the_machine_answers_to_something_else_is_held(face):
    assert apply(face, cohort(unit(0.0, 0.01)))["12"][1] == pytest.approx(0.5 / 0.25)


def test_nothing_changes_where_nothing_is_calibrated_and_people_are_never_corrected(face):
    assert apply(face, cohort(unit(0.5, 0.8), calibrated=False)) is face
    np.testing.assert_array_equal(apply(face, cohort(unit(0.5, 0.8, calibrated=False)))["12"], face["12"])
    with pytest.raises(ValueError, match="person"):
        apply(replace(face, origin="coder"), None)
