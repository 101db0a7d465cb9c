"""The first pass on real pictures with the real models: what is stored, and what is left when it is stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import media, pipeline
from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.measurement import SCHEMA
from analysis.types import AnalysisError, Cancelled, MediaError, ModelError
from tests.analysis.clips import astronaut, numbered, set_display_matrix, write

pytestmark = pytest.mark.usefixtures("models")
REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {"measurement.parquet", "measurement.json"}


def face(size: int = 256) -> np.ndarray:
    import cv2

    return cv2.resize(astronaut()[:400, 60:460], (size, size), interpolation=cv2.INTER_AREA)


def measured(video: Path, out: Path, **options) -> dict[str, np.ndarray]:
    pipeline.measure(video, out, **options)
    table = pq.read_table(out / "measurement.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """Two pictures without a face, twelve with one, at uneven times."""
    empty = np.full((256, 256, 3), 90, np.uint8)
    times = np.cumsum([0, 40, 40, 40, 63, 80, 17, 40, 40, 300, 40, 33, 34, 33]) * 1000
    path = tmp_path_factory.mktemp("short") / "a.mp4"
    return write(path, [empty] * 2 + [face()] * 12, times_us=times.tolist())


def test_every_frame_is_stored_with_its_own_time(short, tmp_path):
    columns = measured(short, tmp_path)
    assert pq.read_schema(tmp_path / "measurement.parquet").equals(SCHEMA)
    assert columns["frame"].tolist() == list(range(14))
    assert columns["time_us"].tolist() == [frame.time_us for frame in media.frames(short)]
    assert columns["face"].tolist() == [-1] * 2 + [0] * 12


def test_absent_is_nan_and_present_is_measured(short, tmp_path):
    columns = measured(short, tmp_path)
    values = [name for name in columns if name not in {"frame", "time_us", "face"}]
    assert set(values) >= {*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS}
    for name in values:
        assert np.isnan(columns[name][:2]).all(), name
        assert np.isfinite(columns[name][2:]).all(), name
    assert columns["presence"][2:].min() > 0.9
    centre = columns["box_x"][5] + columns["box_w"][5] / 2, columns["box_y"][5] + columns["box_h"][5] / 2
    assert centre == pytest.approx((105, 75), abs=15)  # where the astronaut's face is


def test_what_was_measured_is_written_down(short, tmp_path):
    pipeline.measure(short, tmp_path)
    about = json.loads((tmp_path / "measurement.json").read_text())
    video = about["video"]
    assert (video["width"], video["height"], video["codec"], video["container"]) == (256, 256, "h264", "mp4")
    assert video["frames"] == 14
    assert video["duration_us"] > 700_000
    assert video["frame_rate"] > 0
    assert {len(model["sha256"]) for model in about["models"]} == {64}
    assert len(about["models"]) == 3
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_a_recording_without_a_face(tmp_path):
    video = write(tmp_path / "bars.mp4", numbered(30))
    found = pipeline.analyze(video, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "measurement.parquet")
    assert set(rows["face"].to_pylist()) == {-1}
    assert len(rows) == 30
    assert found.faces == {}
    assert any("No face" in warning for warning in found.summary["warnings"])
    assert pq.read_table(tmp_path / "out" / "signals.parquet").num_rows == 0
    assert (tmp_path / "out" / "events.csv").read_text().startswith("code,side,")


def test_four_faces_are_four_tracks_and_no_more_than_asked_for(tmp_path):
    tiled = np.tile(face(200), (2, 2, 1))
    video = write(tmp_path / "tiled.mp4", [tiled] * 10)
    columns = measured(video, tmp_path / "four", max_faces=4)
    assert sorted(set(columns["face"].tolist())) == [0, 1, 2, 3]
    places = {
        (columns["box_x"][i] > 200, columns["box_y"][i] > 200) for i in np.flatnonzero(columns["frame"] == 9)
    }
    assert len(places) == 4
    assert set(measured(video, tmp_path / "two", max_faces=2)["face"].tolist()) == {0, 1}


def test_rotated_recordings_are_measured_upright(tmp_path):
    upright = write(tmp_path / "upright.mp4", [face()] * 6)
    lying = write(tmp_path / "lying.mp4", [np.rot90(face()).copy()] * 6)
    set_display_matrix(lying, (0, 1, -1, 0))
    straight, turned = measured(upright, tmp_path / "a"), measured(lying, tmp_path / "b")
    for name in ("roll_deg", "yaw_deg", "box_x", "box_y"):
        assert turned[name] == pytest.approx(straight[name], abs=2.0), name


def test_the_same_video_gives_the_same_file(short, tmp_path):
    measured(short, tmp_path / "a")
    measured(short, tmp_path / "b", hook=lambda *args, **kwargs: None)
    first, second = ((tmp_path / name / "measurement.parquet").read_bytes() for name in "ab")
    assert first == second


def test_progress_comes_in_order_with_a_still_that_shows_the_mesh(tmp_path):
    video = write(tmp_path / "wide.mp4", [np.pad(face(), ((0, 0), (0, 344), (0, 0)))] * 8)
    calls = []
    pipeline.measure(video, tmp_path / "out", hook=lambda *args, still=None: calls.append((*args, still)))
    stages, done, totals, stills = zip(*calls, strict=True)
    assert set(stages) == {"measure"}
    assert list(done) == sorted(done)
    assert (done[-1], totals[-1]) == (8, 8)
    still = next(still for still in stills if still is not None)
    assert still.shape == (205, 480, 3)
    greenish = (still[..., 1].astype(int) - still[..., 0] > 60) & (still[..., 1].astype(int) - still[..., 2] > 20)
    rows, columns = np.nonzero(greenish)
    assert len(rows) > 200  # the points of the mesh
    assert (columns.mean(), rows.mean()) == pytest.approx((84, 60), abs=15)  # on the face


def test_stopping_keeps_the_former_result_and_leaves_nothing_behind(short, tmp_path):
    pipeline.analyze(short, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        pipeline.measure(short, tmp_path, should_stop=lambda: next(asked) >= 5)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_error_in_the_middle_leaves_nothing_behind(short, tmp_path):
    def broken(*args, **kwargs):
        raise RuntimeError("the listener broke")

    with pytest.raises(RuntimeError, match="the listener broke"):
        pipeline.measure(short, tmp_path / "out", hook=broken)
    assert list((tmp_path / "out").iterdir()) == []


def test_leftovers_of_a_killed_run_are_swept(short, tmp_path):
    (tmp_path / ".measuring-abc").mkdir()
    (tmp_path / ".measuring-abc" / "measurement.parquet").write_bytes(b"half")
    pipeline.measure(short, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_measuring_again_removes_results_that_no_longer_fit(short, tmp_path):
    pipeline.analyze(short, tmp_path)
    pipeline.measure(short, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_a_folder_that_cannot_be_written_is_a_sentence(short, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(AnalysisError, match="cannot be written"):
        pipeline.measure(short, tmp_path / "file")


def test_a_file_that_is_no_video_makes_no_folder(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"rubbish" * 99)
    with pytest.raises(MediaError):
        pipeline.measure(tmp_path / "a.mp4", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_models_it_says_what_to_do(short, tmp_path, monkeypatch):
    monkeypatch.setenv("FACSWEB_MODELS", str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match="python -m analysis models install"):
        pipeline.measure(short, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_interpreting_again_needs_no_video(tmp_path):
    video = write(tmp_path / "a.mp4", [face()] * 30)
    pipeline.analyze(video, tmp_path / "out")
    video.unlink()
    found = pipeline.interpret(tmp_path / "out", neutral_us=400_000)
    assert found.summary["neutral"]["method"] == "chosen"
    rows: pa.Table = pq.read_table(tmp_path / "out" / "signals.parquet")
    assert rows.num_rows == 30


def peak_mb(video: Path, out: Path) -> float:
    script = (
        "import resource, sys; from pathlib import Path; from analysis import pipeline;"
        "pipeline.measure(Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 1024))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(video), str(out)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="getrusage is missing here")
def test_memory_does_not_grow_with_the_length(tmp_path):
    # six times as many pictures; the pixels of those alone are 35 MB
    few = write(tmp_path / "few.mp4", [face(192)] * 64)
    many = write(tmp_path / "many.mp4", [face(192)] * 384)
    little, much = peak_mb(few, tmp_path / "a"), peak_mb(many, tmp_path / "b")
    assert much < 400
    assert much - little < 20


def test_times_are_exact_microseconds_of_the_container(tmp_path):
    ticks = [0, 3003, 6006, 9009, 12012, 15015]
    times = [round(Fraction(tick, 90_000) * 1_000_000) for tick in ticks]
    video = write(tmp_path / "ntsc.mp4", [face()] * 6, times_us=times)
    assert measured(video, tmp_path / "out")["time_us"].tolist() == [0, 33367, 66733, 100100, 133467, 166833]
