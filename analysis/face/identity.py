"""Who is who in one recording: tracks are cut where identity may slip, and joined to persons.

A tracker's number can slide to somebody else at a cut, where two faces meet, or in a gap. So its tracks are cut
there into pieces, and pieces are joined again only where they look alike (`analysis.face.appearance`), with less
doubt where the tracker or the place says so. Looks live as long as the measurement; nothing of them is stored with
its result. (Of a long recording that is measured in segments, their sums wait beside the segments until these are
joined, and are removed with them.)
Pieces that are seen in one frame are never one person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.appearance import Looks, look
from analysis.face.detector import overlap
from analysis.face.mesh import face_box
from analysis.face.shots import Shots
from analysis.types import Float32, Observation, Rgb

_LOOK_US, _FIRST_LOOKS_US = 250_000, 100_000
"""A look is taken once in each so long stretch of media time, because one costs as much as half a frame's points;
the first three more often. Stretches are counted from the beginning of the recording."""
_PAUSES: Final = (_LOOK_US, _FIRST_LOOKS_US)
_GAP_US: Final = 500_000
"""A track that was lost for longer is another piece from then on."""
_MEET, _PART = 0.10, 0.01
"""Overlap (intersection over union) at which two faces meet, and under which they have parted again."""

# Limits of `Looks.difference`, measured in docs/validation.md.
ALIKE: Final = 1.2
"""Pieces are joined by look alone up to here."""
NEAR: Final = 1.7
"""And up to here where one began soon after the other and in the same place."""
FOLLOWED: Final = 2.2
"""The tracker's word counts up to here."""
_NEAR_US: Final = 3_000_000
_NEAR_FACES: Final = 1.0
"""In the same place: so many face widths apart at most."""
_MOST_GROWTH: Final = 1.5
_CLEARLY: Final = 0.6
"""Somebody else is clearly more alike when they differ by less than this share."""
_DOUBT: Final = 1.25
"""A join is in doubt when another person differs by less than so many times as much."""
_LEAST_LOOKS: Final = 3
_MOST_GROUPS: Final = 300
"""Only so many of the longest groups are compared with each other: time grows with the square."""


_PLAIN: Final = ("key", "shot", "began_us", "last_us", "follows", "meeting", "looked_us", "track", "taken")


@dataclass(slots=True)
class _Piece:
    """A stretch of one track during which it is one person for certain."""

    key: int
    shot: int
    began_us: int
    first_box: Float32
    last_us: int = 0
    last_box: Float32 = field(default_factory=lambda: np.zeros(4, np.float32))
    follows: int | None = None
    """The piece before it of the same track, where the tracker saw no cut in between."""
    beside: set[int] = field(default_factory=set)
    """Pieces seen in the same frame."""
    meeting: bool = False
    looked_us: int | None = None
    looks: Looks = field(default_factory=Looks)
    track: int = -1
    taken: int = 0
    """Looks so far, up to `_LEAST_LOOKS`; those handed over count too."""

    def plain(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in _PLAIN}
        boxes = {"first_box": self.first_box.tolist(), "last_box": self.last_box.tolist()}
        return {**values, **boxes, "beside": sorted(self.beside), "looks": self.looks.plain()}

    @classmethod
    def of_plain(cls, values: Mapping[str, Any]) -> _Piece:
        boxes = {name: np.array(values[name], np.float32) for name in ("first_box", "last_box")}
        looks = Looks.of_plain(values["looks"])
        return cls(**{**values, **boxes, "beside": set(values["beside"]), "looks": looks})


