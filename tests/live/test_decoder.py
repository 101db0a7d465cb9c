"""Pictures from browsers are opened in a confined process of their session, and nothing else is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.live.decoder import BadPicture, Decoder
from tests.programs import alive, wait_until


def jpeg(width=320, height=240, kind=".jpg"):
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(kind, cv2.GaussianBlur(picture, (9, 9), 0))[1].tobytes()


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    wait_until(made.ready, what="the reader of pictures started")
    yield made
    made.close()


def test_pixels_are_those_of_the_picture(decoder):
    content = jpeg()
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    np.testing.assert_array_equal(decoder(content), expected)


def announcing(width, height):
    """A small JPEG whose header says that it is large."""
    content = bytearray(jpeg())
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff" + os.urandom(2000),
        jpeg()[:400],
        jpeg(kind=".png"),
        jpeg(32, 32),
        jpeg(2000, 300),
        announcing(65_000, 65_000),
        announcing(1280, 1280)[:300],
        b"\xff\xd8\xff" + bytes(600 * 1024),
    ],
    ids=["nothing", "start", "noise", "cut", "png", "small", "wide", "bomb", "lie", "long"],
)
def test_what_is_no_picture_is_refused_and_the_next_one_is_read(decoder, content):
    with pytest.raises(BadPicture):
        decoder(content)
    assert decoder(jpeg()).shape == (240, 320, 3)


def test_it_has_no_secret_no_network_and_no_other_file(decoder):
    process = Path(f"/proc/{decoder._process.pid}")
    names = {entry.partition(b"=")[0] for entry in (process / "environ").read_bytes().split(b"\0") if entry}
    assert names <= {b"PATH", b"LC_ALL", b"OPENBLAS_NUM_THREADS", b"OMP_NUM_THREADS", b"LC_CTYPE"}
    assert "Seccomp:\t2" in (process / "status").read_text()


def test_a_picture_that_ends_its_reader_ends_no_more_than_that():
    mine, other = Decoder(), Decoder()
    for one in (mine, other):
        wait_until(one.ready, what="the reader of pictures started")
    os.kill(mine._process.pid, signal.SIGKILL)
    wait_until(lambda: not alive(mine._process.pid), what="it is gone")
    with pytest.raises(BadPicture, match="ended"):
        mine(jpeg())
    assert not mine.alive
    assert other(jpeg()).shape == (240, 320, 3)
    other.close()
    assert not other.alive


def test_a_reader_that_hangs_is_not_waited_for():
    hung = Decoder()
    wait_until(hung.ready, what="the reader of pictures started")
    os.kill(hung._process.pid, signal.SIGSTOP)
    with pytest.raises(BadPicture, match="too long"):
        hung(jpeg())
    assert not hung.alive
