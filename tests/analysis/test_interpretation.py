"""The second pass from a stored measurement to the public files."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.series import FaceSeries
from analysis.facs.tables import EVENT_COLUMNS, SIGNAL_COLUMNS
from analysis.interpretation import interpret
from analysis.scoring.code import CODE_COLUMNS
from analysis.scoring.package import default
from analysis.types import AnalysisError
from tests.analysis.made import closed, series, smile, write_measurement

TIMES = np.arange(250) * 40_000
SECONDS = TIMES / 1e6


def events_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "events.csv").open() as lines:
        return list(csv.DictReader(lines))


def signals_of(folder: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(folder / "signals.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Two people: face 0 smiles at 1 s, face 3 blinks at 4 s and is out of sight from 6 s to 8 s."""
    there = np.flatnonzero((SECONDS < 6) | (SECONDS >= 8))
    first = series(TIMES, noise=0.003, **smile(SECONDS))
    second = series(TIMES[there], frame=there, noise=0.003, **closed(SECONDS[there], 4.0, 0.08))
    write_measurement(tmp_path, {0: first, 3: second}, TIMES)
    return tmp_path


@pytest.mark.parametrize("name", ["signals.parquet", "events.csv", "summary.json"])
def test_a_file_that_cannot_be_written_gives_a_sentence(measured: Path, name: str) -> None:
    (measured / name).mkdir()  # a folder stands where the file should go
    with pytest.raises(AnalysisError, match="cannot be written"):
        interpret(measured)
    assert not list(measured.glob(".*partial"))


def test_the_files_are_the_published_interface(measured: Path) -> None:
    interpret(measured)
    signals = signals_of(measured)
    assert tuple(signals) == SIGNAL_COLUMNS
    assert all(f"AU{code}" in signals for code in (*ACTION_UNITS, "51", "58", "61", "66"))
    assert {"AU12_L", "AU12_R", "AU1_L", "quality", "yaw_deg"} <= set(signals)
    assert signals["AU12"].dtype == np.float32
    assert len(signals["time_us"]) == 2 * 250  # every decoded frame for every reported face
    rows = events_of(measured)
    assert tuple(rows[0]) == EVENT_COLUMNS
    for row in rows:
        assert row["code"] in CATALOGUE
        assert row["side"] in {"both", "left", "right", ""}
        assert row["intensity"] in (set("ABCDE") if CATALOGUE[row["code"]].has_intensity else {""})
        assert int(row["onset_us"]) <= int(row["apex_us"]) <= int(row["offset_us"])
        assert 0 <= float(row["confidence"]) <= 1
    summary = json.loads((measured / "summary.json").read_text())
    assert summary["schema"] == 1
    assert summary["scorer"]["id"] == "au-rules"
    assert summary["neutral"]["method"] == "automatic"
    assert summary["tiers"]["8"] == "human-coded only"
    assert summary["tiers"]["12"] == "measured"
    assert summary["tiers"]["73"] == "experimental"
    assert set(summary["faces"][0]["aus"]["73"]) == set(summary["faces"][0]["aus"]["12"])
    assert set(summary["faces"][0]["aus"]["12"]) == {"events", "rate_per_min", "mean", "peak", "share"}
    assert not list(measured.glob(".*")), "no partial file is left"


def test_intensities_are_within_bounds_and_sides_explain_the_unit(measured: Path) -> None:
    interpret(measured)
    signals = signals_of(measured)
    for name, values in signals.items():
        if name.startswith("AU"):
            seen = values[np.isfinite(values)]
            assert ((seen >= 0) & (seen <= 5)).all(), name
            if CATALOGUE[name.removeprefix("AU").split("_")[0]].tier == "human-coded only":
                assert len(seen) == 0, name
    left, right, unit = signals["AU12_L"], signals["AU12_R"], signals["AU12"]
    np.testing.assert_allclose(unit, np.fmax(left, right))


def test_faces_are_separate_and_absence_is_nan(measured: Path) -> None:
    interpret(measured)
    found = {(row["face"], row["code"]) for row in events_of(measured)}
    assert found == {("0", "12"), ("3", "45"), ("3", "73")}
    signals = signals_of(measured)
    second = signals["face"] == 3
    away = second & (signals["time_us"] >= 6_000_000) & (signals["time_us"] < 8_000_000)
    assert away.sum() == 50
    for name in ("AU12", "AU45", "quality", "yaw_deg", "AU12_L", "AU51"):
        assert np.isnan(signals[name][away]).all()
        assert np.isfinite(signals[name][second & ~away]).all()
    summary = json.loads((measured / "summary.json").read_text())
    assert [(face["face"], face["frames"], face["seen_frames"]) for face in summary["faces"]] == [
        (0, 250, 250),
        (3, 250, 200),
    ]
    blinks = summary["faces"][1]["aus"]["45"]
    assert summary["faces"][0]["gates"] == {"none": 1.0}
    assert summary["faces"][1]["gates"] == {"none": 0.8, "no face": 0.2}
    assert blinks["events"] == 1
    assert blinks["rate_per_min"] == pytest.approx(60 / 8, rel=0.02)  # per minute seen, not per minute of video


