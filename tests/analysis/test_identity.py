"""Who is who: pieces of tracks are cut and joined, on made clips with known people and on real ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import media, pipeline
from analysis.face import identity
from analysis.face.appearance import N_COLOUR, N_SHAPE, PARTS, Look, Looks, look
from analysis.face.identity import Identity
from analysis.face.shots import Shots
from analysis.types import Observation, Rgb
from tests.analysis import clips, made

REAL = clips.SHARED / "media" / "real"
FRAME_US = 40_000


@cache
def performer(name: str, count: int = 120) -> list[Rgb]:
    """The first pictures of a rendered performer's clip, 320 × 240."""
    path = next(clips.MEDIA.glob(f"{name}_*.mp4"))
    frames = media.frames(path, end_us=count * FRAME_US)
    return [cv2.resize(frame.rgb, (320, 240)).astype(np.uint8) for frame in frames][:count]


def slow(path: Path, pictures: list[Rgb]) -> Path:
    """A clip of every second picture, at its own time."""
    return clips.write(
        path, pictures, times_us=range(0, 2 * FRAME_US * len(pictures), 2 * FRAME_US), preset="superfast"
    )


def measured(path: Path, out: Path) -> dict[str, np.ndarray]:
    result = pipeline.measure(path, out)
    table = pq.read_table(out / pipeline.PARQUET, columns=["frame", "time_us", "face", "track", "box_x", "box_w"])
    rows = {name: table[name].to_numpy() for name in table.column_names}
    assert result.faces == len(set(rows["face"][rows["face"] >= 0].tolist()))
    assert result.tracks == len(set(rows["track"][rows["track"] >= 0].tolist()))
    for face in range(result.faces):
        frames = rows["frame"][rows["face"] == face]
        assert len(set(frames.tolist())) == len(frames), "one person twice in a frame"
    firsts = [rows["frame"][rows["face"] == face].min() for face in range(result.faces)]
    assert firsts == sorted(firsts), "persons are numbered by first appearance"
    return rows


def faces_at(rows: dict[str, np.ndarray], frame: int) -> list[int]:
    """Persons of a frame from left to right."""
    here = np.flatnonzero((rows["frame"] == frame) & (rows["face"] >= 0))
    return rows["face"][here[np.argsort(rows["box_x"][here])]].tolist()


# --- made clips -------------------------------------------------------------------------------------------


def test_a_person_who_leaves_and_comes_back_is_the_same_one(models, tmp_path):
    d1, d3 = performer("d1"), performer("d3")
    blank = np.full_like(d1[0], 60)
    here = [i < 30 or i >= 80 for i in range(120)]
    pictures = [np.hstack([d1[i], d3[i] if here[i] else blank]) for i in range(0, 120, 2)]
    rows = measured(slow(tmp_path / "leaves.mp4", pictures), tmp_path / "out")
    assert [faces_at(rows, frame) for frame in (5, 25, 55)] == [[0, 1], [0], [0, 1]]


def test_two_people_who_come_back_on_the_other_side_are_not_exchanged(models, tmp_path):
    d1, d3 = performer("d1"), performer("d3")
    blank = [np.full((240, 640, 3), 60, np.uint8)] * 65  # longer than the tracker remembers
    pictures = [np.hstack([d1[i], d3[i]]) for i in range(0, 40, 2)]
    pictures += [*blank, *(np.hstack([d3[i], d1[i]]) for i in range(40, 80, 2))]
    rows = measured(slow(tmp_path / "exchange.mp4", pictures), tmp_path / "out")
    assert [faces_at(rows, frame) for frame in (10, 100)] == [[0, 1], [1, 0]]
    assert len(set(rows["track"].tolist())) > 3


