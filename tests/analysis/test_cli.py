"""The command line, run as people run it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.bench import _STAGES
from analysis.cli import main
from tests.analysis import clips
from tests.programs import PATIENCE_S, wait_until

pytestmark = pytest.mark.usefixtures("models")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "analysis", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    face = clips.astronaut()[:360]
    pictures = [np.ascontiguousarray(np.roll(face, i % 7, axis=1)) for i in range(50)]
    return clips.write(tmp_path_factory.mktemp("cli") / "clip.mp4", pictures)


@pytest.fixture(scope="module")
def analyzed(video, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("cli") / "made" / "results"
    return out, run("analyze", video, "--out", out)


def test_analyze_writes_the_three_files_and_shows_progress(analyzed):
    out, done = analyzed
    assert done.returncode == 0, done.stderr
    assert {"signals.parquet", "events.csv", "summary.json"} <= {path.name for path in out.iterdir()}
    assert "Measuring" in done.stderr
    assert "Measuring" not in done.stdout
    assert "Face 0" in done.stdout
    assert pq.read_table(out / "signals.parquet")["time_us"].to_pylist() == [i * 40_000 for i in range(50)]
    with (out / "events.csv").open() as stream:
        header = next(csv.reader(stream))
    assert header == [
        "code", "side", "intensity", "onset_us", "apex_us", "offset_us", "confidence", "face",
    ]  # fmt: skip


def test_json_is_for_machines(tmp_path):
    short = clips.write(tmp_path / "short.mp4", [clips.astronaut()[:360]] * 15)
    done = run("analyze", short, "--out", tmp_path / "out", "--json", "--max-faces", 1, "--neutral-us", 400_000)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["neutral"]["method"] == "chosen"
    assert abs(summary["neutral"]["time_us"] - 400_000) <= 40_000


def test_interpret_repeats_the_second_pass_without_the_video(analyzed):
    out, _ = analyzed
    before = (out / "measurement.parquet").stat().st_mtime_ns
    done = run("interpret", out, "--neutral-us", 800_000, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["neutral"]["method"] == "chosen"
    assert (out / "measurement.parquet").stat().st_mtime_ns == before


def test_probe(video):
    assert "h264" in run("probe", video).stdout
    found = json.loads(run("probe", video, "--json").stdout)
    assert found["video"]["width"] == 512
    assert found["playable_in_browser"] is True


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["analyze", "x.mp4"],
        ["analyze", "x.mp4", "--out", "o", "--max-faces", "0"],
        ["analyze", "x.mp4", "--out", "o", "--neutral-us", "soon"],
        ["bench", "x.mp4", "--scale", "wide"],
        ["models"],
    ],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_wrong_usage_is_the_exit_code_of_the_process():
    done = run("sing")
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_done_is_1_with_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *args: None)  # the handlers of this process stay
    (tmp_path / "text.mp4").write_text("no video")
    raw = clips.write(tmp_path / "no_times.h264", clips.numbered(5), format_="h264")
    for arguments in (
        ("bench", raw, "--minutes", "1", "--json"),
        ("analyze", tmp_path / "text.mp4", "--out", tmp_path / "out"),
        ("analyze", tmp_path / "missing.mp4", "--out", tmp_path / "out"),
        ("probe", tmp_path / "text.mp4"),
        ("interpret", tmp_path),
        ("bench", tmp_path / "text.mp4", "--json"),
    ):
        assert main([str(argument) for argument in arguments]) == 1, arguments
        said = capsys.readouterr()
        assert said.err.startswith("Error: ")
        assert said.err.count("\n") == 1
        assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_missing_models_are_one_sentence(video, tmp_path):
    done = run("analyze", video, "--out", tmp_path / "out", "--json", FACSWEB_MODELS=str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "python -m analysis models install" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture(scope="module")
def long(video) -> Path:
    """The clip twelve times in a row."""
    return clips.repeat(video, 12, video.with_name("long.mp4"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_is_clean(long, tmp_path, number):
    command = [sys.executable, "-m", "analysis", "analyze", str(long), "--out", str(tmp_path / "out")]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: bool(list((tmp_path / "out").glob(".measuring-*/*"))), what="it measures")
    started.send_signal(number)
    _, errors = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130
    assert "Stopped." in errors
    assert "Traceback" not in errors
    assert list((tmp_path / "out").iterdir()) == []


def test_bench_says_how_fast_and_how_much(video, tmp_path):
    done = run("bench", video, "--json", "--one-core", "--minutes", "0.05")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["frames"] >= 75  # three seconds of a clip of two
    assert found["faces"] == 1
    assert found["frames_per_s"] > 0
    assert 0 < found["cores_used"] <= 1.05
    assert found["frames_per_cpu_s"] * found["cores_used"] == pytest.approx(found["frames_per_s"])
    assert 50 < found["peak_rss_mb"] < 400
    assert set(found["ms_per_frame"]) == {*_STAGES, "other"}
    assert sum(found["ms_per_frame"].values()) == pytest.approx(1000 / found["frames_per_cpu_s"])
    short = clips.write(tmp_path / "short.mp4", [clips.astronaut()[:360]] * 5)
    text = run("bench", short, "--scale", "640x360").stdout
    assert "640 × 360" in text
    assert "frames/s all in" in text


def test_models_commands():
    for arguments in (("models", "install"), ("models", "list"), ("models", "verify")):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert run("models", "install", "--quiet").stdout == ""
    assert json.loads(run("models", "install", "--json").stdout)["made"] == []
    assert (
        max(json.loads(run("models", "verify", "--json").stdout)["largest_difference_from_reference"].values())
        < 5e-4
    )
