"""What the figure does: its expressions, blinks, a head that sways, a mouth that follows its sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.training.interview.play import Play
from analysis.training.interview.voices import Phone, Spoken
from analysis.training.world.scene import Pose
from analysis.training.world.screenplay import Act

#: Mouth shapes as in `world.sampling.SPEECH` (Action Units and strengths), by the sounds they go with.
_SHAPES: Final = {
    "aa ae ah ax ay aw hh": {"26": 0.6, "25": 0.6},
    "eh ey er ih k g ng": {"25": 0.5, "20": 0.2, "26": 0.3},
    "iy y": {"25": 0.4, "20": 0.4},
    "ao ow oy": {"26": 0.5, "22": 0.4, "25": 0.4},
    "uw uh w": {"18": 0.6, "26": 0.2},
    "m b p": {"24": 0.4},
    "f v": {"16": 0.1, "10": 0.2, "25": 0.2},
    "sh ch jh zh r": {"22": 0.5, "25": 0.4},
    "s z": {"16": 0.3, "25": 0.4},
    "th dh l n d t": {"25": 0.4, "26": 0.2},
}
_SHAPE_OF: Final = {name: shape for names, shape in _SHAPES.items() for name in names.split()}
#: Sounds run into each other: a mouth is the mean of what it does within this time, seconds. Our choice.
_BLENDED_S: Final = 0.1
#: Closing, closed and opening of a blink, and the time between two, seconds.
_BLINK_S: Final = (0.08, 0.04, 0.16)
_BETWEEN_BLINKS_S: Final = (3.0, 5.5)
#: A head that keeps about still: degrees and seconds a sway; while it speaks it nods by so much more.
_SWAY_DEG: Final = np.array([2.5, 1.0, 1.0])
_SWAY_S: Final = np.array([11.0, 7.3, 13.7])
_NOD_DEG, _NOD_S = 1.5, 0.9

Activation = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Acting:
    """The figure's part; times in seconds.

    Attributes
    ----------
    acts : sequence of Act
        Expressions and blinks.
    phones : sequence of Phone
        What the figure itself says, ascending.
    """

    acts: Sequence[Act]
    phones: Sequence[Phone]

    def activation(self, time_s: float) -> Activation:
        """What shows at a time, 0–1, subject's (left, right); of an expression and the mouth the stronger."""
        shown: Activation = {}
        for act in self.acts:
            if (share := act.share(time_s)) > 0:
                _raise(shown, {code: share * left for code, (left, _) in act.activation.items()})
        _raise(shown, self.mouth(time_s))
        return shown

    def mouth(self, time_s: float) -> dict[str, float]:
        """What the mouth does to speak; empty while it is silent."""
        start, end = time_s - _BLENDED_S / 2, time_s + _BLENDED_S / 2
        out: dict[str, float] = {}
        for phone in self.phones:
            overlap = min(end, phone.end_s) - max(start, phone.start_s)
            if overlap <= 0:
                continue
            for code, strength in _SHAPE_OF.get(phone.name, {}).items():
                out[code] = out.get(code, 0.0) + strength * overlap / _BLENDED_S
        return out

    def pose(self, time_s: float) -> Pose:
        """Where the head is."""
        angles = _SWAY_DEG * np.sin(2 * np.pi * time_s / _SWAY_S)
        near = any(phone.start_s - 0.2 <= time_s <= phone.end_s + 0.2 for phone in self.phones)
        angles[1] += _NOD_DEG * np.sin(2 * np.pi * time_s / _NOD_S) * near * 0.5
        return Pose(*map(float, angles))


def cast(play: Play, spoken: Sequence[Spoken], who: str, codes: frozenset[str]) -> Acting:
    """The part of `who`; the same at every call: blinks are drawn with the play's seed, none in an expression.

    Parameters
    ----------
    codes : frozenset of str
        What the rig can show.

    Raises
    ------
    ValueError
        The rig cannot show it, or no mouth shape is known for a sound.
    """
    phones = [phone for one in spoken if one.line.who == who for phone in one.phones if phone.name != "pau"]
    unknown = {phone.name for phone in phones} - set(_SHAPE_OF)
    if unknown:
        raise ValueError(f"no mouth shape for {', '.join(sorted(unknown))}")
    shapes = {code for shape in _SHAPES.values() for code in shape}
    if lacking := (shapes | {"45"} | {code for act in play.acts for code in act.activation}) - codes:
        raise ValueError(f"the rig cannot show {', '.join(sorted(lacking, key=int))}")
    acts = list(play.acts)
    rng = np.random.default_rng((play.seed, 4))
    time = 0.9
    while time + sum(_BLINK_S) < play.seconds:
        if not any(act.onset_s - sum(_BLINK_S) < time < act.offset_s for act in play.acts):
            corners = np.cumsum([time, *_BLINK_S])
            acts.append(Act({"45": (1.0, 1.0)}, *map(float, corners)))
        time += float(rng.uniform(*_BETWEEN_BLINKS_S))
    return Acting(acts, phones)


def _raise(shown: Activation, more: dict[str, float]) -> None:
    for code, strength in more.items():
        value = max(strength, shown.get(code, (0.0, 0.0))[0])
        shown[code] = (value, value)
