"""Figures from signals, against numbers computed by hand."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facsweb.reports.measures import FaceSignals, coverage, mean_and_peak, picture, read_signals, union_us

NAN = float("nan")


@pytest.fixture
def parquet(tmp_path):
    """Two faces on a variable frame rate; face 0 is absent in one frame and held back in another."""
    columns = {
        "time_us": [0, 40_000, 120_000, 160_000] * 2,
        "face": [0] * 4 + [1] * 4,
        "yaw_deg": [1.0, NAN, 2.0, 3.0] + [0.0] * 4,
        "AU1": [0.0, NAN, NAN, 3.0] + [NAN] * 4,
        "AU12": [2.0, NAN, NAN, 1.0, 0.5, 0.5, 0.5, 0.5],
        "AU12_L": [5.0] * 8,  # sides are not in the summary
        "AU29": [NAN] * 8,
    }
    path = tmp_path / "signals.parquet"
    types = {"time_us": pa.int64(), "face": pa.int16()}
    table = pa.table({name: pa.array(values, types.get(name, pa.float32())) for name, values in columns.items()})
    pq.write_table(table, path)
    return path


def test_faces_are_read_apart_with_absent_kept_absent(parquet):
    first, second = read_signals(parquet)
    assert first.intensity.keys() == {"1", "12"}
    assert second.intensity.keys() == {"12"}
    assert first.seen.tolist() == [True, False, True, True]
    assert first.measured.tolist() == [True, False, False, True]
    np.testing.assert_array_equal(np.isnan(first.intensity["12"]), [False, True, True, False])


def test_coverage_counts_time_by_each_frames_own_length(parquet):
    # Steps 40, 80, 40 ms; the last frame lasts the median step, 40 ms. Frame 2 (80 ms) shows no face.
    assert coverage(read_signals(parquet))[0] == {
        "face": 0,
        "frames": 4,
        "seen_frames": 3,
        "held_back_frames": 1,
        "seen_us": 40_000 + 40_000 + 40_000,
    }


def test_mean_and_peak_leave_absent_frames_out():
    assert mean_and_peak(np.array([2, NAN, NAN, 1], np.float32)) == (1.5, 2.0)
    assert mean_and_peak(np.array([NAN], np.float32)) == (None, None)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [([], 0), ([(5, 9)], 4), ([(0, 4), (2, 6), (10, 11)], 7), ([(3, 5), (0, 10)], 10), ([(2, 2)], 0)],
)
def test_union_counts_overlaps_once(spans, expected):
    assert union_us(spans) == expected


def test_picture_keeps_peaks_and_gaps():
    values = np.array([0.0, 4.999, NAN, NAN, 1.0, 0.2], np.float32)
    times = np.arange(6, dtype=np.int64) * 100
    assert picture(values, times, 600, bins=3) == [500, None, 100]


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match="must have 2 rows"):
        FaceSignals(0, np.array([0, 1]), np.ones(2, bool), {"1": np.zeros(3, np.float32)})


def test_a_file_without_faces_has_no_faces(tmp_path):
    empty = pa.table(
        {
            "time_us": pa.array([], pa.int64()),
            "face": pa.array([], pa.int16()),
            "yaw_deg": pa.array([], pa.float32()),
        }
    )
    pq.write_table(empty, tmp_path / "signals.parquet")
    assert read_signals(tmp_path / "signals.parquet") == []
