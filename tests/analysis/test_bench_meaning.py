"""What voice and words add to the face: recordings are repeated with sound and words, each part measured alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import bench_meaning, media
from analysis.bench_meaning import MeaningBench, Part
from analysis.cli import main
from analysis.text.reading import read
from tests.conftest import MEDIA, REPOSITORY

INTERVIEW = REPOSITORY / "facsweb" / "demo" / "interview.mp4"


def test_a_recording_is_repeated_with_its_sound_and_its_words(tmp_path):
    once = read(INTERVIEW.with_suffix(".vtt")).units
    seconds = bench_meaning._prepared(INTERVIEW, INTERVIEW.with_suffix(".vtt"), 2.5, tmp_path)
    assert seconds == 160
    found = media.probe(tmp_path / "recording.mp4")
    assert found.video is not None
    assert found.video.frames_estimate == 4000
    assert found.duration_us == pytest.approx(160e6, abs=2e5)
    said = read(tmp_path / "recording.vtt").units
    assert [unit.text for unit in said] == 2 * [unit.text for unit in once]
    assert said[len(once)].start_us == once[0].start_us + 80_000_000
    assert {unit.speaker for unit in said} == {"Interviewer", "Performer"}
    sound, end_us = _sound(tmp_path / "recording.mp4")
    assert sound
    assert end_us == pytest.approx(160e6, abs=2e5)


def _sound(path: Path) -> tuple[int, float]:
    import av

    with av.open(str(path)) as container:
        packets = [one for one in container.demux(container.streams.audio[0]) if one.pts is not None]
        return len(packets), float(1e6 * packets[-1].pts * packets[-1].time_base)


def test_a_part_is_measured_in_a_process_of_its_own():
    found = bench_meaning.bench(INTERVIEW, only=["words"])
    (part,) = found.parts
    assert part.name == "words"
    assert part.processor_s > 0
    assert 50 < part.peak_rss_mb < 2000
    assert found.sentences == len(read(INTERVIEW.with_suffix(".vtt")).units)
    assert 0 < found.sentence_ms < 1e3 * part.processor_s
    assert found.added == {}  # nothing to compare with


def test_the_share_is_of_the_face_alone():
    parts = (
        Part("face", 100.0, 120.0, 400.0),
        Part("voice", 10.0, 9.0, 250.0),
        Part("words", 2.0, 3.0, 300.0),
        Part("meaning", 50.0, 50.0, 300.0),
    )
    found = MeaningBench(10.0, 120, 0.5, parts, 4.0)
    assert found.added == pytest.approx({"clock": 0.12, "processor": 0.1})
    assert "add 10% to the face's processor time, 12% to its time" in found.table()


def test_what_is_missing_is_told(tmp_path, capsys):
    assert main(["bench", str(MEDIA / "d2_anger_4_7_23_sad_1_4_15_17.mp4"), "--meaning"]) == 1
    assert "no transcript" in capsys.readouterr().err
    words = tmp_path / "words.vtt"
    words.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nWell.\n")
    silent = str(MEDIA / "d2_anger_4_7_23_sad_1_4_15_17.mp4")
    assert main(["bench", silent, "--meaning", "--transcript", str(words)]) == 1
    assert "has no sound" in capsys.readouterr().err
