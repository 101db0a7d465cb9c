"""The timeline's bytes beside a result: what it says, never another's, made again when damaged."""

from __future__ import annotations

import os

import numpy as np
import pytest

from facsweb.coding import signals, tracks
from tests.coding.test_signals import FRAME, decoded, write

FIELDS = ("times", "rows", "heat", "low", "high")


@pytest.fixture
def folder(tmp_path):
    values = np.where(np.arange(100) == 40, np.nan, np.arange(100) % 25 / 5)
    return write(tmp_path, AU12=values, AU12_low=values - 0.5, AU12_high=values + 0.5, AU1=np.ones(100))


def opened(folder):
    tracks.track.cache_clear()
    return tracks.track(folder, 0)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS) and (
        (one.codes, one.sure, one.gates) == (other.codes, other.sure, other.gates)
    )


def test_what_is_kept_is_what_the_result_says(folder):
    first, again = opened(folder), opened(folder)
    assert same(first, tracks.read(folder, 0))
    assert same(again, first)
    assert isinstance(again.heat, np.memmap)  # mapped, not in memory
    assert (again.codes, again.sure) == (("1", "12"), ("12",))


def test_bytes_of_another_result_are_not_used(folder):
    opened(folder)
    write(folder, AU12=np.full(100, 3.0))
    assert decoded(opened(folder).heat).max() == pytest.approx(3)
    assert opened(folder).codes == ("12",)


@pytest.mark.parametrize("damage", ["cut", "gone", "words"])
def test_damaged_bytes_are_made_again(folder, damage):
    opened(folder)
    kept = folder / tracks.FOLDER / "face-0"
    if damage == "cut":
        os.truncate(kept / "heat.npy", 200)
    elif damage == "gone":
        (kept / "low.npy").unlink()
    else:
        (kept / "track.json").write_text("{")
    assert same(opened(folder), tracks.read(folder, 0))


def test_without_a_place_to_write_the_bytes_are_read_each_time(folder):
    (folder / tracks.FOLDER).write_text("no folder")
    assert same(opened(folder), tracks.read(folder, 0))


def test_a_face_that_is_not_there_has_nothing(folder):
    tracks.track.cache_clear()
    face = tracks.track(folder, 7)
    assert (len(face.times), face.codes, face.heat.shape) == (0, (), (0, 0))
    assert signals.heat_window(face, 0, FRAME, 10).shape == (0, 10)


def test_the_ends_of_intervals_are_the_widest_of_each_column(folder):
    face = opened(folder)
    codes, low, high = signals.ends_window(face, ["1", "12"], 0, 100 * FRAME, 20)
    assert codes == ("12",)  # 1 has none
    for column in range(20):
        figures = decoded(face.heat)[1][column * 5 : column * 5 + 5]
        assert decoded(low)[0][column] == pytest.approx(max(np.nanmin(figures) - 0.5, 0), abs=0.021)
        assert decoded(high)[0][column] == pytest.approx(min(np.nanmax(figures) + 0.5, 5), abs=0.021)
    _, low, high = signals.ends_window(face, ["12"], 40 * FRAME, 41 * FRAME, 4)
    assert (low.tolist(), high.tolist()) == ([[0] * 4], [[0] * 4])  # a gap stays a gap
    assert signals.ends_window(face, [], 0, FRAME, 4)[1].shape == (0, 4)