def test_the_same_measurement_gives_the_same_bytes(measured: Path) -> None:
    names = ("signals.parquet", "events.csv", "summary.json")
    interpret(measured)
    first = [(measured / name).read_bytes() for name in names]
    interpret(measured)
    assert [(measured / name).read_bytes() for name in names] == first


def test_choosing_a_neutral_changes_intensities_and_is_recorded(measured: Path) -> None:
    interpret(measured)
    before = signals_of(measured)["AU12"]
    result = interpret(measured, neutral_us=2_000_000)
    after = signals_of(measured)["AU12"]
    at_apex = slice(45, 60)
    assert before[at_apex].min() > 4
    assert after[at_apex].max() < 0.5
    neutral = result.summary["neutral"]
    assert neutral["method"] == "chosen"
    assert abs(neutral["time_us"] - 2_000_000) <= 40_000
    assert neutral["frames"] >= 5


def test_a_neutral_at_which_a_face_is_absent_is_said_so(measured: Path) -> None:
    result = interpret(measured, neutral_us=7_000_000)
    methods = {face["face"]: face["neutral"]["method"] for face in result.summary["faces"]}
    assert methods == {0: "chosen", 3: "automatic"}
    assert any("Face 3" in line for line in result.summary["warnings"])


def test_brief_tracks_are_left_out(tmp_path: Path) -> None:
    brief = series(TIMES[:15])
    write_measurement(tmp_path, {0: series(TIMES), 7: brief}, TIMES)
    result = interpret(tmp_path)
    assert list(result.faces) == [0]
    assert set(signals_of(tmp_path)["face"]) == {0}
    assert any("brief" in line for line in result.summary["warnings"])


def test_a_video_without_any_face_gives_empty_files(tmp_path: Path) -> None:
    write_measurement(tmp_path, {}, TIMES)
    result = interpret(tmp_path)
    assert result.summary["faces"] == []
    assert result.summary["neutral"] is None
    assert events_of(tmp_path) == []
    assert len(signals_of(tmp_path)["time_us"]) == 0
    assert result.summary["warnings"]


def test_progress_is_told_face_by_face(measured: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    interpret(measured, hook=lambda stage, done, total, **_: told.append((stage, done, total)))
    assert told == [("interpret", 0, 2), ("interpret", 1, 2), ("interpret", 2, 2)]


def test_a_missing_measurement_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="measure the video first"):
        interpret(tmp_path)
    (tmp_path / "measurement.parquet").write_bytes(b"not a table")
    with pytest.raises(AnalysisError, match="measure the video first"):
        interpret(tmp_path)


def test_half_an_hour_takes_seconds(tmp_path: Path) -> None:
    times = np.arange(54_000) * 33_333
    phase = (times / 1e6) % 10
    write_measurement(tmp_path, {0: series(times, noise=0.004, **smile(phase))}, times)
    start = time.process_time()  # what else the machine does is not part of it
    result = interpret(tmp_path)
    assert time.process_time() - start < 20  # 1.5 s on an idle core
    smiles = [event for event in result.faces[0] if event.code == "12"]
    assert len(smiles) == 180


def test_reasons_are_a_dictionary_column_and_holes_have_one(measured: Path) -> None:
    interpret(measured)
    table = pq.read_table(measured / "signals.parquet")
    assert str(table.schema.field("gate").type) == "dictionary<values=string, indices=int32, ordered=0>"
    gate = np.array(table["gate"].to_pylist())
    away = (signals_of(measured)["face"] == 3) & np.isnan(signals_of(measured)["AU12"])
    assert set(gate[away]) == {"no face"}
    assert set(gate[~away]) == {""}


