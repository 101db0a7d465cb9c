"""The first pass: what it stores, that it streams, stops, dies cleanly and repeats itself exactly."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import measuring, media, pipeline
from analysis.bench import _STAGES
from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.measurement import VALUE_COLUMNS
from analysis.scoring.code import CODE_COLUMNS
from analysis.types import AnalysisError, Cancelled, MediaError, Rgb
from tests.analysed import demonstration
from tests.analysis import clips

pytestmark = pytest.mark.usefixtures("models")


def photograph(shift: int = 0) -> Rgb:
    """The photographed face, moved sideways by some pixels."""
    return np.ascontiguousarray(np.roll(clips.astronaut(), shift, axis=1)[:360])


def faces_and_gap(tmp_path: Path) -> Path:
    """Ten pictures of a face, six of nothing, ten of the face; uneven times."""
    blank = np.zeros_like(photograph())
    pictures = [photograph(i) for i in range(10)] + [blank] * 6 + [photograph(i) for i in range(10)]
    times = np.cumsum([0, *([40_000, 33_000, 47_000] * 9)])[: len(pictures)].tolist()
    return clips.write(tmp_path / "gap.mp4", pictures, times_us=times, keyframes=1)


def table(folder: Path) -> dict[str, np.ndarray]:
    found = pq.read_table(folder / pipeline.PARQUET)
    return {name: found[name].to_numpy() for name in found.column_names}


def test_every_frame_has_a_row_and_gaps_are_gaps(tmp_path):
    video = faces_and_gap(tmp_path)
    result = pipeline.measure(video, tmp_path / "out")
    rows = table(tmp_path / "out")
    assert list(rows) == ["frame", "time_us", "face", "track", *VALUE_COLUMNS, *CODE_COLUMNS]
    assert rows["frame"].tolist() == list(range(26))
    assert rows["time_us"].tolist() == [frame.time_us for frame in media.frames(video)]
    assert rows["face"].tolist() == [0] * 10 + [-1] * 6 + [0] * 10
    absent = rows["face"] < 0
    for name in VALUE_COLUMNS:
        assert rows[name].dtype == np.float32
        assert np.isnan(rows[name][absent]).all()
    for name in ("presence", "box_x", "yaw_deg", *GEOMETRY_COLUMNS[:5], *TEXTURE_COLUMNS[:5]):
        assert np.isfinite(rows[name][~absent]).all()
    assert (rows["box_w"][~absent] > 60).all()
    assert (result.frames, result.faces, result.skipped_packets) == (26, 1, 0)
    assert set(result.seconds) == set(_STAGES)
    about = json.loads((tmp_path / "out" / pipeline.ABOUT).read_text())
    assert about["video"]["frames"] == 26
    assert [model["id"] for model in about["models"]]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [pipeline.ABOUT, pipeline.PARQUET]


def test_several_faces_have_their_own_rows(tmp_path):
    face = clips.astronaut()[10:234, 110:334]
    crowd = np.ascontiguousarray(np.tile(face, (1, 3, 1)))
    video = clips.write(tmp_path / "crowd.mp4", [crowd] * 10)
    assert pipeline.measure(video, tmp_path / "out").faces == 3
    rows = table(tmp_path / "out")
    assert rows["face"].reshape(10, 3).tolist() == [[0, 1, 2]] * 10
    places = rows["box_x"].reshape(10, 3) + rows["box_w"].reshape(10, 3) / 2
    assert sorted((places.mean(axis=0) // 224).tolist()) == [0, 1, 2]
    assert places.std(axis=0).max() < 3
    assert pipeline.measure(video, tmp_path / "one", max_faces=1).faces == 1


def test_a_face_of_two_frames_in_a_long_recording_is_noise(tmp_path):
    blank = np.zeros_like(photograph())
    video = clips.write(tmp_path / "flash.mp4", [blank] * 8 + [photograph()] * 2 + [blank] * 8, keyframes=1)
    assert pipeline.measure(video, tmp_path / "out").faces == 0
    assert table(tmp_path / "out")["face"].tolist() == [-1] * 18


def test_a_recording_of_one_picture_is_measured(tmp_path):
    video = clips.write(tmp_path / "one.mp4", [photograph()])
    assert pipeline.measure(video, tmp_path / "out").faces == 1
    assert table(tmp_path / "out")["face"].tolist() == [0]


def test_no_face_at_all_is_a_result(tmp_path):
    video = clips.write(tmp_path / "empty.mp4", clips.numbered(20, 320, 240))
    assert pipeline.measure(video, tmp_path / "out").faces == 0
    assert table(tmp_path / "out")["face"].tolist() == [-1] * 20
    assert pipeline.interpret(tmp_path / "out").faces == {}


def test_a_turned_recording_gives_what_the_upright_one_gives(tmp_path):
    upright = [photograph(i) for i in range(8)]
    clips.write(tmp_path / "upright.mp4", upright)
    turned = clips.write(tmp_path / "turned.mp4", [np.ascontiguousarray(np.rot90(p)) for p in upright])
    clips.set_display_matrix(turned, (0, 1, -1, 0))
    pipeline.measure(tmp_path / "upright.mp4", tmp_path / "a")
    pipeline.measure(turned, tmp_path / "b")
    first, second = table(tmp_path / "a"), table(tmp_path / "b")
    assert first["face"].tolist() == second["face"].tolist() == [0] * 8
    for name in ("box_x", "box_y", "box_w", "box_h"):
        assert np.abs(first[name] - second[name]).max() < 3
    for name in ("yaw_deg", "pitch_deg", "roll_deg"):
        assert np.abs(first[name] - second[name]).max() < 3


def test_the_same_video_gives_the_same_bytes(tmp_path):
    video = faces_and_gap(tmp_path)

    def slow(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        time.sleep(0.02)  # a busy machine

    pipeline.measure(video, tmp_path / "a")
    pipeline.measure(video, tmp_path / "b", hook=slow)
    for name in (pipeline.PARQUET, pipeline.ABOUT):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_progress_is_rare_and_shows_the_mesh(tmp_path, monkeypatch):
    ticks = iter(np.arange(0, 1000, 0.11).tolist())
    report = measuring.Report.__init__
    monkeypatch.setattr(
        measuring.Report, "__init__", lambda self, hook, total: report(self, hook, total, lambda: next(ticks))
    )
    seen: list[tuple[str, int, int | None, Rgb | None]] = []

    def hook(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        seen.append((stage, done, total, still))

    video = clips.write(tmp_path / "long.mp4", [photograph(i % 5) for i in range(60)])
    pipeline.measure(video, tmp_path / "out", hook=hook)
    assert {stage for stage, *_ in seen} == {"measure"}
    done = [done for _, done, _, _ in seen]
    assert done == sorted(done)
    assert seen[-1][1:3] == (60, 60)
    assert 60 * 0.11 / 0.2 * 0.7 < len(seen) < 60 * 0.11 / 0.2 + 3
    stills = [still for *_, still in seen if still is not None]
    assert 2 <= len(stills) <= 4
    assert stills[0].shape[1] == 480
    assert stills[0].dtype == np.uint8
    green = (np.abs(stills[0].astype(int) - measuring.MESH_COLOUR).sum(axis=2) < 60).sum()
    assert green > 200


def test_cancelling_takes_effect_at_the_next_frame_and_leaves_nothing(tmp_path):
    video = clips.write(tmp_path / "long.mp4", [photograph(i % 5) for i in range(60)])
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    with pytest.raises(Cancelled):
        pipeline.analyze(video, tmp_path / "out", should_stop=should_stop)
    assert asked == 11
    assert list((tmp_path / "out").iterdir()) == []


def test_a_hook_may_stop_the_work_by_raising(tmp_path):
    def hook(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        raise Cancelled("enough")

    video = clips.write(tmp_path / "clip.mp4", [photograph()] * 3)
    with pytest.raises(Cancelled, match="enough"):
        pipeline.measure(video, tmp_path / "out", hook=hook)
    assert list((tmp_path / "out").iterdir()) == []


_ENDLESS = """
import sys
from pathlib import Path
from analysis import pipeline
def hook(stage, done, total, *, still=None):
    print(done, flush=True)
    import time; time.sleep(30)
