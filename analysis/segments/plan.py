"""Where a recording can be split: read from its packets, without decoding any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any, Final

import av

from analysis.measuring import STEP_US
from analysis.media.container import microseconds, opened

SPLIT_US: Final = 15 * 60 * 1_000_000
"""Longer recordings are split."""
PART_US: Final = 5 * 60 * 1_000_000
"""A segment's length, about: what is measured twice at each joint is then a few per cent."""
WARM_US: Final = 2 * STEP_US
"""A segment decodes at least so long before its first own frame. A lost face is forgotten after five seconds, and
the crops of two beginnings have become the same in less than two (docs/segments.md)."""
_MOST_WARM: Final = 0.25
"""Where the last keyframe is further away than this share of a segment, there is no joint."""
_INDEXED: Final = frozenset({"mov", "matroska"})
"""Containers that lead to a keyframe exactly."""


@dataclass(frozen=True, slots=True)
class Joint:
    """Where one segment ends and the next begins: at the first common mark from ``begin_us`` on.

    Attributes
    ----------
    keyframe_us : int
        Where the later segment begins to decode.
    begin_us : int
        A multiple of `STEP_US`.
    """

    keyframe_us: int
    begin_us: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a recording is split.

    Attributes
    ----------
    joints : tuple of Joint
        In the order of time; none: the recording is measured in one go.
    keyframes_us : tuple of int
        All of them.
    frames : tuple of int
        Pictures of every segment, by the packets; about.
    warm : tuple of int
        Pictures that every segment decodes before them.
    """

    joints: tuple[Joint, ...] = ()
    keyframes_us: tuple[int, ...] = ()
    frames: tuple[int, ...] = ()
    warm: tuple[int, ...] = ()

    @property
    def parts(self) -> int:
        return len(self.joints) + 1

    def plain(self) -> dict[str, Any]:
        """Plain JSON values, for `of_plain`."""
        return asdict(self)

    @classmethod
    def of_plain(cls, values: Mapping[str, Any]) -> Plan:
        joints = tuple(Joint(**one) for one in values["joints"])
        return cls(joints, tuple(values["keyframes_us"]), tuple(values["frames"]), tuple(values["warm"]))


def plan(video: Path, *, over_us: int = SPLIT_US, part_us: int = PART_US) -> Plan:
    """Choose the segments of a recording.

    Parameters
    ----------
    video : Path
    over_us : int
        Shorter recordings are not split.
    part_us : int
        Segments are at most about so long.

    Returns
    -------
    Plan
        Without joints where the recording is short, its container has no index, its packets are damaged or lack
        times, or it has no keyframes where joints would be.

    Raises
    ------
    MediaError
        The file cannot be read as video.
    """
    with opened(Path(video)) as streams:
        names = set(streams.container.format.name.split(","))
        length = streams.container.duration
        if not names & _INDEXED or (length is not None and length <= over_us // 2):
            return Plan()
        base = streams.video.time_base or Fraction(1, 1000)
        stamps: list[int] = []
        keys: list[int] = []
        try:
            for packet in streams.container.demux(streams.video):
                if packet.size == 0:
                    continue  # the end
                if packet.pts is None or packet.is_corrupt:
                    return Plan()
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except av.error.FFmpegError:
            return Plan()
        origin = streams.origin
    times = sorted(microseconds(stamp * base - origin) for stamp in stamps)
    if not times or times[-1] <= over_us or any(after <= before for before, after in pairwise(times)):
        return Plan()
    keyframes = sorted(microseconds(stamp * base - origin) for stamp in keys)
    return _planned(times, keyframes, part_us)


def _planned(times: list[int], keyframes: list[int], part_us: int) -> Plan:
    count = ceil(times[-1] / part_us)
    joints: list[Joint] = []
    for number in range(1, count):
        begin = round(number * times[-1] / count / STEP_US) * STEP_US
        keyframe = max((one for one in keyframes if one <= begin - WARM_US), default=0)
        warm = begin - keyframe
        if keyframe <= 0 or warm > max(_MOST_WARM * part_us, 1.5 * WARM_US):
            continue
        if begin - (joints[-1].begin_us if joints else 0) >= STEP_US:
            joints.append(Joint(keyframe, begin))
    edges = [0, *(joint.begin_us for joint in joints), times[-1] + 1]
    frames = tuple(sum(low <= time < high for time in times) for low, high in pairwise(edges))
    before = (0, *(sum(joint.keyframe_us <= time < joint.begin_us for time in times) for joint in joints))
    return Plan(tuple(joints), tuple(keyframes), frames, before)
