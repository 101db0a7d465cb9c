"""Print how the error grows as the face gets smaller, out of focus or smeared, as Markdown: where gates come from.

``python -m analysis.training.measure_gates CLIPS [--only size focus smear]``: CLIPS holds ``*.mp4`` with per-frame
label ``*.csv`` beside them. Every picture is changed before the face is found in it. Faces are scored as if they
were large and sharp, so that no gate leaves out what is to be measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from analysis.facs.series import FaceSeries
from analysis.training.evaluate_synthetic import score
from analysis.training.labelled import Labelled, clips
from analysis.types import Rgb

Change = Callable[[Rgb], Rgb]
_SCALES: Final = (1.0, 0.7, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.13, 0.1, 0.08)
_SIGMAS_PX: Final = (1, 2, 3, 4, 6, 8, 11)
_SMEARS_PX: Final = (5, 9, 15, 25, 41)
_FEWEST: Final = 0.5  # of the frames in which the face must be found for a row


def _smaller(scale: float) -> Change:
    def change(rgb: Rgb) -> Rgb:
        return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    return change


def _blurred(sigma_px: float) -> Change:
    return lambda rgb: cv2.GaussianBlur(rgb, (0, 0), sigma_px).astype(np.uint8, copy=False)


def _smeared(length_px: int) -> Change:
    kernel = np.zeros((length_px, length_px), np.float32)
    kernel[length_px // 2] = 1 / length_px
    return lambda rgb: cv2.filter2D(rgb, -1, kernel).astype(np.uint8, copy=False)


def changes() -> dict[str, dict[str, Change]]:
    """By name the series of changes, each by its amount as text."""
    return {
        "size": {f"× {scale:g}": _smaller(scale) for scale in _SCALES},
        "focus": {f"σ {sigma} px": _blurred(sigma) for sigma in _SIGMAS_PX},
        "smear": {f"{length} px": _smeared(length) for length in _SMEARS_PX},
    }


@dataclass(frozen=True)
class _Ungated(Labelled):
    """A clip whose figures of size and sharpness are those of a good picture."""

    def series(self) -> FaceSeries:
        """The measurements as the second pass reads them, but for size and sharpness."""
        real = super().series()
        good = {"iris_px": 22.0, "sharpness": 0.6}
        changed = {name: np.full(len(real), value, np.float32) for name, value in good.items()}
        return FaceSeries(real.frame, real.time_us, {**real.columns, **changed})


def row(amount: str, one: Labelled) -> str:
    """One line of the table: what was changed, how the face then looks, and the mean absolute errors."""
    ungated = _Ungated(**{field.name: getattr(one, field.name) for field in fields(one)})
    scored, series = score(ungated), one.series()
    errors = {code: np.abs(scored.label[code] - scored.machine[code]) for code in scored.label}
    shown = [values[scored.label[code] > 0] for code, values in errors.items() if scored.label[code].max() > 0]
    cells = [
        one.name.split("_")[0],
        amount,
        f"{np.nanmedian(series['iris_px']):.1f}",
        f"{np.nanmedian(series['box_w']):.0f}",
        f"{np.nanmedian(series['sharpness']):.2f}",
        f"{np.nanmean([np.nanmean(values) for values in errors.values()]):.3f}",
        f"{np.nanmean([np.nanmean(values) for values in shown]):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def rows(folder: Path, amounts: dict[str, Change]) -> Iterator[str]:
    """Lines of one series of changes, clip after clip."""
    for amount, change in amounts.items():
        for one in clips(folder, change):
            if len(one.frame) >= _FEWEST * (one.frame.max() + 1):
                yield row(amount, one)
            else:
                yield f"| {one.name.split('_')[0]} | {amount} | face found in too few frames | | | | |"


def main(arguments: list[str]) -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(changes()), default=list(changes()))
    options = parser.parse_args(arguments)
    for name in options.only:
        sys.stdout.write(
            f"\n{name}\n\n| clip | change | iris px | face px | sharpness | MAE | MAE where shown |\n"
        )
        sys.stdout.write("|---|---|---|---|---|---|---|\n")
        for line in rows(options.clips, changes()[name]):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
