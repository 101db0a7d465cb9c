"""The demonstration clips as they come under other conditions: other rates and sizes, a hand, glasses, nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis import pipeline
from analysis.face.tracker import Tracker
from analysis.facs.events import Event
from analysis.interpretation import Interpretation
from analysis.media import frames
from analysis.types import Rgb
from analysis.validation.events import Agreement, match, proposed_spans
from tests.analysis import clips

Array = NDArray[np.float64]
FRAME_US = 40_000


@dataclass(frozen=True)
class Pictures:
    """Pictures and when each is shown, microseconds."""

    rgb: list[Rgb]
    times_us: list[int]

    def write(self, path: Path) -> Path:
        large = self.rgb[0].shape[0] > 1080
        return clips.write(path, self.rgb, times_us=self.times_us, preset="ultrafast" if large else "superfast")


def cut(name: str, start_s: float, end_s: float) -> Pictures:
    """Part of one of ``tests/media``, by the beginning of its name; its first picture is at 0."""
    (path,) = clips.MEDIA.glob(f"{name}_*.mp4")
    found = [frame.rgb.copy() for frame in frames(path, start_us=round(start_s * 1e6), end_us=round(end_s * 1e6))]
    return Pictures(found, [i * FRAME_US for i in range(len(found))])


def back_and_forth(pictures: Pictures, count: int) -> Pictures:
    """``count`` pictures: forwards, backwards, forwards … so that a short rest becomes a long one."""
    n = len(pictures.rgb)
    order = [min(i % (2 * n), 2 * n - 1 - i % (2 * n)) for i in range(count)]
    return Pictures([pictures.rgb[i] for i in order], [i * FRAME_US for i in range(count)])


def at_rate(pictures: Pictures, rate: int) -> Pictures:
    """At another frame rate, in-between pictures blended from their two neighbours as rate converters do."""
    times = np.arange(0, pictures.times_us[-1] + 1, 1e6 / rate)
    out = []
    for place in times / FRAME_US:
        first = int(place)
        second = min(first + 1, len(pictures.rgb) - 1)
        share = place - first
        out.append(cv2.addWeighted(pictures.rgb[first], 1 - share, pictures.rgb[second], share, 0))
    return Pictures(out, [round(time) for time in times.tolist()])


def thinned(pictures: Pictures) -> Pictures:
    """Every other picture, at its own time."""
    return Pictures(pictures.rgb[::2], pictures.times_us[::2])


def irregular(pictures: Pictures, seed: int = 3) -> Pictures:
    """Two pictures of five left out by chance, never more than three in a row; the others keep their times."""
    rng = np.random.default_rng(seed)
    kept, dropped = [], 0
    for i in range(len(pictures.rgb)):
        dropped = dropped + 1 if i and dropped < 3 and rng.random() < 0.4 else 0
        if not dropped:
            kept.append(i)
    return Pictures([pictures.rgb[i] for i in kept], [pictures.times_us[i] for i in kept])


def resized(pictures: Pictures, height: int) -> Pictures:
    """Scaled to a height in pixels."""
    h, w = pictures.rgb[0].shape[:2]
    size = (round(w * height / h / 2) * 2, height)
    how = cv2.INTER_AREA if height < h else cv2.INTER_CUBIC
    return Pictures([cv2.resize(rgb, size, interpolation=how) for rgb in pictures.rgb], pictures.times_us)


def turned(pictures: Pictures, degrees: int) -> Pictures:
    """As a phone stores what it filmed while held at an angle; `DISPLAY` has the matrix that sets it upright."""
    return Pictures(
        [np.ascontiguousarray(np.rot90(rgb, degrees // 90)) for rgb in pictures.rgb], pictures.times_us
    )


#: Display matrix that turns a stored picture by so many degrees clockwise.
DISPLAY = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def side_by_side(left: Pictures, right: Pictures) -> Pictures:
    """Two people in one picture."""
    both = [np.hstack(pair) for pair in zip(left.rgb, right.rgb, strict=False)]
    return Pictures(both, left.times_us[: len(both)])


def nobody(pictures: Pictures, seed: int = 5) -> Pictures:
    """The clip's own colours as slowly moving blurred blocks: skin, hair and background, but no face."""
    h, w = pictures.rgb[0].shape[:2]
    rng = np.random.default_rng(seed)
    blocks = pictures.rgb[0][: h // 40 * 40, : w // 40 * 40].reshape(h // 40, 40, w // 40, 40, 3).swapaxes(1, 2)
    mixed = rng.permutation(blocks.reshape(-1, 40, 40, 3)).reshape(h // 40, w // 40, 40, 40, 3)
    still = cv2.GaussianBlur(mixed.swapaxes(1, 2).reshape(h // 40 * 40, w // 40 * 40, 3), (0, 0), 12)
    moving = [np.ascontiguousarray(np.roll(still, 2 * i, axis=1)) for i in range(len(pictures.rgb))]
    return Pictures(moving, pictures.times_us)


def landmarks(pictures: Pictures) -> Array:
    """The face's landmarks in every picture, shape (n, 478, 2), pixels."""
    tracker = Tracker(1)
    found = []
    for rgb, time_us in zip(pictures.rgb, pictures.times_us, strict=True):
        (face,) = tracker.update(rgb, time_us)
        found.append(face.landmarks[:, :2].astype(np.float64))
    return np.stack(found)


def blend(rgb: Rgb, colour: Array, cover: Array) -> Rgb:
    """``colour`` (h, w, 3) or (3,) laid over a picture with ``cover`` (h, w), 0–1."""
    mixed = rgb + (colour - rgb.astype(np.float64)) * cover[..., None]
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


# Points that no expression moves: the corners of the eyes, the root of the nose.
_RIGID = (33, 133, 362, 263, 168, 6)


def with_glasses(pictures: Pictures, points: Array) -> Pictures:
    """Thin dark frames that sit on the face, slightly see-through, with a highlight on each lens."""
    first = points[0]
    frame, glass = _glasses(first, pictures.rgb[0].shape[:2])
    out = []
    for rgb, now in zip(pictures.rgb, points, strict=True):
        move, _ = cv2.estimateAffinePartial2D(first[list(_RIGID)], now[list(_RIGID)], method=cv2.LMEDS)
        size = (rgb.shape[1], rgb.shape[0])
        dark, bright = (cv2.warpAffine(layer, move, size) for layer in (frame, glass))
        shown = blend(rgb, np.array([250.0, 250, 255]), 0.22 * bright)
        out.append(blend(shown, np.array([28.0, 24, 24]), 0.85 * dark))
    return Pictures(out, pictures.times_us)


def _glasses(points: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Cover of the frames and of the highlights on the lenses, (h, w), 0–1, drawn four times as large."""
    large = 4
    dark, bright = (np.zeros((size[0] * large, size[1] * large), np.uint8) for _ in range(2))
    apart = float(np.linalg.norm(points[33] - points[263]))
    thick = max(1, round(0.026 * apart * large))
    tilt = float(np.degrees(np.arctan2(*(points[263] - points[33])[::-1])))

    def at(point: Array) -> tuple[int, int]:
        x, y = np.rint(point * large).astype(int).tolist()
        return x, y

    radii = (round(0.27 * apart * large), round(0.215 * apart * large))
    inner = []
    for corners, side, ear in (((33, 133), -1, 127), ((362, 263), 1, 356)):
        middle = points[list(corners)].mean(0)

        def beside(x: float, y: float, middle: Array = middle) -> tuple[int, int]:
            return at(middle + apart * np.array([x, y]))

        centre = beside(0.02 * side, 0.05)
        cv2.ellipse(dark, centre, radii, tilt, 0, 360, 255, thick, cv2.LINE_AA)
        lens, streak = np.zeros_like(bright), np.zeros_like(bright)
        cv2.ellipse(lens, centre, radii, tilt, 0, 360, 255, -1, cv2.LINE_AA)
        cv2.line(streak, beside(-0.16, 0.23), beside(0.04, -0.15), 255, 3 * thick, cv2.LINE_AA)
        bright = np.maximum(bright, np.minimum(lens, streak))
        inner.append(beside(-0.25 * side, 0.03))
        cv2.line(dark, beside(0.29 * side, 0.0), at(points[ear]), 255, thick, cv2.LINE_AA)
    cv2.line(dark, inner[0], inner[1], 255, thick, cv2.LINE_AA)
    shape = (size[1], size[0])
    small = [cv2.resize(layer, shape, interpolation=cv2.INTER_AREA) / 255.0 for layer in (dark, bright)]
    return small[0], cv2.GaussianBlur(small[1], (0, 0), 1.0)


@dataclass(frozen=True)
class Analysed:
    """Public results of one clip."""

    signals: dict[int, dict[str, NDArray[np.float64]]]
    gates: dict[int, list[str]]
    events: dict[int, list[Event]]
    boxes: dict[int, float]
    visible: dict[int, dict[str, NDArray[np.float64]]]
    warnings: list[str]

    @property
    def face(self) -> int:
        """The only face."""
        (one,) = self.signals
        return one

    def curve(self, code: str, face: int | None = None) -> NDArray[np.float64]:
        return self.signals[self.face if face is None else face][f"AU{code}"]

    def times(self, face: int | None = None) -> NDArray[np.float64]:
        return self.signals[self.face if face is None else face]["time_us"]


def analysed(video: Path, *, neutral_us: int | None = None) -> Analysed:
    """Both passes on a recording, and what they wrote beside it."""
    out = video.with_suffix("")
    return read(out, pipeline.analyze(video, out, neutral_us=neutral_us))


def read(out: Path, found: Interpretation) -> Analysed:
    """What both passes left in a folder."""
    table = pq.read_table(out / "signals.parquet")
    raw = pq.read_table(out / "measurement.parquet")
    signals, gates, boxes, visible = {}, {}, {}, {}
    for face in found.faces:
        own = table.filter(np.asarray(table["face"]) == face)
        rows = raw.filter(np.asarray(raw["face"]) == face)
        names = [name for name in own.column_names if name != "gate"]
        signals[face] = {name: own[name].to_numpy().astype(np.float64) for name in names}
        gates[face] = [str(text) for text in own["gate"].to_pylist()]
        boxes[face] = float(np.mean(rows["box_x"].to_numpy() + rows["box_w"].to_numpy() / 2))
        shares = [name for name in rows.column_names if name.startswith("visible_")]
        visible[face] = {name: rows[name].to_numpy().astype(np.float64) for name in ("time_us", *shares)}
    return Analysed(signals, gates, dict(found.faces), boxes, visible, list(found.summary["warnings"]))


@dataclass(frozen=True)
class Difference:
    """How one analysis differs from another of the same face.

    Attributes
    ----------
    events : Agreement
        Of the compared units, B or more.
    curves : dict of str to float
        Mean amount of the difference of the intensities, by unit.
    measured : float
        Smallest share of frames, over the units, that are scored now of those that were.
    """

    events: Agreement
    curves: dict[str, float]
    measured: float

    @property
    def onset_us(self) -> int:
        """Largest difference of an onset."""
        return max(map(abs, self.events.onset_errors_us), default=0)

    def __str__(self) -> str:
        curves = ", ".join(f"AU{code} {value:.2f}" for code, value in self.curves.items())
        counts = f"{len(self.events.missed)} missed, {len(self.events.extra)} extra"
        return f"{counts}, onsets within {self.onset_us / 1000:.0f} ms, scored {self.measured:.0%}; {curves}"


def difference(
    clean: Analysed, other: Analysed, codes: Sequence[str], *, faces: tuple[int | None, int | None] = (None, None)
) -> Difference:
    """Compare units of a face in the clip as it was (``clean``) and under a condition, at the clip's times."""
    a, b = (one.face if face is None else face for one, face in zip((clean, other), faces, strict=True))
    curves, shares = {}, []
    for code in codes:
        before, after = clean.curve(code, a), other.curve(code, b)
        now = np.interp(clean.times(a), other.times(b), after)  # NaN stays NaN
        known = np.isfinite(before) & np.isfinite(now)
        curves[code] = float(np.abs(before - now)[known].mean())
        shares.append(known.sum() / np.isfinite(before).sum())
    pairs = match(proposed_spans(clean.events[a]), proposed_spans(other.events[b]), codes)
    return Difference(pairs, curves, float(min(shares)))
