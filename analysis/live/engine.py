"""One live session: a picture goes in, what can be said of the face at that moment comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from analysis.face.mesh import face_box
from analysis.face.texture import SkinTexture
from analysis.face.tracker import State, Tracker
from analysis.facs.baseline import Neutral
from analysis.facs.intensity import Intensities, intensities
from analysis.facs.quality import quality
from analysis.facs.series import Float64
from analysis.facs.visibility import Visibility, hide, visibility
from analysis.live.recent import History, Recent
from analysis.live.row import COLUMNS, measured
from analysis.live.settling import Progress, Settling
from analysis.scoring.package import Package, default
from analysis.types import Float32, Observation, Rgb

MAX_FACES: Final = 3
"""So many are noticed; one is measured."""
_DARK: Final = 45.0
"""Grey of the skin, 0–255, under which the mesh grows noisy (our own choice, on cameras at hand)."""
_HANDOVER_US: Final = 1_000_000
"""A subject that is gone for so long is not waited for when another face is there."""


@dataclass(frozen=True)
class Seen:
    """What can be said after one picture.

    Attributes
    ----------
    time_us : int
        Of the picture.
    faces : int
        Faces in the picture that are believed.
    points : float32, shape (478, 3), or None
        Of the one that is measured, in pixels.
    box : tuple of float or None
        Its x, y, width and height in pixels.
    pose : tuple of float or None
        Yaw, pitch and roll, degrees (`analysis.face.pose`).
    quality : float
        0–1; 0 without a face.
    gates : tuple of str
        Why not everything is scored, as in ``signals.parquet``, and ``dark``.
    neutral : Neutral or None
        What intensities are deviations from; without it there are none.
    progress : Progress
        Of the search for it.
    both : mapping of str to float
        Intensity 0–5 by code; NaN where it cannot be scored now.
    sides : mapping of str to dict
        By sided code, ``L`` and ``R``, the subject's.
    """

    time_us: int
    faces: int = 0
    points: Float32 | None = None
    box: tuple[float, float, float, float] | None = None
    pose: tuple[float, float, float] | None = None
    quality: float = 0.0
    gates: tuple[str, ...] = ()
    neutral: Neutral | None = None
    progress: Progress = field(default_factory=lambda: Progress(0.0, "no face"))
    both: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class Engine:
    """Everything that one session needs between two pictures.

    Parameters
    ----------
    package : Package, optional
        The scorer; the newest that came with the product when left out.
    neutral : Neutral, optional
        Of the same session, where another process found it.

    Raises
    ------
    ModelError
        The face models are not installed.
    """

    def __init__(self, package: Package | None = None, neutral: Neutral | None = None) -> None:
        self._package = package or default()
        self._tracker = Tracker(MAX_FACES)
        self._texture = SkinTexture()
        self._history = History(COLUMNS)
        self._settling = Settling()
        self._number = 0
        self._time_us: int | None = None
        self._subject: int | None = None
        self._subject_us = 0
        self.neutral = neutral

    def see(self, rgb: Rgb, time_us: int) -> Seen:
        """Look at the next picture.

        Parameters
        ----------
        rgb : uint8, shape (height, width, 3)
            Not mirrored: left and right are the subject's.
        time_us : int
            When it was taken, microseconds. One that does not come after the last is taken to follow it at once: a
            browser's clock may be set while it runs.

        Returns
        -------
        Seen
        """
        if self._time_us is not None:
            time_us = max(time_us, self._time_us + 1000)
        self._time_us = time_us
        self._number += 1
        found = self._tracker.update(rgb, time_us)
        standing = self._tracker.standing()
        believed = [one for one in found if standing.state(one.track) is State.CONFIRMED]
        subject = self._chosen(believed, time_us)
        if subject is None:
            return Seen(time_us, len(believed), neutral=self.neutral, progress=self._settling.progress)
        values = measured(rgb, subject, self._texture, self._package)
        self._history.add(self._number, time_us, values)
        self._settling.add(self._number, time_us, values)
        if self.neutral is None:
            self.neutral = self._settling.found()
        return self._said(subject, len(believed), rgb.shape[:2])

    def take_neutral(self) -> Neutral | None:
        """Make the face of this moment the neutral one, because a person says so.

        Returns
        -------
        Neutral or None
            None where no face is measured at this moment; what was neutral before then stays.
        """
        chosen = self._settling.chosen() if self._seen_just_now() else None
        self.neutral = chosen or self.neutral
        return chosen

    def forget_neutral(self) -> None:
        """Look for the neutral face anew."""
        self.neutral, self._settling = None, Settling()

    def _seen_just_now(self) -> bool:
        return self._subject is not None and self._subject_us == self._time_us

    def _chosen(self, believed: list[Observation], time_us: int) -> Observation | None:
        """The face that is measured: the one before as long as it is there, otherwise the largest."""
        for one in believed:
            if one.track == self._subject:
                self._subject_us = time_us
                return one
        if not believed or (self._subject is not None and time_us - self._subject_us < _HANDOVER_US):
            return None
        largest = max(believed, key=lambda one: _area(one.landmarks))
        if self._subject is not None:  # maybe somebody else: what was measured before is not theirs
            self._history.clear()
            self._settling = Settling()
        self._subject, self._subject_us = largest.track, time_us
        return largest

    def _said(self, subject: Observation, faces: int, shape: tuple[int, ...]) -> Seen:
        assert self._time_us is not None
        series = self._history.series()
        height, width = shape
        seen = visibility(series, (width, height))
        marks = quality(series)
        last = {name: float(values[-1]) for name, values in series.columns.items() if name in _SAID}
        gates = tuple(reason for reason, mask in seen.reasons().items() if mask[-1])
        if last["brightness"] < _DARK:
            gates = (*gates, "dark")
        both, sides = self._scored(series, seen)
        return Seen(
            self._time_us,
            faces,
            subject.landmarks,
            (last["box_x"], last["box_y"], last["box_w"], last["box_h"]),
            (last["yaw_deg"], last["pitch_deg"], last["roll_deg"]),
            float(marks[-1]),
            gates,
            self.neutral,
            self._settling.progress,
            both,
            sides,
        )

    def _scored(self, series: Recent, seen: Visibility) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        if self.neutral is None:
            return {}, {}
        found: Intensities = intensities(series, self.neutral, self._package)
        both, sides = hide(*_of_this_moment(found), _now(seen))
        return (
            {code: float(values[0]) for code, values in both.items()},
            {code: {side: float(values[0]) for side, values in part.items()} for code, part in sides.items()},
        )


_SAID: Final = frozenset({"box_x", "box_y", "box_w", "box_h", "yaw_deg", "pitch_deg", "roll_deg", "brightness"})


def _of_this_moment(found: Intensities) -> tuple[dict[str, Float64], dict[str, dict[str, Float64]]]:
    both = {code: values[-1:] for code, values in found.both.items()}
    sides = {code: {side: values[-1:] for side, values in part.items()} for code, part in found.sides.items()}
    return both, sides


def _now(seen: Visibility) -> Visibility:
    """What is seen in the last picture alone."""
    return Visibility(
        {name: mask[-1:] for name, mask in seen.face.items()},
        {side: mask[-1:] for side, mask in seen.sides.items()},
        {region: {why: mask[-1:] for why, mask in masks.items()} for region, masks in seen.regions.items()},
    )


def _area(landmarks: Float32) -> float:
    x0, y0, x1, y1 = face_box(landmarks)
    return float((x1 - x0) * (y1 - y0))
