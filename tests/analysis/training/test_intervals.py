"""Intervals: what they are made of, what they hold, and that they are told in the card and read at run time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from analysis.facs.quality import picture_quality, quality
from analysis.scoring import package
from analysis.scoring.interval import half_width, widened
from analysis.scoring.targets import TARGETS, columns_of
from analysis.training.scorer import intervals
from analysis.training.scorer.card import card
from tests.analysis.made import series
from tests.analysis.training.test_scorer import made

NOBODY = np.zeros(3, bool)


def answers(seed: int) -> tuple[intervals.Shard, np.ndarray, np.ndarray]:
    """Faces of which a made net says 12 well, 1 with far larger errors where it is there, the rest at 0."""
    shard = made(60, 12, seed=seed)
    names = intervals._COLUMNS
    for name, value in (("iris_px", 14.0), ("sharpness", 0.6)):
        shard.columns[:, names.index(name)] = value
    rng = np.random.default_rng(seed)
    value = shard.labels + rng.normal(0, 0.2, shard.labels.shape).astype(np.float32)
    places = columns_of("1")
    wrong = (shard.labels[:, places] > 0) * rng.normal(0, 1.5, (len(shard), len(places)))
    value[:, places] += wrong.astype(np.float32)
    return shard, value, np.full(value.shape, 0.2, np.float32)


def widths(found: dict[str, intervals.Entries], value: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    off = np.zeros(len(value), bool)
    columns = [
        half_width(found[code], value[:, n].astype(float), doubt[:, n].astype(float), off, off)
        for n, (code, _) in enumerate(TARGETS)
    ]
    return np.stack(columns, axis=1)


def test_an_interval_holds_nine_of_ten_where_a_unit_is_absent_and_where_it_is_shown() -> None:
    found = intervals.entries(*answers(0))
    shard, value, doubt = answers(1)
    width = widths(found, value, doubt)
    inside = np.abs(np.clip(value, 0, 5) - shard.labels) <= width
    rows = ~shard.neutral
    for code in ("1", "12"):
        number = columns_of(code)[0]
        for part in (rows & (value[:, number] < 0.5), rows & (value[:, number] >= 1)):
            assert 0.82 <= inside[part, number].mean() <= 0.99, code
    assert found["1"][3] > 3 * found["12"][3]  # what it was off by, not what it expected


def test_a_factor_alone_leaves_the_shown_ones_out() -> None:
    """The first packages' two entries hold nine of ten of all labels, but few of those that a person looks at."""
    shard, value, doubt = answers(1)
    number = columns_of("1")[0]
    off = np.abs(np.clip(value[:, number], 0, 5) - shard.labels[:, number])
    factor = float(np.quantile((off / 0.2)[shard.labels[:, number] == 0], 0.9))
    off_rows = np.zeros(len(off), bool)
    width = half_width((factor, factor), value[:, number].astype(float), doubt[:, number], off_rows, off_rows)
    assert (off <= width)[value[:, number] >= 1].mean() < 0.6


def test_the_two_entries_of_the_first_packages_are_factors_on_the_expected_error() -> None:
    doubt, turned = np.array([0.5, 0.5, 0.001]), np.array([False, True, False])
    width = half_width((2.0, 3.0), np.array([0.0, 4.0, 0.0]), doubt, turned, NOBODY)
    assert width.tolist() == pytest.approx([1.0, 1.5, 0.04])


def test_five_entries_follow_the_score_and_the_quality_and_stay_on_the_scale() -> None:
    entries = (2.0, 3.0, 0.7, 1.5, 4.0)
    score, doubt = np.array([0.2, 0.6, 2.0]), np.array([0.001, 9.0, 9.0])
    assert half_width(entries, score, doubt, NOBODY, NOBODY).tolist() == pytest.approx([0.1, 0.7, 1.5])
    assert half_width(entries, score, doubt, NOBODY, ~NOBODY).tolist() == pytest.approx([0.1, 2.8, 5.0])