@pytest.mark.parametrize(("front", "back"), [("d1", "d3"), ("d2", "d1")])
def test_two_people_who_cross_stay_who_they_are(models, tmp_path, front, back):
    def crossing() -> Iterator[Rgb]:
        for i in range(120):
            picture = np.full((240, 900, 3), 60, np.uint8)
            step = round(660 * i / 119)
            picture[:, 680 - step : 880 - step] = performer(back)[i][:, 60:260]
            picture[:, 20 + step : 220 + step] = performer(front)[i][:, 60:260]
            yield picture

    rows = measured(clips.write(tmp_path / "cross.mp4", crossing()), tmp_path / "out")
    before, after = faces_at(rows, 10), faces_at(rows, 112)
    assert sorted(before) == [0, 1]
    assert after == before[::-1]


def test_a_cut_to_somebody_else_in_the_same_place_is_somebody_else(models, tmp_path):
    parts = [performer("d1")[:30], performer("d3")[:30], performer("d1")[30:60], performer("d2")[:30]]
    pictures = [picture for part in parts for picture in part]
    rows = measured(clips.write(tmp_path / "cut.mp4", pictures), tmp_path / "out")
    assert [faces_at(rows, frame) for frame in (15, 45, 75, 105)] == [[0], [1], [0], [2]]
    changes = np.flatnonzero(np.diff(rows["track"])) + 1
    assert changes.tolist() == [30, 60, 90]


# --- real recordings --------------------------------------------------------------------------------------


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{name} is not here: it may not be part of the project")
    return path


