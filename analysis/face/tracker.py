"""Follows faces from frame to frame: crops from the last landmarks, detection only where it is needed.

Decisions depend on the pictures and their times alone, never on how fast this machine is: the same video gives the
same tracks everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

import numpy as np

from analysis.face.detector import Detection, Detector, overlap
from analysis.face.mesh import Mesh, Placement, Region, face_box
from analysis.types import Float32, Observation, Rgb

_START_PRESENCE: Final = 0.8
_KEEP_PRESENCE: Final = 0.5
CONFIRM_FRAMES: Final = 5
CONFIRM_US: Final = 250_000
"""A new track is believed after so many frames in a row and so long; shorter ones are noise (hands, textures)."""
_REJOIN_US: Final = 5_000_000
"""A face found again after a gap of up to so long, where the lost one was, continues its track."""
_REJOIN_OVERLAP: Final = 0.3
_SAME_FACE_OVERLAP: Final = 0.5
_LOOK_EMPTY_US: Final = 60_000
"""With no face at all, the detector looks at the first picture of each so long stretch of media time: at about
every second one at 30 a second. Stretches are counted from the beginning of the recording, so that it looks at the
same pictures wherever following began."""
_LOOK_LOST_US: Final = 1_000_000
"""For so long after losing a face it looks at every picture."""
_LOOK_MORE_US: Final = 1_000_000
"""With faces but room for more, it looks once in each of these: the detector costs as much as two faces'
points."""
_PAUSES: Final = (_LOOK_EMPTY_US, _LOOK_MORE_US)
_SMALLEST_FACE_PX: Final = 16.0
_LARGEST_SHARE: Final = 2.0
_MOST_TURN: Final = math.radians(45)
_MOST_GROWTH: Final = 1.6


class DetectFaces(Protocol):
    """What the tracker needs of `Detector`."""

    def __call__(self, rgb: Rgb, *, thorough: bool = True) -> list[Detection]: ...


class PlacePoints(Protocol):
    """What the tracker needs of `Mesh`."""

    def __call__(self, rgb: Rgb, regions: list[Region]) -> Placement: ...


class State(Enum):
    """What the tracker thinks of a track."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the tracker thought of its tracks after one picture; it does not change when the tracker goes on."""

    tentative: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()

    def state(self, track: int) -> State:
        """Say it of a track that was reported within the five seconds before."""
        if track in self.dropped:
            return State.DROPPED
        return State.TENTATIVE if track in self.tentative else State.CONFIRMED


@dataclass(slots=True)
class _Track:
    number: int
    region: Region
    box: Float32
    began_us: int
    seen_us: int
    frames: int = 0
    confirmed: bool = False

    def plain(self) -> list[Any]:
        return [self.number, self.region.plain(), self.box.tolist(), self.began_us, self.seen_us]

    @classmethod
    def of_plain(cls, values: Sequence[Any]) -> _Track:
        number, region, box, began_us, seen_us = values
        box = np.array(box, np.float32)
        return cls(number, Region(*region), box, began_us, seen_us, CONFIRM_FRAMES, confirmed=True)


