"""Calibration, thresholds and figures, in NumPy. Everything is fitted on the development split alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.text.classifier import calibrated
from analysis.types import Float32

Float64 = NDArray[np.float64]

BINS: Final = 15
"""Of equal width, for the calibration error, as Guo et al. 2017 (arXiv:1706.04599) use."""
_RIDGE: Final = 1.0
"""How strongly slope and offset are drawn to "as it is": weighs like a few texts, which keeps labels with a dozen
examples from running away. A choice of ours."""
_RESAMPLES: Final = 200


def platt(logits: Float32, labels: Float32) -> tuple[Float32, Float32]:
    """Slope and offset per label, so that logistic(slope × logit + offset) is a probability (Platt 1999)."""
    slope, offset = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    x, y = logits.astype(float), labels.astype(float)
    for _ in range(50):
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        weight = p * (1 - p)
        g_slope = ((p - y) * x).sum(0) + _RIDGE * (slope - 1)
        g_offset = (p - y).sum(0) + _RIDGE * offset
        h_ss, h_so, h_oo = (weight * x * x).sum(0) + _RIDGE, (weight * x).sum(0), weight.sum(0) + _RIDGE
        determinant = h_ss * h_oo - h_so**2
        slope = slope - np.clip((h_oo * g_slope - h_so * g_offset) / determinant, -1, 1)
        offset = offset - np.clip((h_ss * g_offset - h_so * g_slope) / determinant, -1, 1)
    if (slope <= 0).any():
        raise ValueError("a label's logits say the opposite of what they should")
    return slope.astype(np.float32), offset.astype(np.float32)


def best_thresholds(scores: Float32, labels: Float32) -> Float64:
    """Per label the threshold with the best F1 on these rows: between the last score taken and the next.

    Returns
    -------
    float64, shape (labels,)
    """
    return np.array([_best(scores[:, n].astype(float), labels[:, n]) for n in range(labels.shape[1])])


def _best(score: Float64, label: Float32) -> float:
    order = np.argsort(-score, kind="stable")
    score, hit = score[order], label[order]
    f1 = 2 * np.cumsum(hit) / (np.arange(1, len(hit) + 1) + hit.sum())
    best = int(np.argmax(f1))
    return float(score[best] + score[min(best + 1, len(score) - 1)]) / 2


def steady_thresholds(scores: Float32, labels: Float32, *, seed: int = 0) -> Float64:
    """Per label the median of the best thresholds of resamples: hangs less on single texts than the best one."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(_RESAMPLES):
        rows = random.integers(0, len(scores), len(scores))
        found.append(best_thresholds(scores[rows], labels[rows]))
    return np.asarray(np.median(found, axis=0))


def counts(scores: Float32, labels: Float32, thresholds: Float64) -> tuple[Float64, Float64, Float64]:
    """Hits, false alarms and misses per label."""
    said = scores >= thresholds
    true = labels > 0.5
    hits, false, missed = said & true, said & ~true, ~said & true
    return hits.sum(0).astype(float), false.sum(0).astype(float), missed.sum(0).astype(float)


def f1_per_label(scores: Float32, labels: Float32, thresholds: Float64) -> Float64:
    """F1 of each label; 0 where a label is neither said nor there."""
    hits, false, missed = counts(scores, labels, thresholds)
    return np.asarray(2 * hits / np.maximum(2 * hits + false + missed, 1))


def macro_f1(scores: Float32, labels: Float32, thresholds: Float64) -> float:
    """Unweighted mean of the labels' F1."""
    return float(f1_per_label(scores, labels, thresholds).mean())


def calibration_error(probabilities: Float32, labels: Float32) -> float:
    """Expected calibration error: mean distance of the share that is true from the mean probability, over bins."""
    p, y = probabilities.ravel().astype(float), labels.ravel().astype(float)
    index = np.minimum((p * BINS).astype(int), BINS - 1)
    gap = np.bincount(index, p - y, BINS)
    return float(np.abs(gap).sum() / len(p))


@dataclass(frozen=True)
class LabelFigures:
    """What was measured of one label; ``raw_error`` is its calibration error before Platt's scaling."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    threshold: float
    raw_error: float
    error: float


@dataclass(frozen=True)
class Figures:
    """A split's figures: per label, and F1 in the three usual means; errors over all pairs of text and label."""

    labels: tuple[LabelFigures, ...]
    macro: float
    micro: float
    weighted: float
    raw_error: float
    error: float


def figures(
    names: tuple[str, ...], logits: Float32, labels: Float32, slope: Float32, offset: Float32, thresholds: Float64
) -> Figures:
    """Measure a split with calibration and thresholds as given."""
    raw, scores = calibrated(logits, np.ones_like(slope), np.zeros_like(offset)), calibrated(logits, slope, offset)
    hits, false, missed = counts(scores, labels, thresholds)
    f1 = f1_per_label(scores, labels, thresholds)
    support = labels.sum(0)
    rows = tuple(
        LabelFigures(
            name,
            float(hits[n] / max(hits[n] + false[n], 1)),
            float(hits[n] / max(hits[n] + missed[n], 1)),
            float(f1[n]),
            int(support[n]),
            float(thresholds[n]),
            calibration_error(raw[:, n], labels[:, n]),
            calibration_error(scores[:, n], labels[:, n]),
        )
        for n, name in enumerate(names)
    )
    micro = 2 * hits.sum() / (2 * hits.sum() + false.sum() + missed.sum())
    weighted = float((f1 * support).sum() / support.sum())
    errors = calibration_error(raw, labels), calibration_error(scores, labels)
    return Figures(rows, float(f1.mean()), float(micro), weighted, *errors)
