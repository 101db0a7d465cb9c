"""The picture without its sound is the same picture at the same times."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from analysis import media
from analysis.types import MediaError

RATE, FRAMES = 48_000, 30
#: Format, codec of picture and sound.
KINDS = {
    "webm, VP8": ("webm", "libvpx", "libopus"),
    "webm, VP9": ("webm", "libvpx-vp9", "libopus"),
    "mkv, pictures out of order": ("matroska", "libx264", "aac"),
    "transport stream": ("mpegts", "libx264", "aac"),
    "avi": ("avi", "mpeg4", "mp3"),
}


def with_a_tone(target, kind, *, late):
    """A clip of grey pictures with a tone; the picture begins ``late`` frames after the sound."""
    name, picture, sound = KINDS[kind]
    with av.open(str(target), "w", format=name) as output:
        video = output.add_stream(picture, rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = output.add_stream(sound, rate=RATE, layout="mono")
        packets = []
        for number in range(FRAMES):
            grey = np.full((120, 160, 3), 10 + 5 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number + late, Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        step, layout = (960, "flt") if sound == "libopus" else (1152 if sound == "mp3" else 1024, "fltp")
        tone = (0.3 * np.sin(np.arange(RATE) * 440 * 2 * np.pi / RATE)).astype(np.float32)
        for start in range(0, len(tone) - step, step):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + step], format=layout, layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), start
            packets += audio.encode(frame)
        packets += audio.encode(None)
        for packet in packets:
            output.mux(packet)


def pictures(path):
    return [(one.time_us, int(one.rgb.sum())) for one in media.frames(path)]


@pytest.mark.parametrize("late", [0, 5])
@pytest.mark.parametrize("kind", list(KINDS))
def test_pictures_of_every_format_keep_their_times(kind, late, tmp_path):
    """Matroska keeps no times of decoding; a transport stream says nothing of what its encoder puts first."""
    source, silent = tmp_path / "source", tmp_path / "silent"
    with_a_tone(source, kind, late=late)
    assert media.probe(source).audio is not None
    media.without_sound(source, silent)
    before = pictures(source)
    assert len(before) >= FRAMES - 1
    assert pictures(silent) == before
    with av.open(str(silent)) as container:
        heard = [
            frame.to_ndarray() for stream in container.streams.audio[:1] for frame in container.decode(stream)
        ]
    assert not any(np.abs(one).max(initial=0) > 0 for one in heard)


def test_pictures_keep_their_times(clip, tmp_path):
    silent = tmp_path / "silent"
    media.without_sound(clip, silent)
    before = [(one.time_us, int(one.rgb.sum())) for one in media.frames(clip)]
    after = [(one.time_us, int(one.rgb.sum())) for one in media.frames(silent)]
    assert len(before) == 250
    assert after == before
    assert media.probe(clip).audio is not None
    assert media.probe(silent).audio is None
    assert b"audqzx" not in silent.read_bytes(), "tags go with the sound"


def test_what_is_no_video_is_refused(tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"no video " * 1000)
    with pytest.raises(MediaError):
        media.without_sound(broken, tmp_path / "out")
