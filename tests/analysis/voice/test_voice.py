"""From a file to results: the clock, gaps, channels, what is written, what is read back, and the command."""

import json
from fractions import Fraction

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.signal import resample_poly

from analysis import cli
from analysis.training.voice_signals import speech
from analysis.training.voice_table import heard
from analysis.types import AnalysisError, Cancelled, MediaError
from analysis.voice.audio import RATE, blocks, mono
from analysis.voice.pipeline import analyse_voice, described, read_pitch, read_voice
from analysis.voice.speakers import Mark
from analysis.voice.store import COLUMNS
from tests.analysis import clips

GREY = [np.full((64, 64, 3), 128, np.uint8)] * 5


def pcm(path, sound, starts, *, channels=1, rate=16_000, picture_us=0):
    """A Matroska file with uncompressed sound in pieces that begin at the given times (µs)."""
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), "w", format="matroska") as output:
        video = output.add_stream("libx264", rate=25)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = output.add_stream("pcm_s16le", rate=rate)
        audio.layout = layout
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(GREY[0], format="rgb24")
            frame.pts, frame.time_base = number * 40 + picture_us // 1000, Fraction(1, 1000)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for piece, start in zip(sound, starts, strict=True):
            whole = (np.clip(np.atleast_2d(piece), -1, 1) * 32767).astype(np.int16)
            for at in range(0, whole.shape[1], 1600):
                part = np.ascontiguousarray(whole[:, at : at + 1600].T.reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
                frame.sample_rate = rate
                frame.pts, frame.time_base = start * rate // 1_000_000 + at, Fraction(1, rate)
                output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path


def whole(path):
    return np.concatenate(list(blocks(path)), axis=1)


def test_sound_lies_on_the_browsers_clock(tmp_path):
    click = np.zeros(48_000, np.float32)
    click[24_000:24_100] = 0.9
    for offset in (0, 300_000):
        path = clips.write(tmp_path / f"{offset}.mp4", GREY, sound=click, sound_offset_us=offset)
        at = int(np.abs(mono(whole(path))).argmax()) / RATE
        assert at == pytest.approx(0.5 + offset / 1e6, abs=0.01)


def test_the_earlier_of_picture_and_sound_is_zero(tmp_path):
    click = np.zeros(8000, np.float32)
    click[4000:4030] = 0.9
    path = pcm(tmp_path / "late.mkv", [click], [700_000], picture_us=700_000)
    assert np.abs(whole(path)[0]).argmax() / RATE == pytest.approx(0.25, abs=0.01)


def test_gaps_are_silence(tmp_path):
    tone = np.full(16_000, 0.5, np.float32)
    found = whole(pcm(tmp_path / "gap.mkv", [tone, tone], [0, 12_500_000]))[0]
    assert len(found) == pytest.approx(13.5 * RATE, abs=400)
    assert np.abs(found[17_000 : 12 * RATE]).max() == 0
    assert found[13 * RATE] == pytest.approx(0.5, abs=0.01)


def test_blocks_are_bounded_and_finite(tmp_path):
    path = pcm(tmp_path / "far.mkv", [np.full(1600, 0.5, np.float32)] * 2, [0, 65_000_000])
    pieces = list(blocks(path))
    assert max(piece.shape[1] for piece in pieces) <= 10 * RATE
    assert len(pieces) == 7
    assert all(piece.dtype == np.float32 and np.isfinite(piece).all() for piece in pieces)


def test_channels_stay_apart_and_do_not_cancel(tmp_path):
    t = np.arange(RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 200 * t).astype(np.float32)
    path = pcm(tmp_path / "wrong_way.mkv", [np.stack([tone, -tone])], [0], channels=2)
    found = whole(path)
    assert found.shape[0] == 2
    assert np.abs(mono(found)).max() > 0.4
    both = np.stack([tone, np.zeros_like(tone)])
    assert np.abs(mono(both)).max() == pytest.approx(0.25, abs=0.01)


def test_sound_that_changes_on_the_way(tmp_path):
    """Joined transport streams: first mono, then stereo at another rate."""
    t = np.arange(RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)
    parts = []
    for number, (channels, rate) in enumerate([("mono", 48_000), ("stereo", 44_100)]):
        path = tmp_path / f"{number}.ts"
        with av.open(str(path), "w", format="mpegts") as output:
            video = output.add_stream("mpeg2video", rate=25)
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            audio = output.add_stream("mp2", rate=rate)
            audio.layout = channels
            for at in range(25):
                frame = av.VideoFrame.from_ndarray(GREY[0], format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number * 25 + at, Fraction(1, 25)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
            sound = resample_poly(tone, rate, RATE)
            whole_sound = np.tile((sound * 32767).astype(np.int16), (2 if channels == "stereo" else 1, 1))
            for at in range(0, whole_sound.shape[1] - 1151, 1152):
                part = np.ascontiguousarray(whole_sound[:, at : at + 1152].T.reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(part, format="s16", layout=channels)
                frame.sample_rate = rate
                frame.pts, frame.time_base = number * rate + at, Fraction(1, rate)
                output.mux(audio.encode(frame))
            output.mux(audio.encode(None))
        parts.append(path.read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    found = mono(whole(path))
    assert len(found) / RATE == pytest.approx(2, abs=0.15)
    for second in (0.4, 1.6):
        piece = found[int(second * RATE) : int((second + 0.2) * RATE)]
        assert 0.3 < np.sqrt(np.mean(np.square(piece))) < 0.55  # FFmpeg mixes two to one 3 dB louder


@pytest.mark.parametrize("samples", [1, 100, 700])
def test_a_blink_of_sound(samples):
    found = described(heard(np.full(samples, 0.1, np.float32)))
    assert found.sound
    assert found.segments == ()
    assert "No speech" in found.warnings[0]


def test_damage_is_left_out(tmp_path):
    sound = resample_poly(speech(4, seed=1).sound, 3, 1).astype(np.float32)
    path = clips.write(tmp_path / "whole.mp4", GREY, sound=sound)
    data = bytearray(path.read_bytes())
    place = data.find(b"mdat") + 5000
    assert data.find(b"moov") > place + 400  # sound is hurt, not the directory
    data[place : place + 400] = bytes(400)
    (tmp_path / "hurt.mp4").write_bytes(data)
    found = whole(tmp_path / "hurt.mp4")
    assert found.shape[1] / RATE == pytest.approx(4, abs=0.2)
    assert np.isfinite(found).all()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A recording of 26 s with its results."""
    folder = tmp_path_factory.mktemp("voice")
    made = speech(26, pitch_hz=140, seed=5, pause_s=0.4)
    path = pcm(folder / "talk.mkv", [made.sound], [0])
    told = []
    found = analyse_voice(path, folder / "out", hook=lambda *stage, still=None: told.append(stage))
    return folder, made, found, told


def test_what_is_found(spoken):
    _, made, found, told = spoken
    assert found.sound
    assert found.seconds == pytest.approx(26, abs=0.1)
    assert len(found.segments) == len(made.silences) - 2
    assert len(found.pauses) == len(found.segments) - 1
    windows = found.windows
    assert np.nanmedian(windows["pitch_hz"]) == pytest.approx(140, rel=0.06)
    assert np.nanmedian(windows["rate_per_s"]) == pytest.approx(4, rel=0.15)
    assert np.nanmedian(windows["pitch_semitones"]) == pytest.approx(0, abs=0.3)
    assert (windows["end_us"] - windows["start_us"]).max() == 2_000_000
    assert set(np.diff(windows["start_us"])) == {1_000_000}
    assert np.isfinite(windows["arousal"]).mean() > 0.8
    assert found.baseline["1"]["usual"]["pitch_hz"]["windows"] >= 20
    assert told[-1][:2] == ("voice", 25) or told[-1][:2] == ("voice", 26)
    assert any("one microphone" in warning for warning in found.warnings)


def test_what_is_written_is_what_is_read(spoken):
    folder, _, found, _ = spoken
    out = folder / "out"
    assert sorted(path.name for path in out.iterdir()) == ["pitch.parquet", "voice.json", "voice.parquet"]
    assert pq.read_schema(out / "voice.parquet").names == list(COLUMNS)
    again = read_voice(out)
    assert again.segments == found.segments
    assert again.pauses == found.pauses
    assert again.warnings == found.warnings
    for name in COLUMNS:
        if name == "speaker":
            assert list(again.windows[name]) == list(found.windows[name])
        else:
            assert np.array_equal(again.windows[name], found.windows[name], equal_nan=True), name
    assert again.speech() == [(a, b) for a, b, _ in found.segments] == again.speech("1")
    assert again.speech("2") == []
    told = json.loads((out / "voice.json").read_text())
    assert set(told["segments"][0]) == {"start_us", "end_us", "speaker"}
    times, pitch, voicing = read_pitch(out)
    assert set(np.diff(times)) == {16_000}
    assert np.isnan(pitch[voicing < 0.5]).all()
    assert np.nanmin(pitch) >= 55


def test_silent_stretches_hold_no_pitch_and_no_windows(spoken):
    folder, made, found, _ = spoken
    times, pitch, _ = read_pitch(folder / "out")
    quiet = np.zeros(len(times), bool)
    for start, end in made.silences:
        quiet |= (times > (start + 0.06) * 1e6) & (times < (end - 0.06) * 1e6)
    assert np.isfinite(pitch[quiet]).mean() < 0.03
    assert np.nanmin(found.windows["speech_share"]) > 0


def test_marks_by_hand_give_each_speaker_a_baseline(spoken):
    _, made, _, _ = spoken
    given = [Mark(0, 5_000_000, "Anna"), Mark(5_000_000, 30_000_000, "Ben")]
    found = described(heard(made.sound[: 9 * RATE]), given)
    assert (found.method, found.speakers) == ("hand", ("Anna", "Ben"))
    assert set(found.windows["speaker"]) == {"Anna", "Ben"}
    assert not found.baseline["Ben"]["usual"]
    ben = found.windows["speaker"] == "Ben"
    for name in ("pitch_semitones", "loudness_db", "arousal"):
        assert np.isnan(found.windows[name][ben]).all()
    assert np.isfinite(found.windows["pitch_hz"][ben]).any()
    assert any("of speech of speaker" in warning and "Ben" in warning for warning in found.warnings)


def test_without_sound(tmp_path):
    path = clips.write(tmp_path / "mute.mp4", GREY)
    found = analyse_voice(path, tmp_path / "out")
    assert not found.sound
    again = read_voice(tmp_path / "out")
    assert not again.sound
    assert "no sound" in again.warnings[0]
    assert len(again.windows["start_us"]) == 0
    assert len(read_pitch(tmp_path / "out")[0]) == 0


def test_a_file_that_is_no_recording(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_text("no video")
    with pytest.raises(MediaError):
        analyse_voice(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_stopping_writes_nothing(spoken, tmp_path):
    folder, *_ = spoken
    with pytest.raises(Cancelled):
        analyse_voice(folder / "talk.mkv", tmp_path / "out", should_stop=lambda: True)
    assert not (tmp_path / "out").exists()


def test_reading_what_is_not_there_or_damaged(spoken, tmp_path):
    folder, *_ = spoken
    assert read_voice(tmp_path) is None
    assert read_pitch(tmp_path) is None
    (tmp_path / "voice.json").write_text("{}")
    (tmp_path / "voice.parquet").write_bytes((folder / "out" / "voice.parquet").read_bytes())
    with pytest.raises(AnalysisError, match="damaged"):
        read_voice(tmp_path)


def test_the_command(tmp_path, capsys):
    talk = pcm(tmp_path / "talk.mkv", [speech(5, seed=3).sound], [0])
    who = tmp_path / "who.json"
    who.write_text(json.dumps([{"start_us": 0, "end_us": 26_000_000, "speaker": "Anna"}]))
    out = tmp_path / "out"
    assert cli.main(["voice", str(talk), "--out", str(out), "--speakers", str(who)]) == 0
    said = capsys.readouterr().out
    assert "Speaker Anna" in said
    assert "no baseline" in said
    mute = clips.write(tmp_path / "mute.mp4", GREY)
    assert cli.main(["voice", str(mute), "--out", str(tmp_path / "mute"), "--json"]) == 1
    assert "no sound" in capsys.readouterr().err
