"""Following faces: starts, ends, gaps, duplicates, and real pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.face.detector import Detection, Detector, overlap
from analysis.face.mesh import Mesh, Placement, Region, face_box
from analysis.face.tracker import State, Tracker
from analysis.types import Float32, Rgb
from tests.analysis import clips

FRAME_US = 40_000
BLANK = np.zeros((480, 640, 3), np.uint8)


class Scene:
    """Faces at known places; stands in for detector and mesh, so that single decisions can be tested.

    ``faces`` maps a name to (x, y, side of the face's box in pixels, presence); the mesh finds the face nearest to
    its crop, as the real one does.
    """

    def __init__(self) -> None:
        self.faces: dict[str, tuple[float, float, float, float]] = {}
        self.undetectable: set[str] = set()
        self.looks: list[bool] = []

    def detector(self, rgb: Rgb, *, thorough: bool = True) -> list[Detection]:
        self.looks.append(thorough)
        return [
            Detection(_box(x, y, side), *_eyes(x, y, side), 0.9)
            for name, (x, y, side, _) in self.faces.items()
            if name not in self.undetectable
        ]

    def mesh(self, rgb: Rgb, regions: list[Region]) -> Placement:
        points, presences = [], []
        for region in regions:
            near = [
                f for f in self.faces.values() if math.hypot(f[0] - region.x, f[1] - region.y) < region.side / 2
            ]
            found = min(near, key=lambda f: math.hypot(f[0] - region.x, f[1] - region.y), default=None)
            x, y, side, presence = found or (region.x, region.y, region.side / 1.5, 0.0)
            points.append(_landmarks(x, y, side))
            presences.append(presence)
        return Placement(np.stack(points), np.array(presences, np.float32))

    def tracker(self, max_faces: int = 4) -> Tracker:
        return Tracker(max_faces, detector=self.detector, mesh=self.mesh)


def _box(x: float, y: float, side: float) -> Float32:
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)


def _eyes(x: float, y: float, side: float) -> tuple[Float32, Float32]:
    return np.array([x - side / 4, y], np.float32), np.array([x + side / 4, y], np.float32)


def _landmarks(x: float, y: float, side: float) -> Float32:
    points = np.zeros((478, 3), np.float32)
    points[:, 0], points[:, 1] = x, y
    box = _box(x, y, side)
    points[0, :2], points[1, :2] = box[:2], box[2:]
    points[33, :2], points[263, :2] = _eyes(x, y, side)
    return points


def play(tracker: Tracker, scene: Scene, frames: int, start: int = 0) -> list[list[int]]:
    """Track numbers of each picture."""
    return [[seen.track for seen in tracker.update(BLANK, (start + i) * FRAME_US)] for i in range(frames)]


def test_a_face_is_followed_without_looking_again_at_every_picture():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker()
    assert play(tracker, scene, 50) == [[0]] * 50
    assert tracker.state(0) is State.CONFIRMED
    assert len(scene.looks) <= 5
    assert scene.looks == [True, *[False] * (len(scene.looks) - 1)]


def test_with_all_places_taken_the_detector_rests():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker(max_faces=1)
    play(tracker, scene, 50)
    assert len(scene.looks) == 1


def test_a_brief_appearance_is_noise():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker()
    play(tracker, scene, 4)
    assert tracker.state(0) is State.TENTATIVE
    scene.faces.clear()
    assert play(tracker, scene, 2, start=4) == [[], []]
    assert tracker.state(0) is State.DROPPED
    scene.faces["a"] = (300, 200, 120, 1.0)
    assert play(tracker, scene, 20, start=6)[-1] == [1]
    assert tracker.state(1) is State.CONFIRMED


def test_starting_asks_more_than_going_on():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 0.7)
    tracker = scene.tracker()
    assert play(tracker, scene, 5) == [[]] * 5
    scene.faces["a"] = (300, 200, 120, 0.95)
    assert play(tracker, scene, 10, start=5)[1:] == [[0]] * 9  # with nobody there it looks at every second
    scene.faces["a"] = (300, 200, 120, 0.55)
    assert play(tracker, scene, 10, start=15) == [[0]] * 10
    scene.faces["a"] = (300, 200, 120, 0.45)
    assert play(tracker, scene, 5, start=25) == [[]] * 5


def test_a_face_that_comes_back_where_it_was_keeps_its_number():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker()
    play(tracker, scene, 25)
    del scene.faces["a"]
    assert play(tracker, scene, 50, start=25) == [[]] * 50
    scene.faces["a"] = (320, 210, 115, 1.0)
    assert play(tracker, scene, 20, start=75)[-1] == [0]


@pytest.mark.parametrize(("place", "gap_frames"), [((100, 350), 10), ((300, 200), 200)])
def test_a_face_elsewhere_or_much_later_is_another(place, gap_frames):
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker()
    play(tracker, scene, 25)
    del scene.faces["a"]
    play(tracker, scene, gap_frames, start=25)
    scene.faces["b"] = (*place, 120, 1.0)
    assert play(tracker, scene, 20, start=25 + gap_frames)[-1] == [1]


def test_two_tracks_never_follow_one_face():
    scene = Scene()
    scene.faces["a"] = (200, 200, 120, 1.0)
    scene.faces["b"] = (400, 200, 120, 1.0)
    tracker = scene.tracker()
    assert play(tracker, scene, 20)[-1] == [0, 1]
    for step in range(1, 16):  # b moves behind a and is gone
        scene.faces["b"] = (400 - 12 * step, 200, 120, 1.0)
        tracker.update(BLANK, (19 + step) * FRAME_US)
    del scene.faces["b"]
    assert play(tracker, scene, 30, start=40)[-1] == [0]


def test_no_more_faces_than_asked_for():
    scene = Scene()
    for i in range(5):
        scene.faces[str(i)] = (70 + 120 * i, 200, 90, 1.0)
    assert play(scene.tracker(max_faces=3), scene, 20)[-1] == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((300, 200, 12, 1.0), "tiny"),
        ((300, 200, 2000, 1.0), "huge"),
        ((355, 200, 230, 1.0), "grown too fast"),
    ],
)
def test_landmarks_that_cannot_be_a_face_end_the_track(change, why):
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)
    tracker = scene.tracker()
    play(tracker, scene, 20)
    scene.faces["a"] = change
    scene.undetectable.add("a")
    assert play(tracker, scene, 3, start=20) == [[]] * 3, why


def test_a_face_that_leaves_the_picture_ends():
    scene = Scene()
    scene.faces["a"] = (600, 200, 100, 1.0)
    tracker = scene.tracker()
    play(tracker, scene, 10)
    seen = []
    for step in range(10):
        scene.faces["a"] = (600 + 20 * step, 200, 100, 1.0)
        seen.append(len(tracker.update(BLANK, (10 + step) * FRAME_US)))
    assert seen[:2] == [1, 1]
    assert seen[3:] == [0] * 7


def test_a_tilted_box_that_the_mesh_does_not_confirm_starts_nothing():
    scene = Scene()
    scene.faces["a"] = (300, 200, 120, 1.0)

    def tilted(rgb: Rgb, *, thorough: bool = True) -> list[Detection]:
        return [Detection(_box(300, 200, 120), np.float32([300, 170]), np.float32([300, 230]), 0.9)]

    tracker = Tracker(4, detector=tilted, mesh=scene.mesh)
    assert play(tracker, scene, 5) == [[]] * 5


def test_memory_of_noise_is_forgotten():
    scene = Scene()
    tracker = scene.tracker()
    for i in range(0, 3000, 3):
        scene.faces = {"a": (300, 200, 120, 1.0)}
        play(tracker, scene, 1, start=i)
        scene.faces = {}
        play(tracker, scene, 2, start=i + 1)
    assert tracker._next >= 500
    assert len(tracker._dropped) < 200


def test_overlap_of_boxes():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert overlap(boxes[0], boxes).tolist() == pytest.approx([1, 1 / 3, 0])


def test_at_least_one_face_must_be_asked_for():
    with pytest.raises(ValueError, match="max_faces"):
        Tracker(0, detector=Scene().detector, mesh=Scene().mesh)


# Real models on real pictures


def _crowd() -> Rgb:
    """Six photographed faces, each about 12 % of the picture's width."""
    face = clips.astronaut()[10:235, 110:335]
    return np.ascontiguousarray(np.tile(face, (2, 3, 1)))


def test_many_photographed_faces_are_found_and_told_apart(models):
    tracker = Tracker(6)
    picture = _crowd()
    seen = [tracker.update(picture, i * FRAME_US) for i in range(12)]
    assert [len(found) for found in seen] == [6] * 12
    boxes = np.stack([face_box(observation.landmarks) for observation in seen[-1]])
    places = {(int(x // 225), int(y // 225)) for x, y in (boxes[:, :2] + boxes[:, 2:]) / 2}
    assert places == {(column, row) for column in range(3) for row in range(2)}
    assert all(tracker.state(observation.track) is State.CONFIRMED for observation in seen[-1])
    assert len(Tracker(2).update(picture, 0)) == 2


@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_tilted_heads_are_found_upright_in_their_crop(models, degrees):
    import cv2

    matrix = cv2.getRotationMatrix2D((225, 120), degrees, 1.0)
    picture = cv2.warpAffine(clips.astronaut(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    tracker = Tracker(1)
    upright = Tracker(1).update(clips.astronaut(), 0)[0].landmarks[:, :2]
    found = [tracker.update(picture, i * FRAME_US) for i in range(5)][-1][0].landmarks[:, :2]
    expected = upright @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(found - expected, axis=1).mean() < 3.0
    angle = math.degrees(Region.of_landmarks(np.pad(found, ((0, 0), (0, 1)))).angle)
    base = math.degrees(Region.of_landmarks(np.pad(upright, ((0, 0), (0, 1)))).angle)
    assert angle - base == pytest.approx(-degrees, abs=4)


def test_pictures_without_a_face_give_nothing(models):
    noise = np.random.default_rng(3).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    for picture in (BLANK, noise, clips.astronaut()[300:, 300:]):
        tracker = Tracker(4)
        found = {o.track for i in range(12) for o in tracker.update(picture, i * FRAME_US)}
        assert not [track for track in found if tracker.state(track) is State.CONFIRMED]


def test_landmarks_lie_on_the_subjects_own_sides(models):
    points = Tracker(1).update(clips.astronaut(), 0)[0].landmarks
    assert points[468, 0] < points[473, 0]  # the subject's right iris is on the picture's left
    assert 100 < points[468:478, 1].mean() < 112
    assert points[1, 2] < points[234, 2]  # the nose is nearer than the ear


def test_the_short_range_net_is_asked_when_the_other_finds_nothing(models, monkeypatch):
    detector = Detector()
    monkeypatch.setattr(detector, "_full", lambda rgb: [])
    assert len(detector(clips.astronaut())) == 1
    assert detector(clips.astronaut(), thorough=False) == []


@pytest.mark.parametrize("clip", sorted(path.stem for path in clips.MEDIA.glob("*.mp4")))
def test_one_performer_is_one_track_from_beginning_to_end(models, clip):
    from analysis import media

    tracker = Tracker(4)
    seen = [tracker.update(f.rgb, f.time_us) for f in media.frames(clips.MEDIA / f"{clip}.mp4", end_us=4_000_000)]
    assert [[o.track for o in found] for found in seen] == [[0]] * len(seen)


def test_two_people_turning_their_heads_stay_two(models):
    from analysis import media

    path = clips.SHARED / "media/real/head-pose-face-detection-female-and-male.gif"
    if not path.exists():
        pytest.skip(f"{path.name} is not here: it may not be part of the project")
    tracker, numbers = Tracker(4), set()
    for frame in media.frames(path):
        numbers |= {o.track for o in tracker.update(frame.rgb, frame.time_us)}
    assert {n for n in numbers if tracker.state(n) is State.CONFIRMED} == {0, 1}


def test_mesh_and_detector_are_pure(models):
    picture, mesh, detector = clips.astronaut(), Mesh(), Detector()
    found = detector(picture)
    again = detector(picture)
    assert np.array_equal(found[0].box, again[0].box)
    region = Region.of_detection(found[0])
    assert np.array_equal(mesh(picture, [region])[0], mesh(picture, [region])[0])