pipeline.measure(Path(sys.argv[1]), Path(sys.argv[2]), hook=hook)
"""


def test_a_killed_run_leaves_nothing_that_looks_finished_and_the_next_one_sweeps(tmp_path):
    video = clips.write(tmp_path / "clip.mp4", [photograph(i) for i in range(8)])
    run = subprocess.Popen([sys.executable, "-c", _ENDLESS, video, tmp_path / "out"], stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline()
    run.kill()
    run.wait()
    run.stdout.close()
    assert list((tmp_path / "out").glob(".measuring-*"))
    assert not (tmp_path / "out" / pipeline.ABOUT).exists()
    with pytest.raises(AnalysisError):
        pipeline.interpret(tmp_path / "out")
    pipeline.measure(video, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [pipeline.ABOUT, pipeline.PARQUET]


def test_results_of_another_video_do_not_stay_beside_new_ones(tmp_path):
    pipeline.analyze(clips.write(tmp_path / "a.mp4", [photograph()] * 5), tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").exists()
    pipeline.measure(clips.write(tmp_path / "b.mp4", clips.numbered(5)), tmp_path / "out")
    assert not (tmp_path / "out" / "summary.json").exists()


def test_a_failed_run_keeps_the_earlier_results(tmp_path):
    pipeline.analyze(clips.write(tmp_path / "a.mp4", [photograph()] * 5), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(MediaError):
        pipeline.measure(tmp_path / "bad.mp4", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path):
    video = clips.write(tmp_path / "clip.mp4", [photograph()])
    (tmp_path / "out").write_text("a file")
    with pytest.raises(AnalysisError, match="cannot be written"):
        pipeline.measure(video, tmp_path / "out")


#: Pictures done and the largest memory so far, at every picture and at the end.
_PEAK = """
import sys
from pathlib import Path
from analysis import bench, measuring
measuring._REPORT_S = 0.0
def hook(stage, done, total, *, still=None):
    print(done, bench.peak_rss_mb())
