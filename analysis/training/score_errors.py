"""Print how the scorer's errors behave over time on labelled clips: where the numbers of ``errors`` come from.

``python -m analysis.training.score_errors CLIPS RUNS``: CLIPS holds ``NAME.csv`` with a label for every frame
(columns ``AU01`` …), RUNS a result folder for each clip, called by NAME up to its first ``_``.
"""

from __future__ import annotations

import csv
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.evidence import evidence_of_run
from analysis.facs.series import Float64

#: Ranges of the score in the second table.
_EDGES: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.01)
#: A code counts where the score or the label is more than this in so many frames.
_SHOWN: Final = 0.5
_FRAMES: Final = 20
_LAG: Final = 3


def labelled(clips: Path, runs: Path) -> list[tuple[str, Float64, Float64, Float64, Float64]]:
    """Name, label, score and the ends of its interval, of every labelled code of every clip, each shape (n,)."""
    found = []
    for path in sorted(clips.glob("*.csv")):
        folder = runs / path.stem.split("_")[0]
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        if not folder.is_dir() or not rows or "AU01" not in rows[0]:
            continue
        evidence = evidence_of_run(folder, 0)
        for column in rows[0]:
            code = column.removeprefix("AU").lstrip("0")
            if not column.startswith("AU") or code not in evidence.low or len(rows) != len(evidence):
                continue
            label = np.array([float(row[column]) for row in rows])
            ends = evidence.low[code], evidence.high[code]
            found.append((f"{folder.name} AU{code}", label, evidence[code], *ends))
    return found


def main(arguments: list[str]) -> int:
    """Print the tables; return the exit status."""
    if len(arguments) != 2:
        sys.stderr.write(__doc__ or "")
        return 2
    found = labelled(*map(Path, arguments))
    means, variances, near = [], [], []
    for _, label, score, _, _ in found:
        error = label - score
        there = np.isfinite(score) & (np.maximum(score, label) > _SHOWN)
        if there.sum() < _FRAMES:
            continue
        means.append(float(error[there].mean()))
        variances.append(float(error[there].var()))
        both = there[:-_LAG] & there[_LAG:]
        near.append(float(np.corrcoef(error[:-_LAG][both], error[_LAG:][both])[0, 1]))
    lasting = float(np.mean(np.square(means)))
    alike = float(np.mean(means)) ** 2
    passing = float(np.mean(variances))
    sys.stdout.write(
        f"{len(means)} codes shown: share of the error that lasts {lasting / (lasting + passing):.2f}; "
        f"of it the mean over all codes {alike / lasting:.2f}; correlation after {_LAG} frames of the rest "
        f"{np.median(near):.2f} (median)\n\n| score | frames | label below 0.5 | mean label | in interval |\n"
        "|---|---|---|---|---|\n"
    )
    label, score, low, high = (np.concatenate([one[place] for one in found]) for place in (1, 2, 3, 4))
    for begin, end in pairwise(_EDGES):
        rows = (score >= begin) & (score < end)
        if rows.any():
            held = (label[rows] >= low[rows] - 0.01) & (label[rows] <= high[rows] + 0.01)
            sys.stdout.write(
                f"| {begin:g}–{min(end, 5):g} | {int(rows.sum())} | {(label[rows] < 0.5).mean():.2f} | "
                f"{label[rows].mean():.2f} | {held.mean():.2f} |\n"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
