"""What moved in a proposal, on the labelled smile; and how the page's parts of a measurement are read."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import stored_window
from analysis.face.follow import steady
from analysis.face.outlines import OUTLINES, edges
from analysis.facs.codes import CATALOGUE
from analysis.facs.neutral_store import Loan, read_neutral
from analysis.facs.reason import columns_of, explain, rest_of
from analysis.facs.reason_measures import WORDS, measures_of, words_of
from analysis.stored import StoredMeasurement
from analysis.types import AnalysisError
from tests.analysed import demonstration

SMILE = {"12": 1_600_000, "6": 1_560_000, "25": 1_920_000}


@pytest.fixture(scope="module")
def folder(models):
    return demonstration("d1")


@pytest.fixture(scope="module")
def found(folder):
    rows = stored_window.face_rows(folder, 0)
    neutral, _ = read_neutral(Loan(folder, 0))
    return rows, neutral, rest_of(stored_window.sample(rows, rows.measures), neutral)


def moved(found, code, apex_us, side="both"):
    rows, neutral, rest = found
    part = rows.between(apex_us - 1_500_000, apex_us + 1_500_000)
    series = stored_window.series(rows, part, columns_of(code, side))
    return explain(series, neutral, rest, code=code, side=side, apex_us=apex_us)


def test_in_a_smile_the_mouth_corners_moved_most(found):
    reason = moved(found, "12", SMILE["12"])
    assert reason.moved[0].measure.startswith("corner_")
    # The fold beside the nose deepens with them; of the points, the corners went farthest.
    first = [one.measure for one in reason.moved if not one.measure.startswith("skin_")][:3]
    assert all(name.startswith("corner_") for name in first), first
    raised = next(one for one in reason.moved if one.measure == "corner_y_L")
    assert raised.amount > 0.3
    assert raised.unit == "cm"
    assert raised.times > 5
    assert raised.expected
    assert raised.share == pytest.approx(100 * raised.amount / 16.2, rel=0.02)


def test_a_cheek_that_is_raised_and_lips_that_part_are_found_as_well(found):
    assert moved(found, "6", SMILE["6"]).moved[0].measure.startswith("cheek_y")
    assert moved(found, "25", SMILE["25"]).moved[0].expected


def test_at_rest_nothing_moved_much(found):
    quiet = max(one.times for one in moved(found, "12", 9_700_000).moved)
    assert quiet < max(one.times for one in moved(found, "12", SMILE["12"]).moved) / 3


def test_one_side_leaves_the_other_out(found):
    assert {one.side for one in moved(found, "12", SMILE["12"], "left").moved} == {"left", ""}


def test_the_curve_covers_the_stretch_that_was_read(found):
    reason = moved(found, "12", SMILE["12"])
    assert len(reason.time_us) == len(reason.moved[0].curve)
    assert reason.time_us[0] <= SMILE["12"] <= reason.time_us[-1]


def test_a_code_that_nothing_measured_shows_gives_nothing(found):
    assert moved(found, "21", SMILE["12"]).moved == ()


def test_every_measure_has_words_and_is_measured(found):
    rows, *_ = found
    for code in CATALOGUE:
        for column, side, sign in measures_of(code, "both"):
            assert column in rows.measures, (code, column)
            assert words_of(column) in WORDS.values(), column
            assert side in {"left", "right", ""}
            assert sign in {-1, 0, 1}


def test_parts_are_what_the_whole_holds(folder, found):
    rows, *_ = found
    _, whole = StoredMeasurement(folder).face(0)
    part = rows.between(2_000_000, 3_000_000)
    read = stored_window.series(rows, part, ["box_x", "corner_y_L"])
    inside = (whole.time_us >= 2_000_000) & (whole.time_us < 3_000_000)
    np.testing.assert_array_equal(read.time_us, whole.time_us[inside])
    np.testing.assert_array_equal(read.columns["corner_y_L"], whole.columns["corner_y_L"][inside])


def test_what_is_not_there_is_said(folder, tmp_path):
    with pytest.raises(AnalysisError, match="No readable measurement"):
        stored_window.face_rows(tmp_path, 0)
    with pytest.raises(AnalysisError, match="Face 7"):
        stored_window.face_rows(folder, 7)


def test_the_calm_view_takes_trembling_out_and_does_not_lag():
    times = np.arange(250) * 40_000
    path = 200 + 100 * np.sin(times / 1e6)  # a slow sway
    tremble = np.where(np.arange(250) % 2, 4.0, -4.0)
    boxes = np.column_stack([path + tremble, np.full(250, 50.0), np.full(250, 80.0), np.full(250, 100.0)])
    calm = steady(times, boxes.astype(np.float32))
    assert np.abs(np.diff(calm[:, 0], 2)).max() < 0.5  # 16 before
    assert (
        np.abs(calm[20:-20, 0] - (path[20:-20] + 40)).max() < 6
    )  # 100 pixels of sway: it neither lags nor cuts corners
    assert np.allclose(calm[:, 2], 100, atol=0.01)


def test_the_calm_view_holds_in_gaps_and_jumps_at_a_cut():
    times = np.arange(100) * 40_000
    boxes = np.full((100, 4), (10.0, 10.0, 100.0, 100.0), np.float32)
    boxes[50:, 0] = 400
    boxes[20:30] = np.nan
    calm = steady(times, boxes)
    assert np.isfinite(calm).all()
    assert np.allclose(calm[:50, 0], 60)
    assert np.allclose(calm[50:, 0], 450)


def test_outlines_and_lines_are_points_of_the_mesh():
    assert all(0 <= point < 478 for loops in OUTLINES.values() for loop in loops for point in loop)
    found = edges()
    assert len(found) == len(set(found))
    assert all(0 <= a < b < 478 for a, b in found)