def test_a_bound_of_few_residuals_is_above_their_ninetieth_percentile() -> None:
    assert intervals.conformal(np.arange(1.0, 20.0)) == 18.0  # of 19: the 18th, as of 20
    assert intervals.conformal(np.arange(1.0, 6.0)) == 5.0


def test_coverage_is_told_by_yaw_quality_and_score() -> None:
    shard, value, doubt = answers(2)
    shard.yaw[:] = np.where(np.arange(len(shard)) % 3 == 0, 20.0, 0.0)
    iris = intervals._COLUMNS.index("iris_px")
    shard.columns[::5, iris] = 6.0  # a quality of a quarter
    found = intervals.tables(shard, value, widths(intervals.entries(shard, value, doubt), value, doubt))
    by_yaw, by_quality = found["coverage_by_yaw"], found["coverage_by_quality"]
    pictures = int((~shard.neutral).sum())
    assert by_yaw["0–10"]["n"] + by_yaw["10–25"]["n"] == pictures
    assert by_yaw["25–36"]["n"] == 0
    assert np.isnan(by_yaw["25–36"]["coverage"])
    assert by_quality["below .5"]["n"] == int((~shard.neutral[::5]).sum())
    for one in (by_yaw["0–10"], by_quality[".75 and more"], *found["coverage_by_score"].values()):
        assert 0.85 <= one["coverage"] <= 0.97
    assert 0.85 <= by_yaw["0–10"]["shown_coverage"] <= 0.95


def test_the_marks_of_a_picture_are_those_of_the_product() -> None:
    times = np.arange(5) * 40_000
    iris = np.array([4.0, 8.0, 12.0, 20.0, 20.0])
    face = series(times, iris_px=iris - 22.0, yaw_deg=np.array([0, 0, 0, 27.5, 0]))
    assert picture_quality(face.columns).tolist() == pytest.approx([0.0, 0.5, 1.0, 0.5, 1.0])
    assert (quality(face) <= picture_quality(face.columns) + 1e-9).all()


def test_the_card_tells_what_intervals_hold_where_a_package_was_measured_so(tmp_path: Path) -> None:
    shipped = package.SHIPPED / package.shipped_versions()[-1]
    about = json.loads((shipped / package.ABOUT).read_text(encoding="utf-8"))
    folder = tmp_path / "new"
    shutil.copytree(shipped, folder)
    rows = {"coverage": 0.912, "width": 0.5, "n": 1234, "shown_coverage": 0.87, "shown_width": 3.1, "shown_n": 56}
    about["figures"] |= {
        "coverage_by_score": {".5–1": rows},
        "coverage_by_yaw": {"0–10": rows},
        "coverage_by_quality": {"below .5": {**rows, "shown_coverage": None}},
    }
    for one in about["codes"].values():
        one["interval"] = [1.0, 1.0, 0.9, 1.8, 1.1]
    (folder / package.ABOUT).write_text(json.dumps(about), encoding="utf-8")
    text = card(folder, None)
    assert "| .5–1 | .91 | .50 | 1,234 |\n" in text
    assert "| 0–10 | .91 | .50 | 1,234 | .87 | 3.10 | 56 |\n" in text
    assert "| below .5 | .91 | .50 | 1,234 | – | 3.10 | 56 |\n" in text
    assert "half width of its own" in text
    for name in ("coverage_by_score", "coverage_by_yaw", "coverage_by_quality"):
        about["figures"].pop(name)
    for one in about["codes"].values():
        one["interval"] = [1.0, 1.0]
    (folder / package.ABOUT).write_text(json.dumps(about), encoding="utf-8")
    older = card(folder, None)
    assert "half width of its own" not in older
    assert "| 0–10 | .91 |" not in older


def test_a_wider_interval_keeps_its_ratio_of_poor_pictures() -> None:
    assert widened((1.0, 2.0, 0.5, 1.5, 1.1), 2.0) == [2.0, 4.0, 1.0, 3.0, 1.1]
    assert widened((1.0, 2.0), 3.0) == [3.0, 6.0]