def test_a_hidden_mouth_leaves_the_upper_face_and_makes_72(tmp_path: Path) -> None:
    covered = (SECONDS >= 4) & (SECONDS < 6)
    fake = {"chin_y": 0.9 * covered, "lip_lower_mid_y": 0.5 * covered}  # what the mesh invents under a hand
    share = {f"visible_{part}": np.ones(250, np.float32) for part in ("brows", "eye_L", "eye_R", "nose", "chin")}
    one = series(TIMES, noise=0.003, **smile(SECONDS), **fake)
    columns = {**one.columns, **share, "visible_mouth": np.where(covered, 0.1, 0.97).astype(np.float32)}
    write_measurement(tmp_path, {0: FaceSeries(one.frame, one.time_us, columns)}, TIMES)
    result = interpret(tmp_path)
    signals = signals_of(tmp_path)
    for name in ("AU12", "AU12_L", "AU17", "AU25", "AU26"):
        assert np.isnan(signals[name][covered]).all(), name
        assert np.isfinite(signals[name][~np.isin(np.arange(250), range(95, 155))]).all(), name
    for name in ("AU1", "AU6_L", "AU9", "AU45", "AU51", "AU61", "quality"):
        assert np.isfinite(signals[name]).all(), name
    assert set(np.array(signals["gate"])[covered]) == {"occluded:mouth"}
    (hidden,) = [row for row in events_of(tmp_path) if row["code"] == "72"]
    assert (hidden["side"], hidden["intensity"]) == ("", "")
    assert int(hidden["onset_us"]) == pytest.approx(4_000_000, abs=130_000)
    assert int(hidden["offset_us"]) == pytest.approx(5_960_000, abs=130_000)
    assert float(hidden["confidence"]) == pytest.approx(0.8, abs=0.11)
    under_the_hand = [
        row for row in events_of(tmp_path) if row["code"] in {"17", "25", "26"} and int(row["apex_us"]) > 3_800_000
    ]
    assert under_the_hand == []
    face = result.summary["faces"][0]
    assert face["gates"]["occluded:mouth"] == pytest.approx(0.22, abs=0.02)
    assert face["aus"]["72"]["events"] == 1
    assert any("mouth 22%" in line for line in result.summary["warnings"])


def test_what_is_not_scored_has_no_interval_and_a_hidden_side_takes_its_own_along(tmp_path: Path) -> None:
    """The mouth is covered from 4 s to 6 s, the left eye from 7 s to 8 s, while the learned scorer answers."""
    covered, one_eye = (SECONDS >= 4) & (SECONDS < 6), (SECONDS >= 7) & (SECONDS < 8)
    shares = {
        "visible_mouth": np.where(covered, 0.1, 0.97),
        "visible_eye_L": np.where(one_eye, 0.1, 0.97),
    }
    noise = np.random.default_rng(4).normal(0, 1.0, (len(CODE_COLUMNS), 250))
    code = dict(zip(CODE_COLUMNS, noise, strict=True))
    one = series(TIMES, noise=0.003)
    columns = {name: values.astype(np.float32) for name, values in {**one.columns, **shares, **code}.items()}
    write_measurement(tmp_path, {0: FaceSeries(one.frame, one.time_us, columns)}, TIMES)
    about = json.loads((tmp_path / "measurement.json").read_text()) | {"encoder": default().encoder_sha256}
    (tmp_path / "measurement.json").write_text(json.dumps(about))
    assert interpret(tmp_path).summary["scorer"]["id"] == "au-nets"
    signals = signals_of(tmp_path)
    assert np.isnan(signals["AU12"][covered]).all()
    assert np.isnan(signals["AU7_L"][one_eye]).all()
    assert np.isfinite(signals["AU7"][one_eye]).all()
    for code in ACTION_UNITS:
        value, low, high = (signals[f"AU{code}{end}"] for end in ("", "_low", "_high"))
        known = np.isfinite(value)
        assert (np.isfinite(low) == known).all(), code
        assert (np.isfinite(high) == known).all(), code
        assert (low[known] <= value[known] + 1e-6).all(), code
        assert (value[known] <= high[known] + 1e-6).all(), code


def test_a_damaged_measurement_is_not_taken_for_a_full_disk(measured: Path) -> None:
    """What can be opened but not read to its end says so, and leaves earlier results as they were."""
    interpret(measured)
    before = (measured / "signals.parquet").read_bytes()
    path = measured / "measurement.parquet"
    content = bytearray(path.read_bytes())
    index = max(
        column.data_page_offset + column.total_compressed_size
        for group in [pq.ParquetFile(path).metadata.row_group(0)]
        for column in [group.column(place) for place in range(3)]
    )
    content[index + 4_000 : index + 40_000] = bytes(36_000)  # of the measures; who is where can still be read
    path.write_bytes(content)
    with pytest.raises(AnalysisError, match=r"is damaged: measure the video again"):
        interpret(measured)
    assert (measured / "signals.parquet").read_bytes() == before


@pytest.mark.parametrize("content", ["[]", "null", "1", '{"video": [1]}', "{"])
def test_what_tells_of_no_video_is_no_measurement(measured: Path, content: str) -> None:
    (measured / "measurement.json").write_text(content)
    with pytest.raises(AnalysisError, match="No readable measurement"):
        interpret(measured)


@pytest.mark.parametrize(("name", "sentence"), [("face", "No readable"), ("yaw_deg", r"lacks 1 measure\(s\)")])
def test_a_measurement_without_a_column_says_which(measured: Path, name: str, sentence: str) -> None:
    path = measured / "measurement.parquet"
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(AnalysisError, match=sentence):
        interpret(measured)