class Tracker:
    """Finds and follows up to ``max_faces`` faces.

    Parameters
    ----------
    max_faces : int
        At least 1.

    Raises
    ------
    ModelError
        The face models are not installed.
    """

    def __init__(
        self, max_faces: int, *, detector: DetectFaces | None = None, mesh: PlacePoints | None = None
    ) -> None:
        if max_faces < 1:
            raise ValueError(f"max_faces: expected at least 1, got {max_faces}")
        self._max_faces = max_faces
        self._detector = detector or Detector()
        self._mesh = mesh or Mesh()
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._dropped: dict[int, int] = {}
        self._next = 0
        self._looked_us: int | None = None
        self._lost_us: int | None = None
        self.slid: list[tuple[int, int]] = []
        """Decisions that depended on which of two tracks is older, as their numbers, the older first."""

    def update(self, rgb: Rgb, time_us: int) -> list[Observation]:
        """Return the faces of the next picture.

        Parameters
        ----------
        rgb : uint8, shape (height, width, 3)
        time_us : int
            Presentation time, microseconds, increasing.

        Returns
        -------
        list of Observation
            By track number. Tracks are reported from their first picture on; `state` says which of them are
            believed. Numbers of dropped tracks are not used again.
        """
        self._forget(time_us)
        found = self._follow(rgb, time_us)
        if len(self._tracks) < self._max_faces and self._should_look(time_us):
            self._looked_us = time_us
            found += self._look(rgb, time_us)
        return sorted(found, key=lambda observation: observation.track)

    def state(self, track: int) -> State:
        """Say what the tracker thinks of a track that `update` reported within the last five seconds."""
        return self.standing().state(track)

    def standing(self) -> Standing:
        """Say what it thinks of all of them now."""
        tentative = frozenset(track.number for track in self._tracks if not track.confirmed)
        return Standing(tentative, frozenset(self._dropped))

    def snapshot(self) -> dict[str, Any]:
        """All that its next decisions depend on, as plain values; see `restore`."""
        return {
            "tracks": [track.plain() for track in self._tracks],
            "lost": [track.plain() for track in self._lost],
            "next": self._next,
            "looked_us": self._looked_us,
            "lost_us": self._lost_us,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where another one stood when it made its `snapshot`; no track may be tentative."""
        self._tracks = [_Track.of_plain(one) for one in state["tracks"]]
        self._lost = [_Track.of_plain(one) for one in state["lost"]]
        self._next, self._looked_us, self._lost_us = state["next"], state["looked_us"], state["lost_us"]

    def alike(self, now_us: int) -> tuple[list[tuple[int, list[Any]]], list[Any]]:
        """What its next decisions depend on, without what they do not: numbers, and times that are over.

        Two trackers for which this is equal, numbers and their order aside, see the same faces from now on.

        Parameters
        ----------
        now_us : int
            Time of the newest picture, after which no track was tentative.

        Returns
        -------
        list of (int, list)
            Every track that is followed or may come back: its number, and what counts.
        list
            The rest.
        """
        tracks: list[tuple[int, list[Any]]] = [
            *((track.number, ["seen", *track.region.plain(), *track.box.tolist()]) for track in self._tracks),
            *((track.number, ["lost", track.seen_us, *track.box.tolist()]) for track in self._lost),
        ]
        recent = self._lost_us if self._lost_us is not None and now_us - self._lost_us <= _LOOK_LOST_US else None
        return tracks, [recent, *(_slot_of(self._looked_us, now_us, pause) for pause in _PAUSES)]

    # Following

    def _follow(self, rgb: Rgb, time_us: int) -> list[Observation]:
        if not self._tracks:
            return []
        placed = self._mesh(rgb, [track.region for track in self._tracks])
        kept: list[_Track] = []
        found: list[Observation] = []
        for number, track in enumerate(self._tracks):
            points, presence = placed.landmarks[number], float(placed.presence[number])
            box = face_box(points)
            region = Region.of_landmarks(points)
            if presence < _KEEP_PRESENCE or not _is_plausible(region, box, track.region, rgb.shape):
                self._lose(track, time_us)
                continue
            if _same_face(box, kept):
                # The older track stays; this one has slid onto its face.
                self.slid += [(other.number, track.number) for other in kept if _same_face(box, [other])]
                self._lose(track, time_us)
                continue
            self._advance(track, region, box, time_us)
            kept.append(track)
            found.append(_observation(track, placed, number))
        self._tracks = kept
        return found

    def _advance(self, track: _Track, region: Region, box: Float32, time_us: int) -> None:
        track.region, track.box, track.seen_us = region.on_grid(), box, time_us
        track.frames += 1
        if track.frames >= CONFIRM_FRAMES and time_us - track.began_us >= CONFIRM_US:
            track.confirmed = True

    def _lose(self, track: _Track, time_us: int) -> None:
        if track.confirmed:
            self._lost.append(track)
            self._lost_us = time_us
        else:
            self._dropped[track.number] = time_us

    def _forget(self, time_us: int) -> None:
        self._lost = [track for track in self._lost if time_us - track.seen_us <= _REJOIN_US]
        # Nobody asks about noise of long ago; without this, memory would grow with the recording.
        self._dropped = {n: since for n, since in self._dropped.items() if time_us - since <= _REJOIN_US}

    # Looking

    def _should_look(self, time_us: int) -> bool:
        if self._looked_us is None:
            return True
        if self._lost_us is not None and time_us - self._lost_us <= _LOOK_LOST_US:
            return True
        pause = _LOOK_MORE_US if self._tracks else _LOOK_EMPTY_US
        return time_us // pause != self._looked_us // pause

    def _look(self, rgb: Rgb, time_us: int) -> list[Observation]:
        found: list[Observation] = []
        for detection in self._detector(rgb, thorough=not self._tracks):
            if len(self._tracks) >= self._max_faces:
                break
            observation = self._start(rgb, detection, time_us)
            if observation is not None:
                found.append(observation)
        return found

    def _start(self, rgb: Rgb, detection: Detection, time_us: int) -> Observation | None:
        """Begin or resume a track where a face was detected; None where the mesh does not agree."""
        if _same_face(detection.box, self._tracks):
            return None
        start = Region.of_detection(detection)
        if start.side < _SMALLEST_FACE_PX:
            return None
        placed = self._mesh(rgb, [start])
        points, presence = placed.landmarks[0], float(placed.presence[0])
        box, region = face_box(points), Region.of_landmarks(points)
        if presence < _START_PRESENCE or not _is_plausible(region, box, start, rgb.shape):
            return None
        if _same_face(box, self._tracks):
            return None
        track = self._resumed(box)
        if track is None:
            track = _Track(self._next, region, box, time_us, time_us)
            self._next += 1
        self._advance(track, region, box, time_us)
        self._tracks.append(track)
        self._tracks.sort(key=lambda known: known.number)
        return _observation(track, placed, 0)

    def _resumed(self, box: Float32) -> _Track | None:
        """Return the lost track whose face was here, if there is one."""
        if not self._lost:
            return None
        shares = overlap(box, np.stack([track.box for track in self._lost]))
        best = int(shares.argmax())
        return self._lost.pop(best) if shares[best] >= _REJOIN_OVERLAP else None


def _slot_of(time_us: int | None, now_us: int, pause: int) -> int | None:
    """Which stretch of so long a time lies in, if it is the present one."""
    return time_us // pause if time_us is not None and time_us // pause == now_us // pause else None


def _observation(track: _Track, placed: Placement, number: int) -> Observation:
    maps = None if placed.maps is None else placed.maps[number]
    return Observation(track.number, placed.landmarks[number], float(placed.presence[number]), maps)


def _same_face(box: Float32, tracks: list[_Track]) -> bool:
    return bool(tracks) and float(overlap(box, np.stack([t.box for t in tracks])).max()) > _SAME_FACE_OVERLAP


def _is_plausible(region: Region, box: Float32, before: Region, shape: tuple[int, ...]) -> bool:
    """Tell whether landmarks can be a face, given the crop they were found in.

    The mesh answers for any crop; wrong ones give themselves away by size, place, or a sudden turn.
    """
    height, width = shape[:2]
    sides = box[2:] - box[:2]
    if not np.isfinite(sides).all() or float(sides.min()) < _SMALLEST_FACE_PX / 2:
        return False
    if float(sides.max()) < _SMALLEST_FACE_PX or float(sides.max()) > _LARGEST_SHARE * max(height, width):
        return False
    if not (0 <= region.x < width and 0 <= region.y < height):
        return False
    turn = abs(math.remainder(region.angle - before.angle, math.tau))
    growth = region.side / before.side
    moved = math.hypot(region.x - before.x, region.y - before.y)
    return turn <= _MOST_TURN and 1 / _MOST_GROWTH <= growth <= _MOST_GROWTH and moved <= before.side / 2
