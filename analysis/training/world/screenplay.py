"""What a face does over time in a clip: expressions that rise, stay and fall, blinks, a moving head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from analysis.training.world import sampling
from analysis.training.world.scene import Pose
from analysis.training.world.types import Activation, Labels

#: Expressions of `sampling.PROTOTYPES` that a clip shows, each at most once before any is shown again.
EXPRESSIONS: Final = ("duchenne", "social", "surprise", "anger", "sadness", "disgust", "contempt")
#: At rest before the first expression and after the last one, seconds.
_REST_S: Final = 1.2
#: Shortest and longest onset, apex, offset and pause, seconds.
_ONSET_S, _APEX_S, _OFFSET_S, _PAUSE_S = (0.24, 0.6), (0.6, 1.4), (0.3, 0.8), (0.7, 1.2)
#: Closing, closed and opening of a blink, seconds.
_BLINK_S: Final = (0.08, 0.04, 0.16)
_STRENGTH: Final = (0.6, 1.0)
#: A turn of the head: largest angles, seconds for the way there (and back), and how long it stays.
_TURN_DEG: Final = (18.0, 8.0, 5.0)
_TURN_S: Final = (0.5, 1.0)
#: What a head does that keeps still: degrees, and seconds a sway.
_SWAY_DEG: Final = 1.2
_SWAY_S: Final = (3.0, 7.0)


#: What lids are while they are on their way, or for longer than a blink.
_LIDS: Final = frozenset({"41", "42", "43", "44", "46"})


@dataclass(frozen=True)
class Act:
    """One expression or blink; seconds from the clip's start.

    Attributes
    ----------
    activation : mapping of str to (float, float)
        At its apex, 0–1, subject's (left, right).
    onset_s, apex_s, release_s, offset_s : float
        Beginning of the rise, of the apex, of the fall, and end of the fall.
    """

    activation: Activation
    onset_s: float
    apex_s: float
    release_s: float
    offset_s: float

    def share(self, time_s: float) -> float:
        """How much of it shows, 0–1: without a jerk at either end."""
        rise = (time_s - self.onset_s) / (self.apex_s - self.onset_s)
        fall = (self.offset_s - time_s) / (self.offset_s - self.release_s)
        x = float(np.clip(min(rise, fall), 0, 1))
        return x * x * (3 - 2 * x)


@dataclass(frozen=True)
class Screenplay:
    """A clip's acts, in order and one at a time, and the head's movement.

    Attributes
    ----------
    turns : sequence of Act
        The activation holds the angles: ``yaw``, ``pitch``, ``roll``, degrees, twice each.
    sway : float64, shape (3, 2)
        Of yaw, pitch and roll: seconds a sway and its phase in radians.
    """

    duration_s: float
    acts: Sequence[Act]
    turns: Sequence[Act]
    sway: np.ndarray

    def activation(self, time_s: float) -> dict[str, tuple[float, float]]:
        """What the face does at a time; nothing where it is at rest."""
        shown: dict[str, tuple[float, float]] = {}
        for act in self.acts:
            if (share := act.share(time_s)) > 0:
                shown |= {code: (share * left, share * right) for code, (left, right) in act.activation.items()}
        return shown

    def pose(self, time_s: float) -> Pose:
        """Where the head is at a time."""
        period, phase = self.sway.T
        angles = _SWAY_DEG * np.sin(2 * np.pi * time_s / period + phase)
        for turn in self.turns:
            share = turn.share(time_s)
            angles += share * np.array([turn.activation[name][0] for name in ("yaw", "pitch", "roll")])
        return Pose(*map(float, angles))


def labels_in_time(labels: Labels, activation: Activation) -> Labels:
    """Labels of a frame of a clip, where a blink is told from closed eyes and from a lid on its way."""
    if "45" in activation:
        return labels | dict.fromkeys(_LIDS, (0.0, 0.0))
    return labels | {"45": (0.0, 0.0)}


def write(rng: Generator, codes: frozenset[str], duration_s: float) -> Screenplay:
    """Draw a screenplay.

    Parameters
    ----------
    rng : numpy.random.Generator
    codes : frozenset of str
        Action Units that the rig can show.
    duration_s : float
        The last act ends at least a second before.

    Raises
    ------
    ValueError
        There is no room for a single expression.
    """
    acts: list[Act] = []
    time, left = _REST_S, list(rng.permutation(EXPRESSIONS))
    while True:
        act = _expression(rng, str(left[0]), codes, time)
        pause = rng.uniform(*_PAUSE_S)
        if act.offset_s + _REST_S > duration_s:
            break
        acts.append(act)
        blink = act.offset_s + (pause - sum(_BLINK_S)) / 2
        acts.append(_act({"45": (1.0, 1.0)}, blink, *_BLINK_S))
        time, left = act.offset_s + pause, left[1:] or list(rng.permutation(EXPRESSIONS))
    if not acts:
        raise ValueError(f"a clip of {duration_s:g} s has no room for an expression")
    sway = np.stack([rng.uniform(*_SWAY_S, 3), rng.uniform(0, 2 * np.pi, 3)], axis=1)
    return Screenplay(duration_s, acts, _turns(rng, duration_s), sway)


def _act(activation: Activation, onset: float, rise: float, stay: float, fall: float) -> Act:
    return Act(activation, onset, onset + rise, onset + rise + stay, onset + rise + stay + fall)


def _expression(rng: Generator, name: str, codes: frozenset[str], onset: float) -> Act:
    activation = sampling.expression(rng, name, float(rng.uniform(*_STRENGTH)), codes)
    rise, stay, fall = (float(rng.uniform(*span)) for span in (_ONSET_S, _APEX_S, _OFFSET_S))
    return _act(activation, onset, rise, stay, fall)


def _turns(rng: Generator, duration_s: float) -> list[Act]:
    """One turn in every six seconds, whatever the face does meanwhile; the first seconds are about frontal."""
    out = []
    for start in np.arange(3.0, duration_s - 3.0, 6.0):
        yaw, pitch, roll = (float(angle) for angle in rng.uniform(-1, 1, 3) * _TURN_DEG)
        angles = {"yaw": (yaw, yaw), "pitch": (pitch, pitch), "roll": (roll, roll)}
        rise, stay, fall = (float(rng.uniform(*_TURN_S)) for _ in range(3))
        out.append(_act(angles, float(start), rise, stay, fall))
    return out
