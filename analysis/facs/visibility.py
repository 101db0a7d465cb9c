"""Why an Action Unit is not scored in a frame: what of the face cannot be seen, and which unit needs it.

Nothing here depends on the scorer: `hide` works on dictionaries code → curve and code → side → curve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from analysis.face.reference import N_SKIN, reference
from analysis.facs.codes import ACTION_UNITS, CATALOGUE, VISIBILITY_CODES
from analysis.facs.events import Event
from analysis.facs.quality import FACE_REASONS, Mask, beyond, face_gates, far_side
from analysis.facs.regions import REGIONS, regions_of
from analysis.facs.series import FaceSeries, Float64, Int64

#: A region counts as hidden when less of it than the first share is seen, until more than the second is.
_HIDDEN_SHARE: Final = 0.4
_BACK_SHARE: Final = 0.6
#: A hand is on its way before and after; and curves are smoothed over 0.22 s, half of it on each side.
_AROUND_US: Final = 120_000
#: Shorter than this is no event of 70–74; the reasons by frame still say it.
LEAST_EVENT_US: Final = 200_000
#: Landmarks around each region, for the subject's right where it has two sides.
_POINTS: Final[Mapping[str, Sequence[int]]] = {
    "brows": (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
    "eye_R": (33, 133, 159, 145, 130, 243, 27, 23),
    "nose": (168, 98, 327, 2, 4, 129, 358),
    "mouth": (61, 291, 0, 17),
    "chin": (199, 152, 176, 400, 18),
}


@dataclass(frozen=True)
class Visibility:
    """What can be seen of one face.

    Attributes
    ----------
    face : dict of str to bool array, shape (n,)
        By reason (`quality.FACE_REASONS`) frames in which nothing is scored.
    sides : dict of str to bool array
        By ``L`` and ``R`` frames in which that side is turned away: only the other side is scored.
    regions : dict of str to dict
        By region (`REGIONS`) and reason (``occluded``, ``cut``) frames in which it is hidden.
    """

    face: Mapping[str, Mask]
    sides: Mapping[str, Mask]
    regions: Mapping[str, Mapping[str, Mask]]

    @property
    def unmeasured(self) -> Mask:
        """Frames in which the whole face is gated, shape (n,)."""
        return np.asarray(np.any(list(self.face.values()), axis=0))

    def hidden(self, region: str) -> Mask:
        """Frames in which a region is hidden for whatever reason, shape (n,)."""
        return np.asarray(np.any(list(self.regions[region].values()), axis=0))

    def gated(self, code: str, side: str = "") -> Mask:
        """Frames in which a code is not scored, shape (n,); with ``side`` L or R: not for that side."""
        out = self.unmeasured
        if side:
            out = out | self.sides[side]
        for region in regions_of(code, side):
            out = out | self.hidden(region)
        return np.asarray(out)

    def reasons(self) -> dict[str, Mask]:
        """Every reason as it is written in ``signals.parquet``, with its frames, in the order of writing."""
        out = {reason: self.face[reason] for reason in FACE_REASONS}
        out |= {f"turned:{name}": self.sides[side] & ~out["turned"] for side, name in _SIDE_NAMES.items()}
        for region in REGIONS:
            out |= {f"{reason}:{region}": mask for reason, mask in self.regions[region].items()}
        return out


_SIDE_NAMES: Final = {"L": "left", "R": "right"}


@cache
def _boxes() -> tuple[float, Mapping[str, tuple[float, float, float, float]]]:
    """Width of the resting face by its height, and x0, x1, y0, y1 of every region in heights from its centre."""
    skin = reference().xyz[:N_SKIN, :2] * (1, -1)  # y down, as in pictures
    low, high = skin.min(0), skin.max(0)
    width, height = high - low
    centred = (skin - (low + high) / 2) / height
    mirror = reference().mirror
    points = dict(_POINTS) | {"eye_L": [int(mirror[i]) for i in _POINTS["eye_R"]]}
    boxes = {}
    for region in REGIONS:
        x, y = centred[list(points[region])].T
        boxes[region] = (float(x.min()), float(x.max()), float(y.min()), float(y.max()))
    return float(width / height), boxes


def inside_picture(series: FaceSeries, region: str, size: tuple[int, int]) -> Float64:
    """Share of a region that lies within the picture, 0–1, shape (n,).

    The region's place is that on a resting face in front view, laid into the box around the landmarks and tilted
    with the head. A turned head shifts it a little.

    Parameters
    ----------
    series : FaceSeries
    region : str
        One of `REGIONS`.
    size : tuple of int
        Width and height of the upright picture, pixels.
    """
    aspect, boxes = _boxes()
    x0, x1, y0, y1 = boxes[region]
    height = np.hypot(series["box_w"], series["box_h"]) / np.hypot(
        1, aspect
    )  # the face is an oval, however tilted
    across, down = np.meshgrid(np.linspace(x0, x1, 5), np.linspace(y0, y1, 5))
    roll = np.radians(series["roll_deg"])[:, None]
    x, y = across.ravel() * height[:, None], down.ravel() * height[:, None]
    column = (series["box_x"] + series["box_w"] / 2)[:, None] + np.cos(roll) * x - np.sin(roll) * y
    row = (series["box_y"] + series["box_h"] / 2)[:, None] + np.sin(roll) * x + np.cos(roll) * y
    inside = (column >= 0) & (column < size[0]) & (row >= 0) & (row < size[1])
    return np.where(np.isfinite(height), inside.mean(1), np.nan)


def _widened(series: FaceSeries, gated: Mask) -> Mask:
    """A mask grown by `_AROUND_US` on both sides, within runs."""
    out = gated.copy()
    for run in series.runs:
        times = series.time_us[run]
        hidden = times[gated[run]]
        if len(hidden):
            after = np.minimum(np.searchsorted(hidden, times), len(hidden) - 1)
            before = np.maximum(np.searchsorted(hidden, times, side="right") - 1, 0)
            nearest = np.minimum(np.abs(hidden[after] - times), np.abs(hidden[before] - times))
            out[run] = nearest <= _AROUND_US
    return out


def visibility(series: FaceSeries, size: tuple[int, int] | None = None) -> Visibility:
    """Find out what of a face is seen.

    Parameters
    ----------
    series : FaceSeries
        With ``visible_brows`` … ``visible_chin`` (0–1) where the measurement has them; an absent column or NaN is
        taken as visible, since nothing says otherwise.
    size : tuple of int, optional
        Width and height of the upright picture in pixels; without it nothing is known to be cut off.
    """
    regions: dict[str, dict[str, Mask]] = {}
    for region in REGIONS:
        shares = {"occluded": series[f"visible_{region}"]} if f"visible_{region}" in series.columns else {}
        if size is not None:
            shares["cut"] = inside_picture(series, region, size)
        regions[region] = {
            reason: _widened(series, beyond(series, -share, -_HIDDEN_SHARE, -_BACK_SHARE))
            for reason, share in shares.items()
        } or {"occluded": np.zeros(len(series), bool)}
    return Visibility(face_gates(series), far_side(series), regions)


def hide(
    both: Mapping[str, Float64], sides: Mapping[str, Mapping[str, Float64]], seen: Visibility
) -> tuple[dict[str, Float64], dict[str, dict[str, Float64]]]:
    """A scorer's output with NaN where a code, or one side of it, cannot be seen.

    Parameters
    ----------
    both : dict of str to float64, shape (n,)
        Intensities by code.
    sides : dict of str to dict
        By sided code, ``L`` and ``R``, the subject's.
    seen : Visibility

    Returns
    -------
    dict, dict
        The same codes and sides. Where one side of a code is hidden the unit is the other side's intensity.
    """
    shown_sides = {
        code: {side: np.where(seen.gated(code, side), np.nan, values) for side, values in part.items()}
        for code, part in sides.items()
    }
    shown: dict[str, Float64] = {}
    for code, values in both.items():
        if code not in shown_sides:
            shown[code] = np.where(seen.gated(code), np.nan, values)
            continue
        part = shown_sides[code]
        touched = np.any([seen.gated(code, side) for side in part], axis=0)
        shown[code] = np.where(touched, np.fmax.reduce(list(part.values())), values)
    return shown, shown_sides


def unscorable(seen: Visibility) -> Mask:
    """Frames in which none of the 44 Action Units is scored on either side, shape (n,)."""
    out = np.ones_like(seen.unmeasured)
    for code in ACTION_UNITS:
        ways = [seen.gated(code, side) for side in "LR"] if CATALOGUE[code].sided else [seen.gated(code)]
        out &= np.all(ways, axis=0)
    return np.asarray(out)


def gate_codes(frames: int, rows: Int64, seen: Visibility) -> tuple[tuple[str, ...], Int64]:
    """Why something is not scored, for every decoded frame.

    Parameters
    ----------
    frames : int
        Number of decoded frames.
    rows : int64, shape (n,)
        Place of each frame of the face among them.
    seen : Visibility
        Of those n frames.

    Returns
    -------
    tuple of str
        Texts: empty, ``no face``, or reasons joined by ``;``.
    int64, shape (frames,)
        Index of each frame's text.
    """
    reasons = seen.reasons()
    bits = np.full(frames, -1, np.int64)
    bits[rows] = np.sum([mask.astype(np.int64) << place for place, mask in enumerate(reasons.values())], axis=0)
    values, index = np.unique(bits, return_inverse=True)
    names = list(reasons)
    texts = tuple(
        "no face" if value < 0 else ";".join(name for place, name in enumerate(names) if value >> place & 1)
        for value in values.tolist()
    )
    return texts, index.astype(np.int64)


def _spread(frames: int, rows: Int64, mask: Mask) -> Mask:
    out = np.zeros(frames, bool)
    out[rows] = mask
    return out


def _states(frames: int, rows: Int64, seen: Visibility) -> dict[str, Mask]:
    """By code 70–74 the decoded frames between the face's first and last in which it holds.

    73 where the face was not found or every region is hidden, 74 where it was found but nothing can be scored;
    only elsewhere 70 brows, 71 both eyes, 72 the mouth, without which no unit of the lower face is scored.
    """
    if not len(rows):
        return dict.fromkeys(VISIBILITY_CODES, np.zeros(frames, bool))
    hidden = {region: seen.hidden(region) for region in REGIONS}
    everything = np.asarray(np.all(list(hidden.values()), axis=0))
    away = np.zeros(frames, bool)
    away[rows[0] : rows[-1] + 1] = True
    away[rows] = everything
    none = unscorable(seen) & ~everything
    partly = ~(everything | none)
    parts = {"70": hidden["brows"], "71": hidden["eye_L"] & hidden["eye_R"], "72": hidden["mouth"]}
    found = {code: _spread(frames, rows, mask & partly) for code, mask in parts.items()}
    return found | {"73": away, "74": _spread(frames, rows, none)}


def _certainty(code: str, rows: Int64, series: FaceSeries, first: int, last: int) -> float:
    """Mean share of the region that is hidden, for what the measurement's shares say; otherwise 1."""
    names = {"70": ("brows",), "71": ("eye_L", "eye_R"), "72": ("mouth",)}.get(code, ())
    inside = (rows >= first) & (rows <= last)
    shares = [1 - series[f"visible_{name}"][inside] for name in names if f"visible_{name}" in series.columns]
    known = [share for share in shares if np.isfinite(share).any()]
    return float(np.nanmean(known)) if known else 1.0


def visibility_events(times: Int64, rows: Int64, series: FaceSeries, seen: Visibility) -> list[Event]:
    """Events of 70–74 of one face, in order of onset.

    Parameters
    ----------
    times : int64, shape (m,)
        Times of all decoded frames, microseconds.
    rows : int64, shape (n,)
        Place of each of the series' frames among them.
    series : FaceSeries
    seen : Visibility
        Of the same series.

    Returns
    -------
    list of Event
        Without side and intensity; onset and apex at the first frame, offset at the last. The confidence is the
        mean share of the region that is hidden where the measurement has shares, and 1 where a limit was passed.
    """
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    out: list[Event] = []
    for code, mask in _states(len(times), rows, seen).items():
        edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
        for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            onset, offset = int(times[first]), int(times[stop - 1])
            if offset - onset + interval < LEAST_EVENT_US:
                continue
            certainty = _certainty(code, rows, series, first, stop - 1)
            out.append(Event(code, "", "", onset, onset, offset, round(min(max(certainty, 0.0), 1.0), 3)))
    return sorted(out, key=lambda event: (event.onset_us, CATALOGUE[event.code].order))
