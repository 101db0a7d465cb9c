"""Windows of signals: gaps stay gaps, peaks survive, edges are exact."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facsweb.coding import signals

FRAME = 40_000  # µs, 25 frames/s


def write(folder, faces=(0,), *, times=None, **columns):
    times = np.arange(100) * FRAME if times is None else np.asarray(times)
    parts = {
        "time_us": np.concatenate([times for _ in faces]).astype(np.int64),
        "face": np.concatenate([np.full(len(times), face) for face in faces]).astype(np.int16),
    }
    for name, values in columns.items():
        parts[name] = np.concatenate([np.asarray(values, np.float32) + face for face in faces])
    pq.write_table(pa.table(parts), folder / "signals.parquet")
    return folder


def decoded(heat):
    return np.where(heat == 0, np.nan, (heat.astype(float) - 1) * signals.STEP)


def test_bytes_hold_intensities_to_half_a_step():
    values = np.linspace(0, 5, 1001, dtype=np.float32)
    assert np.abs(decoded(signals.encode(values)) - values).max() <= signals.STEP / 2 + 1e-6
    assert signals.encode(np.array([np.nan, 0, 5], np.float32)).tolist() == [0, 1, 251]


def test_one_frame_peak_survives_any_width(tmp_path):
    values = np.zeros(100)
    values[57] = 4
    face = signals.track(write(tmp_path, AU12=values), 0)
    for width in (1, 3, 10, 100, 333, 1000):
        heat = decoded(signals.heat_window(face, 0, 100 * FRAME, width))
        assert heat.max() == pytest.approx(4)


def test_each_column_is_the_maximum_of_what_was_on_screen(tmp_path):
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 5, 100)
    values[20:41] = np.nan
    face = signals.track(write(tmp_path, AU12=values), 0)
    from_us, to_us, width = 333_333, 3_777_777, 37
    heat = decoded(signals.heat_window(face, from_us, to_us, width))[0]
    edges = np.linspace(from_us, to_us, width + 1)
    starts, ends = np.arange(100) * FRAME, np.append(np.arange(1, 100) * FRAME, np.inf)
    for column in range(width):
        seen = values[(starts < edges[column + 1]) & (ends > edges[column])]
        seen = seen[~np.isnan(seen)]
        if len(seen):
            assert heat[column] == pytest.approx(seen.max(), abs=signals.STEP / 2 + 1e-6)
        else:
            assert np.isnan(heat[column])


def test_zoomed_in_each_frame_fills_its_time(tmp_path):
    face = signals.track(write(tmp_path, AU12=np.arange(100) / 25), 0)
    heat = decoded(signals.heat_window(face, 10 * FRAME, 12 * FRAME, 8))[0]
    assert heat.tolist() == pytest.approx([0.4] * 4 + [0.44] * 4)


def test_before_the_first_frame_is_a_gap(tmp_path):
    face = signals.track(write(tmp_path, times=np.arange(10) * FRAME + 400_000, AU12=np.ones(10)), 0)
    heat = decoded(signals.heat_window(face, 0, 800_000, 8))[0]
    assert np.isnan(heat[:4]).all()
    assert heat[4:].tolist() == pytest.approx([1] * 4)


def test_a_column_without_a_face_is_a_gap_never_a_zero(tmp_path):
    values = np.ones(100)
    values[50:] = np.nan
    face = signals.track(write(tmp_path, AU12=values), 0)
    heat = signals.heat_window(face, 0, 100 * FRAME, 10)[0]
    assert heat.tolist() == [51] * 5 + [0] * 5


def test_codes_without_any_figure_are_left_out_and_the_rest_in_facs_order(tmp_path):
    empty = np.full(100, np.nan)
    face = signals.track(write(tmp_path, AU26=np.ones(100), AU12=np.ones(100), AU4=empty, AU1=np.ones(100)), 0)
    assert face.codes == ("1", "12", "26")
    assert face.heat.shape == (3, 100)


def test_faces_are_told_apart_and_an_absent_face_is_empty(tmp_path):
    folder = write(tmp_path, faces=(0, 2), AU12=np.ones(100))
    assert decoded(signals.track(folder, 2).heat).max() == pytest.approx(3)
    absent = signals.track(folder, 1)
    assert absent.codes == ()
    assert signals.heat_window(absent, 0, 1_000_000, 5).shape == (0, 5)


def test_frame_times_are_every_frame_once_in_order(tmp_path):
    times = np.cumsum(np.random.default_rng(1).integers(20_000, 60_000, 50))
    folder = write(tmp_path, faces=(1, 0), times=times, AU12=np.ones(50))
    assert signals.frame_times(folder).tolist() == times.tolist()


def test_frame_times_of_a_recording_without_a_face_come_from_the_measurement(tmp_path):
    write(tmp_path, times=[], AU12=[])
    assert signals.frame_times(tmp_path).size == 0
    signals.frame_times.cache_clear()
    table = pa.table({"time_us": pa.array([0, 40_000, 80_000]), "face": pa.array([-1, -1, -1])})
    pq.write_table(table, tmp_path / "measurement.parquet")
    assert signals.frame_times(tmp_path).tolist() == [0, 40_000, 80_000]


def test_curve_shows_every_frame_when_there_is_room(tmp_path):
    values = np.sin(np.arange(100) / 9) + 1
    values[30] = np.nan
    folder = write(tmp_path, AU12=values, AU12_L=values, AU12_R=values / 2, AU17=values)
    face = signals.track(folder, 0)
    found = signals.curves(folder, face, ["12", "17"], 20 * FRAME, 40 * FRAME, 500)
    assert found["12"]["time_us"] == [frame * FRAME for frame in range(20, 41)]
    assert found["12"]["both"][10] is None
    assert found["12"]["right"][0] == pytest.approx(values[20] / 2, abs=1e-3)
    assert set(found["17"]) == {"time_us", "exact", "both"}


def test_thinned_curve_keeps_the_envelope_and_the_gaps(tmp_path):
    times = np.arange(20_000) * FRAME
    values = np.random.default_rng(5).uniform(1, 2, 20_000)
    values[777], values[10_000:12_000] = 4.5, np.nan
    folder = write(tmp_path, times=times, AU12=values)
    found = signals.curves(folder, signals.track(folder, 0), ["12"], 0, 20_000 * FRAME, 200)["12"]
    drawn = np.array([np.nan if value is None else value for value in found["both"]])
    assert len(drawn) == len(found["time_us"]) == 400
    assert np.nanmax(drawn) == pytest.approx(4.5)
    assert np.nanmin(drawn) == pytest.approx(np.nanmin(values), abs=1e-3)
    at = np.array(found["time_us"])
    assert (np.diff(at) > 0).all()
    inside = (at > 10_100 * FRAME) & (at < 11_900 * FRAME)
    assert np.isnan(drawn[inside]).all()
    assert not np.isnan(drawn[~((at > 9_900 * FRAME) & (at < 12_100 * FRAME))]).any()


def with_gate(folder, texts, faces=(0,)):
    table = pq.read_table(write(folder, faces, AU12=np.ones(100)) / "signals.parquet")
    column = pa.array(list(texts) * len(faces)).dictionary_encode()
    pq.write_table(table.append_column("gate", column), folder / "signals.parquet")
    return signals.track(folder, faces[0])


def test_reasons_are_stretches_until_the_next_frame_comes(tmp_path):
    face = with_gate(tmp_path, [*[""] * 10, *["turned"] * 5, *["turned;small"] * 5, *[""] * 70, *["no face"] * 10])
    assert face.gates == (
        (10 * FRAME, 15 * FRAME, "turned"),
        (15 * FRAME, 20 * FRAME, "turned;small"),
        (90 * FRAME, 100 * FRAME, "no face"),
    )
    assert signals.gates_window(face, 12 * FRAME, 90 * FRAME, 100) == list(face.gates[:2])
    assert signals.gates_window(face, 20 * FRAME, 90 * FRAME, 100) == []


def test_each_face_has_its_own_reasons_and_older_results_have_none(tmp_path):
    assert with_gate(tmp_path, ["small"] * 100, faces=(3, 5)).gates == ((0, 100 * FRAME, "small"),)
    (tmp_path / "old").mkdir()
    assert signals.track(write(tmp_path / "old", AU12=np.ones(100)), 0).gates == ()


def test_flickers_are_left_out_only_where_there_are_too_many(tmp_path):
    flickers = ["turned" if i % 2 else "" for i in range(60)]
    face = with_gate(tmp_path, [*flickers, *["small"] * 40])
    assert len(signals.gates_window(face, 0, 100 * FRAME, 200)) == 31
    assert signals.gates_window(face, 0, 100 * FRAME, 10) == [(60 * FRAME, 100 * FRAME, "small")]


def interval(tmp_path):
    values = np.full(100, 2.0)
    values[30:40] = np.nan
    return write(
        tmp_path, AU12=values, AU12_low=values - 0.5, AU12_high=values + np.linspace(0, 1, 100), AU4=values
    )


def test_the_interval_comes_with_its_curve_and_its_gaps(tmp_path):
    face = signals.track(interval(tmp_path), 0)
    found = signals.curves(tmp_path, face, ["12", "4"], 0, 100 * FRAME, 1000)
    assert found["12"]["exact"]
    assert found["12"]["low"][:2] == [1.5, 1.5]
    assert found["12"]["high"][99] == 3.0
    assert found["12"]["low"][30:40] == found["12"]["high"][30:40] == [None] * 10
    assert "low" not in found["4"]


def test_a_thinned_interval_is_as_wide_as_it_gets_in_each_column(tmp_path):
    face = signals.track(interval(tmp_path), 0)
    found = signals.curves(tmp_path, face, ["12"], 0, 100 * FRAME, 10)["12"]
    assert not found["exact"]
    assert len(found["low"]) == len(found["high"]) == len(found["time_us"]) == 20
    assert found["low"][0:2] == [1.5, 1.5]
    assert found["high"][18:] == [3.0, 3.0]
    assert found["low"][6:8] == found["high"][6:8] == [None, None]


def test_a_scorer_without_intervals_has_none(tmp_path):
    nothing = np.full(100, np.nan)
    face = signals.track(write(tmp_path, AU12=np.ones(100), AU12_low=nothing, AU12_high=nothing), 0)
    assert set(signals.curves(tmp_path, face, ["12"], 0, 100 * FRAME, 1000)["12"]) == {"time_us", "exact", "both"}