found = bench.bench(Path(sys.argv[1]), minutes=float(sys.argv[2]), hook=hook)
print(found.frames, found.peak_rss_mb)
"""


def test_memory_does_not_grow_with_the_recording(tmp_path):
    # Small pictures, few frames a second: a long recording in little time.
    face = photograph()[::2, ::2]
    pictures = [np.ascontiguousarray(np.roll(face, i, axis=1)) for i in range(10)]
    video = clips.write(tmp_path / "short.mp4", pictures, times_us=[i * 100_000 for i in range(10)])
    run = subprocess.run([sys.executable, "-c", _PEAK, video, "1.5"], capture_output=True, text=True, check=True)
    told = [(int(frames), float(peak)) for frames, peak in (line.split() for line in run.stdout.splitlines())]
    short_frames, short = next(one for one in told if one[0] > 50)
    long_frames, long = told[-1]
    assert long_frames > 10 * short_frames > 500
    assert long < 400
    assert long - short < 25, f"{short:.0f} MB for {short_frames} frames, {long:.0f} MB for {long_frames}"


_HOLES = """
import sys
import numpy as np
from pathlib import Path
from analysis.memory import return_large_blocks
if sys.argv[1] == "return":
    assert return_large_blocks()
np.ones(1_000_000, np.uint8)  # freed at once: from here on glibc's own threshold is higher
kept, pictures = [], []
for _ in range(100):
    pictures.append(np.ones(900_000, np.uint8))
    kept.append(np.ones(50_000, np.uint8))
pictures.clear()
print(int(Path("/proc/self/statm").read_text().split()[1]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library has no mallopt")
def test_freed_pictures_leave_no_holes():
    left, returned = (
        int(subprocess.run([sys.executable, "-c", _HOLES, how], capture_output=True, text=True, check=True).stdout)
        for how in ("leave", "return")
    )
    assert (left - returned) * os.sysconf("SC_PAGE_SIZE") > 60e6  # of the 90 MB that were freed


def test_the_demonstration_clip_is_one_face_from_beginning_to_end():
    found = demonstration("d1")
    assert json.loads((found / pipeline.ABOUT).read_text())["video"]["frames"] == 250
    rows = table(found)
    assert rows["face"].tolist() == [0] * 250
    assert np.array_equal(rows["time_us"], np.arange(250) * 40_000)
    assert (rows["presence"] > 0.9).all()