class Identity:
    """Cuts tracks into pieces while a video is measured, and says at its end which pieces are one person."""

    def __init__(self) -> None:
        self._shots = Shots()
        self._open: dict[int, _Piece] = {}
        self._pieces: dict[int, _Piece] = {}
        self._next = 0

    def see(self, rgb: Rgb, time_us: int, seen: list[Observation]) -> list[int]:
        """Take the next picture in.

        Parameters
        ----------
        rgb : uint8, shape (height, width, 3)
        time_us : int
            Microseconds, increasing.
        seen : list of Observation
            What the tracker reported.

        Returns
        -------
        list of int
            The piece of each observation, in their order. Numbers grow in the order of first appearance.
        """
        shot = self._shots.update(rgb)
        boxes = [face_box(observation.landmarks) for observation in seen]
        pieces = [
            self._piece(observation.track, shot, time_us, box, _nearest(i, boxes))
            for i, (observation, box) in enumerate(zip(seen, boxes, strict=True))
        ]
        for piece in pieces:
            piece.beside.update(other.key for other in pieces if other is not piece)
        for piece, observation in zip(pieces, seen, strict=True):
            pause = _LOOK_US if piece.taken >= _LEAST_LOOKS else _FIRST_LOOKS_US
            due = piece.looked_us is None or time_us // pause != piece.looked_us // pause
            if due and not piece.meeting:
                piece.looked_us = time_us
                found = look(rgb, observation.landmarks)
                if found is not None:
                    piece.looks.add(found)
                    piece.taken = min(piece.taken + 1, _LEAST_LOOKS)
        return [piece.key for piece in pieces]

    @property
    def shot(self) -> int:
        """Number of the present shot."""
        return self._shots.number

    def picture(self) -> list[Any]:
        """What the next cut is judged by: how much pictures changed, and the newest one."""
        return self._shots.snapshot()[1:]

    def forget(self, piece: int) -> None:
        """Drop a piece that was no face after all."""
        self._pieces.pop(piece, None)
        self._open = {track: known for track, known in self._open.items() if known.key != piece}

    def alike(self, track: int, now_us: int) -> list[Any] | None:
        """What its next decisions about a track depend on, as `Tracker.alike` says it for the tracker."""
        piece = self._open.get(track)
        if piece is None:
            return None
        same_shot = piece.shot == self._shots.number
        if not same_shot or now_us - piece.last_us > _GAP_US:  # the track's next piece is another one
            return ["over", same_shot]
        looked = [None if piece.looked_us is None else piece.looked_us // pause for pause in _PAUSES]
        current = [one if one == now_us // pause else None for one, pause in zip(looked, _PAUSES, strict=True)]
        return [piece.meeting, piece.taken, piece.last_us, *current]

    def standing(self, track: int) -> int | None:
        """The newest piece of a track."""
        piece = self._open.get(track)
        return None if piece is None else piece.key

    def snapshot(self) -> dict[str, Any]:
        """All that its next decisions depend on, as plain values; see `restore`."""
        return {
            "shots": self._shots.snapshot(),
            "open": {str(track): piece.plain() for track, piece in self._open.items()},
            "next": self._next,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where another one stood when it made its `snapshot`, right after `written`."""
        self._shots.restore(state["shots"])
        self._open = {int(track): _Piece.of_plain(values) for track, values in state["open"].items()}
        self._pieces = {piece.key: piece for piece in self._open.values()}
        self._next = state["next"]

    def written(self, since_us: int) -> list[dict[str, Any]]:
        """Hand over what was seen of every piece after a time, as plain values for `adopt`, and forget it."""
        found = [piece for piece in self._pieces.values() if piece.last_us > since_us]
        entries = [piece.plain() for piece in found]
        for piece in found:
            piece.looks, piece.beside = Looks(), set()
        open_ = {piece.key for piece in self._open.values()}
        self._pieces = {key: piece for key, piece in self._pieces.items() if key in open_}
        return entries

    def adopt(self, entry: Mapping[str, Any], numbered: Callable[[int], int], shots: int) -> None:
        """Take in what another one has `written`, in the order of time.

        Parameters
        ----------
        entry : mapping
        numbered : callable
            This one's number of a piece of the other one.
        shots : int
            What is to be added to the other one's numbers of shots.
        """
        other = _Piece.of_plain(entry)
        key = numbered(other.key)
        piece = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = _Piece(key, other.shot + shots, other.began_us, other.first_box)
            piece.follows = None if other.follows is None else numbered(other.follows)
        piece.last_us, piece.last_box = other.last_us, other.last_box
        piece.beside |= {numbered(one) for one in other.beside}
        piece.looks.merge(other.looks)

    def persons(self, pieces: Iterable[int]) -> list[int]:
        """Tell which pieces are the same person.

        Parameters
        ----------
        pieces : iterable of int
            Pieces that `see` returned and that count, in the order of their first appearance.

        Returns
        -------
        list of int
            The person of each piece; persons are numbered from 0 in the order of first appearance.
        """
        order = list(pieces)
        groups = _follow([self._pieces[key] for key in order])
        _join(groups)
        owner = {piece.key: id(group) for group in groups for piece in group.pieces}
        numbers: dict[int, int] = {}
        return [numbers.setdefault(owner[key], len(numbers)) for key in order]

    def _piece(self, track: int, shot: int, time_us: int, box: Float32, nearest: float) -> _Piece:
        """The track's piece at this picture; a new one after a cut, after a gap, when two faces have parted."""
        before = self._open.get(track)
        parted = before is not None and before.meeting and nearest < _PART
        if before is None or before.shot != shot or time_us - before.last_us > _GAP_US or parted:
            piece = _Piece(self._next, shot, time_us, box, track=track)
            if before is not None and before.shot == shot:
                piece.follows = before.key
            self._next += 1
            self._open[track] = self._pieces[piece.key] = piece
        else:
            piece = before
        piece.meeting = nearest >= _MEET or (piece.meeting and nearest >= _PART)
        piece.last_us, piece.last_box = time_us, box
        return piece


def _nearest(i: int, boxes: list[Float32]) -> float:
    """Largest overlap of a box with the others."""
    others = boxes[:i] + boxes[i + 1 :]
    return float(overlap(boxes[i], np.stack(others)).max()) if others else 0.0


class _Group:
    """Pieces that are one person."""

    def __init__(self, piece: _Piece) -> None:
        self.pieces = [piece]
        self.keys = {piece.key}
        self.beside = set(piece.beside)
        self.looks = Looks()
        self.looks.merge(piece.looks)

    def merge(self, other: _Group) -> None:
        self.pieces += other.pieces
        self.keys |= other.keys
        self.beside |= other.beside
        self.looks.merge(other.looks)

    def is_beside(self, other: _Group) -> bool:
        """Whether both are seen in one frame, so that they are two people."""
        return not self.beside.isdisjoint(other.keys)

    def difference(self, other: _Group) -> float:
        return self.looks.difference(other.looks)


def _follow(pieces: list[_Piece]) -> list[_Group]:
    """Join every piece to the group that the tracker or its place points at, unless its look speaks against it."""
    groups: list[_Group] = []
    of: dict[int, _Group] = {}
    recent: list[_Piece] = []
    for piece in pieces:
        own = _Group(piece)
        recent = [other for other in recent if piece.began_us - other.last_us <= _NEAR_US]
        near = [of[other.key] for other in recent if _is_near(other, piece)]
        recent.append(piece)
        followed = of.get(piece.follows) if piece.follows is not None else None
        home = _home(own, followed, near, groups[-_MOST_GROUPS:])
        if home is None:
            groups.append(own)
            of[piece.key] = own
        else:
            home.merge(own)
            of[piece.key] = home
    return groups


def _home(own: _Group, followed: _Group | None, near: list[_Group], known: list[_Group]) -> _Group | None:
    """The group that a new piece belongs to: the one it follows, or one that was near; None for neither."""
    best: tuple[float, _Group] | None = None
    for group, limit in [(followed, FOLLOWED), *((group, NEAR) for group in near)]:
        if group is None or own.is_beside(group):
            continue
        apart = own.difference(group)
        if math.isnan(apart) or min(own.looks.count, group.looks.count) < _LEAST_LOOKS:
            if group is followed:  # nothing speaks against the tracker
                return group
            continue
        if apart <= limit and (best is None or apart < best[0]):
            best = (apart, group)
    if best is None:
        return None
    others = [group for group in known if group is not best[1] and not own.is_beside(group)]
    swapped = any(own.difference(group) < min(_CLEARLY * best[0], ALIKE) for group in others)
    return None if swapped else best[1]


def _is_near(before: _Piece, piece: _Piece) -> bool:
    """Whether a piece begins soon after another one ended, in the same shot and place and at the same size."""
    if before.shot != piece.shot or not 0 < piece.began_us - before.last_us <= _NEAR_US:
        return False
    old, new = before.last_box, piece.first_box
    widths = float(old[2] - old[0]), float(new[2] - new[0])
    moved = float(np.hypot(*((new[:2] + new[2:] - old[:2] - old[2:]) / 2)))
    grown = max(widths) / max(min(widths), 1e-6)
    return moved <= _NEAR_FACES * max(widths) and grown <= _MOST_GROWTH


def _join(groups: list[_Group]) -> None:
    """Join groups that look alike, the most alike first; ``groups`` shrinks."""
    compared = [group for group in groups if group.looks.count >= _LEAST_LOOKS]
    compared = sorted(compared, key=lambda group: -group.looks.count)[:_MOST_GROUPS]
    count = len(compared)
    apart = np.full((count, count), np.inf)
    for i in range(count):
        for j in range(i):
            _compare(compared, apart, i, j)
    doubted = np.zeros((count, count), bool)
    while True:
        open_ = np.where(doubted, np.inf, apart)
        if not count or float(open_.min()) > ALIKE:
            return
        i, j = sorted(int(place) for place in np.unravel_index(int(open_.argmin()), apart.shape))
        if _is_in_doubt(compared, apart, i, j):
            doubted[i, j] = doubted[j, i] = True
            continue
        compared[i].merge(compared[j])
        groups.remove(compared[j])
        apart[j, :] = apart[:, j] = np.inf
        for k in range(count):
            if k != i and compared[k] in groups:
                _compare(compared, apart, i, k)


def _compare(groups: list[_Group], apart: NDArray[np.float64], i: int, j: int) -> None:
    value = np.inf if groups[i].is_beside(groups[j]) else groups[i].difference(groups[j])
    apart[i, j] = apart[j, i] = np.inf if math.isnan(value) else value


def _is_in_doubt(groups: list[_Group], apart: NDArray[np.float64], i: int, j: int) -> bool:
    """Whether somebody else, seen beside one of the two, looks nearly as much like the other."""
    for one, other in ((i, j), (j, i)):
        rivals = np.flatnonzero(apart[one] < _DOUBT * apart[i, j])
        if any(k != other and groups[k].is_beside(groups[other]) for k in rivals.tolist()):
            return True
    return False
