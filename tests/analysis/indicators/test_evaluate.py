"""A formula's value, interval, decomposition, sensitivity and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.indicators import formulas
from analysis.indicators.engagement import Part
from analysis.indicators.evaluate import drawn_inputs, evaluate, refused
from analysis.indicators.grid import Grid
from analysis.indicators.permission import limits
from tests.analysis.indicators.test_formulas import ONE

CELLS = 60
GRID = Grid(0, CELLS)
CALM = formulas.parse(ONE).indicators[0]
RANGES = {term.input.id: term.input.range for term in CALM.terms}
MEASURES = {term.input.id: term.input.measure for term in CALM.terms}


def found(seed=0, reasons=(), **parts):
    drawn = drawn_inputs(parts, RANGES, MEASURES, GRID, seed=seed, face=0)
    return evaluate(CALM, drawn, GRID, limits(), reasons, seed=seed)


def blinks(per_cell: np.ndarray | float) -> Part:
    """Blinks in cells of two seconds."""
    num = np.zeros(CELLS) + per_cell
    return Part(num, np.full(CELLS, 2 / 60), num, num)


def head(share: np.ndarray | float, error: float = 0.0) -> Part:
    num = np.zeros(CELLS) + 2 * np.asarray(share, np.float64)
    return Part(num, np.full(CELLS, 2.0), num - 2 * error, num + 2 * error)


def test_the_value_is_the_weighted_mean_of_the_normalised_inputs():
    # 0.5 blinks in 2 s are 15 a minute: (15 − 10) / 20 = 0.25, which lowers: 0.75; (0.7 − 0.4) / 0.6 = 0.5
    one = found(blink_rate=blinks(0.5), head_toward=head(0.7))
    assert one["value"] == pytest.approx(100 * (2 * 0.75 + 1 * 0.5) / 3, abs=0.05)
    assert [row["normalised"] for row in one["inputs"]] == pytest.approx([0.75, 0.5])
    assert [row["points"] for row in one["inputs"]] == pytest.approx([50, 16.67], abs=0.01)
    assert sum(row["points"] for row in one["inputs"]) == pytest.approx(one["value"], abs=0.1)
    assert one["word"] == "exploratory"
    assert one["why"] == []


def test_beyond_the_anchors_more_counts_for_no_more():
    assert found(blink_rate=blinks(5.0), head_toward=head(0.1))["value"] == 0
    assert found(blink_rate=blinks(0.2), head_toward=head(1.0))["value"] == 100


def test_moments_say_where_the_points_come_from():
    share = np.full(CELLS, 0.4)
    share[20:25] = 1.0
    rate = np.full(CELLS, 1 / 3)
    rate[50] = 5.0
    one = found(blink_rate=blinks(rate), head_toward=head(share))
    rows = {row["id"]: row for row in one["inputs"]}
    assert [(m["start_us"], m["end_us"]) for m in rows["head_toward"]["moments"]] == [(40_000_000, 50_000_000)]
    assert rows["head_toward"]["moments"][0]["points"] == pytest.approx(rows["head_toward"]["points"], abs=0.01)
    moment = rows["blink_rate"]["moments"][0]
    assert (moment["start_us"], moment["end_us"]) == (100_000_000, 102_000_000)
    # what lowers takes away from all that the input could give
    lost = rows["blink_rate"]["most"] - rows["blink_rate"]["points"]
    assert moment["points"] == pytest.approx(-lost, abs=0.02)


def test_sensitivity_is_the_value_at_either_end_of_an_input_and_without_it():
    one = found(blink_rate=blinks(0.5), head_toward=head(0.7, error=0.12))
    head_row, row = one["inputs"][1], one["sensitivity"][1]
    assert row["input"] == "head_toward"
    for end, value in (("low", row["at_low"]), ("high", row["at_high"])):
        expected = 100 * (2 * 0.75 + (head_row[end] - 0.4) / 0.6) / 3
        assert value == pytest.approx(expected, abs=0.1)
    assert row["without"] == pytest.approx(75)
    assert row["at_low"] < one["value"] < row["at_high"]


def test_a_missing_input_counts_as_the_middle_with_all_that_it_could_be():
    whole = found(blink_rate=blinks(0.5), head_toward=head(0.7))
    part = found(blink_rate=blinks(0.5), head_toward="No head angle.")
    assert part["value"] == pytest.approx(100 * (2 * 0.75 + 0.5) / 3, abs=0.05)
    assert part["missing_weight"] == pytest.approx(1 / 3, abs=0.001)
    assert part["inputs"][1]["missing"] == "No head angle."
    assert part["inputs"][1]["value"] is None
    assert part["high"] - part["low"] > 25 > whole["high"] - whole["low"]
    assert part["low"] <= part["value"] <= part["high"]


def test_too_much_missing_means_no_value_and_says_what():
    one = found(blink_rate="No blinks.", head_toward=head(0.7))
    assert one["value"] is one["low"] is one["high"] is None
    assert "67% of the formula's weight is not measured (Blinks (45) per minute)" in one["why"][0]
    assert one["sensitivity"] == []


def test_an_interval_over_nearly_everything_is_no_value():
    one = found(blink_rate=blinks(0.67), head_toward=head(0.7, error=0.6))
    wide = found(blink_rate=Part(*blinks(0.67).__dict__.values()), head_toward=head(0.7, error=0.6))
    assert one == wide
    assert one["value"] is not None
    unsure = blinks(0.67)
    unsure = Part(unsure.num, unsure.den, unsure.num - 0.6, unsure.num + 0.6)
    none = found(blink_rate=unsure, head_toward=head(0.7, error=0.6))
    assert none["value"] is None
    assert "says next to nothing" in none["why"][0]


def test_reasons_from_elsewhere_leave_no_value():
    one = found(reasons=("Too short.",), blink_rate=blinks(0.5), head_toward=head(0.7))
    assert one["value"] is None
    assert one["why"] == ["Too short."]
    none = refused(CALM, ["No consent."])
    assert none["value"] is None
    assert none["inputs"] == []
    assert none["word"] == "exploratory"


def test_the_same_seed_gives_the_same_and_errors_widen():
    rng = np.random.default_rng(1)
    share = rng.uniform(0.4, 1.0, CELLS)
    first, again = (found(blink_rate=blinks(0.5), head_toward=head(share)) for _ in range(2))
    assert first == again
    wide = found(blink_rate=blinks(0.5), head_toward=head(share, error=0.2))
    assert wide["high"] - wide["low"] > first["high"] - first["low"] > 0


def test_no_event_in_a_minute_is_not_a_certain_zero():
    one = found(blink_rate=blinks(0.0), head_toward=head(0.7))
    low, high = (one["inputs"][0][end] for end in ("low", "high"))
    assert low == 0
    # Jeffreys' upper end of a rate after no event in 2 minutes: 1.92 / 2
    assert high == pytest.approx(0.96, abs=0.15)


def test_intervals_cover_what_the_session_would_show_on_average():
    rng = np.random.default_rng(2)
    expected = 100 * (2 * (1 - (18 - 10) / 20) + (0.7 - 0.4) / 0.6) / 3
    hits = 0
    for number in range(100):
        noise = rng.standard_normal(CELLS + 20)
        for at in range(1, len(noise)):
            noise[at] += 0.4 * noise[at - 1]
        rate, share = rng.poisson(0.6, CELLS).astype(float), 0.7 + 0.06 * noise[20:]
        one = found(number, blink_rate=blinks(rate), head_toward=head(share))
        hits += one["low"] <= expected <= one["high"]
    assert 0.85 <= hits / 100 <= 0.97
