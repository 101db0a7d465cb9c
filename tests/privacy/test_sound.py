"""The picture without its sound is the same picture at the same times."""

from __future__ import annotations

import pytest

from analysis import media
from analysis.types import MediaError


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