def test_four_shots_of_two_real_signers_are_two_people(models, tmp_path):
    paths = [real(f"asl_{word}.mkv") for word in ("sorry", "again", "thanks", "no")]
    shots = [[frame.rgb for frame in media.frames(path)][::2] for path in paths]
    rows = measured(
        slow(tmp_path / "signers.mp4", [picture for shot in shots for picture in shot]), tmp_path / "out"
    )
    middles = np.cumsum([0, *map(len, shots)])[:-1] + [len(shot) // 2 for shot in shots]
    assert [faces_at(rows, int(frame)) for frame in middles] == [[0], [1], [0], [1]]


def test_two_real_people_beside_each_other_stay_two(models, tmp_path):
    rows = measured(real("head-pose-face-detection-female-and-male.gif"), tmp_path / "out")
    assert {tuple(sorted(faces_at(rows, frame))) for frame in range(56)} == {(0, 1)}


# --- the rules, without pictures ---------------------------------------------------------------------------


class Scene:
    """Drives `Identity` with looks that the test decides: one number a person."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.identity = Identity()
        self.time_us = 0
        self.grey = 100
        self._looks: dict[int, float | None] = {}
        monkeypatch.setattr(identity, "look", lambda rgb, landmarks: self._look(float(landmarks[0, 2])))

    def _look(self, value: float) -> Look | None:
        if np.isnan(value):
            return None
        colours = np.zeros((len(PARTS), N_COLOUR), np.float32)
        colours[:, ::8] = 1.0
        # one "usual difference" of the shape is 0.12 cm, and it is one of four equal parts
        return Look(np.full(N_SHAPE, value * 4 * 0.12 / np.sqrt(2), np.float32), colours)

    def show(self, frames: int, *faces: tuple[int, float, float]) -> list[int]:
        """Show faces (track, x in pixels, look) for so many frames; the pieces of the last one."""
        keys: list[int] = []
        for _ in range(frames):
            seen = []
            for track, x, value in faces:
                points = made.face() * [1, 1, 0] + [x, 0, 0]
                points[0, 2] = value
                seen.append(Observation(track, points.astype(np.float32), 1.0))
            rgb = np.full((36, 64, 3), self.grey, np.uint8)
            keys = self.identity.see(rgb, self.time_us, seen)
            self.time_us += FRAME_US
        return keys


@pytest.fixture
def scene(monkeypatch) -> Scene:
    return Scene(monkeypatch)


def test_alike_pieces_are_joined_across_a_long_gap_and_others_are_not(scene):
    (first,) = scene.show(30, (0, 0, 0.0))
    scene.show(300)
    (second,) = scene.show(30, (1, 150, 1.0))
    scene.show(300)
    (third,) = scene.show(30, (2, 150, 3.0))
    assert scene.identity.persons([first, second, third]) == [0, 0, 1]


def test_people_of_one_frame_are_never_one_however_alike(scene):
    left, right = scene.show(30, (0, -150, 0.0), (1, 150, 0.0))
    assert scene.identity.persons([left, right]) == [0, 1]


def test_a_return_that_could_be_either_of_two_is_left_alone(scene):
    left, right = scene.show(30, (0, -150, 0.0), (1, 150, 1.0))
    scene.show(300)
    (back,) = scene.show(30, (2, 0, 0.5))
    assert scene.identity.persons([left, right, back]) == [0, 1, 2]


def test_soon_and_in_the_same_place_counts_for_more(scene):
    (first,) = scene.show(30, (0, 0, 0.0))
    scene.show(20)
    (near,) = scene.show(30, (1, 20, 1.5))
    scene.show(20)
    (far,) = scene.show(30, (2, 300, 0.0 + 1.5 + 1.5))
    assert scene.identity.persons([first, near, far]) == [0, 0, 1]


def test_a_cut_ends_a_track_and_a_gap_does_not_end_a_person(scene):
    (first,) = scene.show(30, (0, 0, 0.0))
    scene.show(30)
    (after_gap,) = scene.show(30, (0, 0, 2.0))  # the tracker resumed it
    scene.grey = 200
    (after_cut,) = scene.show(30, (0, 0, 5.0))
    assert len({first, after_gap, after_cut}) == 3
    assert scene.identity.persons([first, after_gap, after_cut]) == [0, 0, 1]


def test_tracks_that_exchanged_their_people_while_they_met_are_put_right(scene):
    left, right = scene.show(30, (0, -150, 0.0), (1, 150, 3.0))
    scene.show(10, (0, 0, 0.0), (1, 20, 3.0))
    new_left, new_right = scene.show(30, (0, -150, 3.0), (1, 150, 0.0))
    assert len({left, right, new_left, new_right}) == 4
    assert scene.identity.persons([left, right, new_left, new_right]) == [0, 1, 1, 0]


def test_without_a_look_only_the_tracker_joins(scene):
    (first,) = scene.show(30, (0, 0, np.nan))
    scene.show(30)
    (resumed,) = scene.show(30, (0, 0, np.nan))
    scene.show(20)
    (near,) = scene.show(30, (1, 0, np.nan))
    assert scene.identity.persons([first, resumed, near]) == [0, 0, 1]


def test_noise_is_forgotten(scene):
    (noise,) = scene.show(3, (0, 0, 0.0))
    scene.identity.forget(noise)
    (face,) = scene.show(30, (1, 0, 0.0))
    assert scene.identity.persons([face]) == [0]
    assert not scene.identity._pieces.keys() - {face}


def test_the_look_keeps_when_the_picture_is_turned_scaled_or_darker(models):
    from analysis.face.tracker import Tracker

    def seen(picture: Rgb) -> Looks:
        found = look(picture, Tracker(1).update(picture, 0)[0].landmarks)
        assert found is not None
        looks = Looks()
        looks.add(found)
        return looks

    base = seen(clips.astronaut())
    matrix = cv2.getRotationMatrix2D((256, 256), 20, 1.0)
    turned = cv2.warpAffine(clips.astronaut(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    smaller = cv2.resize(clips.astronaut(), (300, 300), interpolation=cv2.INTER_AREA)
    darker = (clips.astronaut() * 0.9).astype(np.uint8)
    other = seen(performer("d3")[0])
    for picture in (turned, smaller, darker):
        assert base.difference(seen(picture.astype(np.uint8))) < identity.ALIKE
    assert base.difference(other) > 2 * identity.ALIKE


def test_a_pan_is_told_from_a_cut():
    rng = np.random.default_rng(1)
    wall = cv2.resize(rng.integers(0, 255, (6, 20, 3), dtype=np.uint8), (1800, 360))
    other = cv2.resize(rng.integers(0, 255, (6, 9, 3), dtype=np.uint8), (640, 360))
    shots = Shots()
    pan = [shots.update(np.ascontiguousarray(wall[:, 6 * i : 6 * i + 640])) for i in range(60)]
    assert set(pan) == {0}
    assert shots.update(other) == 1
    assert shots.update(other) == 1
