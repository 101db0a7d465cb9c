"""Probing, decoding and converting recordings of every kind that people upload."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from analysis import media
from analysis.types import Cancelled, MediaError
from tests.analysis import clips

TONE = (0.2 * np.sin(np.arange(96_000) * 2 * np.pi * 440 / 48_000)).astype(np.float32)
UNEVEN_US = [0, 33_000, 66_000, 140_000, 155_000, 400_000, 1_100_000, 1_133_000]


def times(path: Path, **limits: int) -> list[int]:
    return [frame.time_us for frame in media.frames(path, **limits)]


def test_a_plain_mp4_is_described_as_it_is(tmp_path):
    path = clips.write(tmp_path / "plain.mp4", clips.numbered(50), sound=TONE)
    info = media.probe(path)
    assert (info.container, info.playable_in_browser) == ("mp4", True)
    assert info.size_bytes == path.stat().st_size
    assert info.duration_us == pytest.approx(2_000_000, abs=60_000)
    assert info.video == media.VideoStream("h264", "yuv420p", 160, 120, 0, pytest.approx(25, abs=0.5), 50)
    assert info.audio == media.AudioStream("aac", 48_000, 1)
    assert times(path) == [i * 40_000 for i in range(50)]


def test_content_decides_not_the_name(tmp_path):
    clips.write(tmp_path / "clip.webm", clips.numbered(10), codec="libvpx-vp9")
    renamed = (tmp_path / "clip.webm").rename(tmp_path / "clip.mp4")
    info = media.probe(renamed)
    assert (info.container, info.video.codec, info.playable_in_browser) == ("webm", "vp9", True)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "container", "playable"),
    [
        ("clip.mkv", "libx264", "yuv420p", "matroska", False),
        ("clip.mov", "libx264", "yuv420p", "mov", False),
        ("clip.mp4", "libx264", "yuv444p", "mp4", False),
        ("clip.mp4", "libx264", "yuv420p10le", "mp4", False),
        ("clip.mp4", "mpeg4", "yuv420p", "mp4", False),
        ("clip.webm", "libvpx", "yuv420p", "webm", True),
        ("clip.gif", "gif", "rgb8", "gif", False),
        ("clip.avi", "mpeg4", "yuv420p", "avi", False),
        ("clip.ts", "libx264", "yuv420p", "mpegts", False),
    ],
)
def test_every_container_gives_pictures_and_a_playable_copy(tmp_path, name, codec, pix_fmt, container, playable):
    path = clips.write(tmp_path / name, clips.numbered(12), codec=codec, pix_fmt=pix_fmt)
    info = media.probe(path)
    assert (info.container, info.playable_in_browser) == (container, playable)
    original = times(path)
    assert len(original) == 12
    assert original[0] == pytest.approx(0, abs=1_000)
    assert np.diff(original) == pytest.approx(40_000, abs=1_000)
    media.make_proxy(path, tmp_path / "copy.mp4")
    assert media.probe(tmp_path / "copy.mp4").playable_in_browser
    assert times(tmp_path / "copy.mp4") == pytest.approx(original, abs=1_000)


def test_pictures_come_in_order_and_whole(tmp_path):
    pictures = clips.numbered(20)
    path = clips.write(tmp_path / "clip.mp4", pictures)
    for frame, picture in zip(media.frames(path), pictures, strict=True):
        assert frame.rgb.shape == (120, 160, 3)
        assert frame.rgb.dtype == np.uint8
        assert np.abs(frame.rgb.astype(int) - picture).mean() < 6


def test_variable_frame_rate_keeps_its_times_and_the_copy_has_the_same(tmp_path):
    path = clips.write(tmp_path / "uneven.mp4", clips.numbered(8), times_us=UNEVEN_US)
    assert times(path) == pytest.approx(UNEVEN_US, abs=12)
    media.make_proxy(path, tmp_path / "copy.mp4")
    assert times(tmp_path / "copy.mp4") == pytest.approx(UNEVEN_US, abs=1_000)


@pytest.mark.parametrize(("sound_us", "picture_us"), [(300_000, 0), (0, 300_000), (500_000, 500_000)])
def test_offset_of_the_sound_survives_the_copy(tmp_path, sound_us, picture_us):
    path = clips.write(
        tmp_path / "offset.mkv",
        clips.numbered(25),
        sound=TONE,
        sound_offset_us=sound_us,
        picture_offset_us=picture_us,
    )
    original = times(path)
    # The clock starts with whatever comes first; Matroska counts milliseconds, and AAC starts 21 ms early.
    assert original[0] == pytest.approx(picture_us - min(picture_us, sound_us), abs=23_000)
    media.make_proxy(path, tmp_path / "copy.mp4")
    assert times(tmp_path / "copy.mp4") == pytest.approx(original, abs=1_000)
    before, after = (_tone_starts(name) for name in (path, tmp_path / "copy.mp4"))
    assert after - before == pytest.approx(0, abs=0.005)


def _tone_starts(path: Path) -> float:
    """When the tone is heard first, in seconds before (−) or after the first picture."""
    with av.open(str(path)) as source:
        base, first = None, None
        for packet in source.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    first = frame.time if first is None else first
                elif base is None:
                    loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.05)
                    if len(loud):
                        base = frame.time + loud[0] / frame.sample_rate
    assert base is not None
    assert first is not None
    return base - first


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [((0, 1, -1, 0), 90), ((-1, 0, 0, -1), 180), ((0, -1, 1, 0), 270)],
)
def test_rotation_is_applied(tmp_path, matrix, degrees):
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:32, :32] = (250, 20, 20)  # red: top left of what a person should see
    upright[64:, 32:] = (20, 20, 250)
    stored = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    path = clips.write(tmp_path / "phone.mp4", [stored] * 5)
    clips.set_display_matrix(path, matrix)
    info = media.probe(path)
    assert info.video.rotation_deg == degrees
    assert (info.video.width, info.video.height) == (64, 96)
    for source in (path, tmp_path / "copy.mp4"):
        if source != path:
            media.make_proxy(path, source)
        rgb = next(media.frames(source)).rgb
        assert rgb.shape == (96, 64, 3)
        assert rgb[16, 16, 0] > 180
        assert rgb[80, 48, 2] > 180
        assert rgb[80, 16].max() < 60


def test_mirrored_pictures_are_shown_as_meant_and_get_a_copy(tmp_path):
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :32] = 230
    path = clips.write(tmp_path / "selfie.mp4", [picture] * 3)
    clips.set_display_matrix(path, (-1, 0, 0, 1))
    rgb = next(media.frames(path)).rgb
    assert rgb[32, 80].min() > 180
    assert rgb[32, 16].max() < 60
    assert not media.probe(path).playable_in_browser


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 180, 144, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(16, 15)
        frame = av.VideoFrame.from_ndarray(np.zeros((144, 180, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(frame.reformat(format="yuv420p")))
        output.mux(stream.encode(None))
    assert media.probe(path).video.width == 192
    assert next(media.frames(path)).rgb.shape == (144, 192, 3)


def test_odd_sizes_are_read_and_copied(tmp_path):
    pictures = [np.full((61, 83, 3), 128, np.uint8)] * 4
    path = clips.write(tmp_path / "odd.gif", pictures, codec="gif", pix_fmt="rgb8")
    assert next(media.frames(path)).rgb.shape == (61, 83, 3)
    media.make_proxy(path, tmp_path / "copy.mp4")
    info = media.probe(tmp_path / "copy.mp4")
    assert (info.video.width % 2, info.video.height % 2) == (0, 0)


def test_wide_recordings_are_scaled_down_for_the_browser(tmp_path):
    path = clips.write(tmp_path / "wide.mkv", clips.numbered(3, 1600, 900))
    media.make_proxy(path, tmp_path / "copy.mp4")
    info = media.probe(tmp_path / "copy.mp4")
    assert (info.video.width, info.video.height) == (1280, 720)


def test_the_copy_starts_fast_and_has_a_keyframe_twice_a_second(tmp_path):
    path = clips.write(tmp_path / "clip.mkv", clips.numbered(75), keyframes=1000)
    media.make_proxy(path, tmp_path / "copy.mp4")
    data = (tmp_path / "copy.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "copy.mp4")) as source:
        keys = [float(p.pts * p.time_base) for p in source.demux(video=0) if p.is_keyframe and p.pts is not None]
    assert len(keys) >= 6
    assert max(np.diff(keys)) <= 0.561


def test_a_part_of_a_recording(tmp_path):
    path = clips.write(tmp_path / "clip.mp4", clips.numbered(50))
    assert times(path, start_us=800_000, end_us=1_000_000) == [800_000, 840_000, 880_000, 920_000, 960_000]
    assert times(path, start_us=5_000_000) == []
    assert [frame.index for frame in media.frames(path, start_us=1_900_000)] == [0, 1]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts", "clip.mkv"])
def test_still_is_what_the_screen_shows(tmp_path, name):
    pictures = clips.numbered(30)
    path = clips.write(tmp_path / name, pictures, keyframes=8)
    for time_us, index in ((0, 0), (39_000, 0), (41_000, 1), (700_000, 17), (60_000_000, 29)):
        found = media.still(path, time_us).astype(int)
        assert int(np.argmin([np.abs(found - p).mean() for p in pictures])) == index


def test_damaged_packets_are_left_out_and_counted(tmp_path):
    path = clips.write(tmp_path / "clip.ts", clips.numbered(60), keyframes=5)
    whole = times(path)
    data = bytearray(path.read_bytes())
    noise = np.random.default_rng(1).integers(0, 256, 188 * 40, dtype=np.uint8).tobytes()
    middle = len(data) // 2 // 188 * 188
    data[middle : middle + len(noise)] = noise
    path.write_bytes(data)
    found = times(path)
    assert 10 <= len(found) <= len(whole)
    assert all(later > earlier for earlier, later in itertools.pairwise(found))
    media.make_proxy(path, tmp_path / "copy.mp4")
    assert media.probe(tmp_path / "copy.mp4").playable_in_browser


def test_a_packet_that_cannot_be_decoded_does_not_end_the_recording(tmp_path, monkeypatch):
    path = clips.write(tmp_path / "clip.mp4", clips.numbered(20), keyframes=1)
    with av.open(str(path)) as source:
        places = [(p.pos, p.size) for p in source.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    start, size = places[10]
    data[start : start + size] = bytes(size)
    path.write_bytes(data)
    reader = media.FrameReader(path)
    found = [frame.time_us for frame in reader]
    assert reader.skipped_packets == 1
    assert found == [i * 40_000 for i in range(20) if i != 10]


def test_a_recording_cut_off_in_the_middle_gives_what_it_has(tmp_path):
    path = clips.write(tmp_path / "clip.mkv", clips.numbered(60))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 < len(times(path)) < 60


def test_frames_without_times_get_even_ones(tmp_path):
    raw = clips.write(tmp_path / "raw.h264", clips.numbered(10), format_="h264")
    found = times(raw)
    assert len(found) == 10
    assert np.diff(found) == pytest.approx(40_000, abs=1)


def test_transparency_is_no_obstacle(tmp_path):
    path = tmp_path / "alpha.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        for _ in range(3):
            rgba = np.full((48, 64, 4), 200, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="argb")))
        output.mux(stream.encode(None))
    assert next(media.frames(path)).rgb.shape == (48, 64, 3)
    media.make_proxy(path, tmp_path / "copy.mp4")
    assert media.probe(tmp_path / "copy.mp4").playable_in_browser


def _bad_files(folder: Path) -> dict[str, Path]:
    made = {}
    made["empty"] = folder / "empty.mp4"
    made["empty"].touch()
    made["not a video"] = folder / "garbage.mp4"
    made["not a video"].write_bytes(np.random.default_rng(0).bytes(50_000))
    whole = clips.write(folder / "whole.mp4", clips.numbered(30))
    made["damaged or incomplete"] = folder / "truncated.mp4"
    made["damaged or incomplete"].write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    made["cannot be opened"] = folder / "missing.mp4"
    made["is not a file"] = folder
    made["still picture"] = folder / "picture.mp4"
    import cv2

    cv2.imwrite(str(folder / "picture.png"), clips.astronaut())
    (folder / "picture.png").rename(made["still picture"])
    made["sound but no video"] = folder / "sound.mp4"
    with av.open(str(made["sound but no video"]), "w") as output:
        stream = output.add_stream("aac", rate=48_000, layout="mono")
        piece = av.AudioFrame.from_ndarray(TONE[None, :48_000], format="fltp", layout="mono")
        piece.sample_rate = 48_000
        output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return made


def test_files_that_are_no_video_are_refused_with_a_sentence(tmp_path):
    for words, path in _bad_files(tmp_path).items():
        for action in (media.probe, lambda p: next(media.frames(p)), lambda p: media.still(p, 0)):
            with pytest.raises(MediaError, match=words):
                action(path)
        with pytest.raises(MediaError):
            media.make_proxy(path, tmp_path / "copy.mp4")
        assert not list(tmp_path.glob("*copy*"))


@pytest.mark.parametrize(
    "listing", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"]
)
def test_playlists_that_name_other_files_are_refused(tmp_path, listing):
    clips.write(tmp_path / "secret.ts", clips.numbered(5))
    path = tmp_path / "innocent.mp4"
    path.write_text(listing.format(tmp_path / "secret.ts"))
    with pytest.raises(MediaError):
        media.probe(path)


def test_odd_names_are_only_names(tmp_path):
    path = clips.write(tmp_path / "clip.mp4", clips.numbered(3))
    for name in ("concat:a|b.mp4", "http:x.mp4", "with space ü 顔.mp4", "%d.png"):
        odd = path.rename(tmp_path / name)
        assert len(times(odd)) == 3
        path = odd


def test_progress_and_cancel_of_the_copy(tmp_path):
    path = clips.write(tmp_path / "clip.mkv", clips.numbered(60))
    seen: list[tuple[str, int, int | None]] = []
    media.make_proxy(
        path, tmp_path / "copy.mp4", hook=lambda stage, done, total, still=None: seen.append((stage, done, total))
    )
    assert seen[-1] == ("proxy", 60, 60)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    asked = iter(range(1000))
    with pytest.raises(Cancelled):
        media.make_proxy(path, tmp_path / "stopped.mp4", should_stop=lambda: next(asked) > 20)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mkv", "copy.mp4"]
