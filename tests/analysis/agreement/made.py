"""Codings made by hand or drawn at random."""

from __future__ import annotations

import numpy as np

from analysis.coded import CodedEvent, CodedLayer
from analysis.facs.codes import CATALOGUE


def event(code, onset, offset, intensity="", side=None, apex=None, face=0, rejected=False):
    """An event; times in seconds."""
    onset, offset = round(onset * 1e6), round(offset * 1e6)
    apex = (onset + offset) // 2 if apex is None else round(apex * 1e6)
    side = side if side is not None else "both" if CATALOGUE[code].sided else ""
    return CodedEvent(code, side, intensity, onset, apex, offset, rejected=rejected, face=face)


def layer(coder, *events, seconds=60.0, spans=None, participant="p1", recording="r1"):
    """A coding of one recording, coded whole or in stretches."""
    stretches = ((0.0, seconds),) if spans is None else spans
    return CodedLayer(
        coder,
        tuple(sorted(events, key=lambda one: one.onset_us)),
        tuple((round(a * 1e6), round(b * 1e6)) for a, b in stretches),
        participant,
        recording,
    )


def drawn(random, coder, moments, *, missed=0.15, seconds=60.0, **names):
    """A coder who misses some of the true events and is off in time and intensity."""
    events = []
    for code, onset, length, grade in moments:
        if random.random() < missed:
            continue
        start = max(0.0, onset + random.normal(0, 0.1))
        end = start + max(0.04, length + random.normal(0, 0.2))
        letter = "ABCDE"[int(np.clip(grade + random.integers(-1, 2), 0, 4))]
        events.append(event(code, start, end, letter if CATALOGUE[code].has_intensity else ""))
    return layer(coder, *events, seconds=seconds, **names)


def moments(random, seconds, rate, codes=("1", "4", "12")):
    """True events: code, onset, length in seconds, grade 0–4."""
    return [
        (code, float(onset), 0.3 + float(random.gamma(2, 0.5)), int(random.integers(0, 5)))
        for code in codes
        for onset in random.uniform(0, seconds - 4, random.poisson(rate * seconds))
    ]
