"""What a find is called: how strong it is, how sure, what was seen, in FACS notation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.codes import CATALOGUE
from analysis.facs.combination_choice import Stretch
from analysis.facs.combination_masks import Mask, Masks, Spans, decided, peak
from analysis.facs.combination_model import MICRO, MOUTH_CODES, AnyOf, Unit, Variant
from analysis.facs.combination_presence import ALONE, FLOORS, minimum
from analysis.facs.notation import NotationError, ScoredUnit, check, format_codes, letter, parse
from analysis.facs.series import Float64

#: Confidence when something that has to be absent was not scored: a choice of ours.
UNSCORED: Final = 0.8
#: Share by which confidence in a mouth unit falls while the person speaks all the time: a choice of ours. Speech
#: shapes lips and jaw, and no figure says how often what is then read as an expression is one.
SPEAKING: Final = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch in which a combination stands.

    Attributes
    ----------
    combination, name, kind, group : str
        Id and words of the entry; ``kind`` is ``microexpression`` when the whole lasted at most half a second.
    face : int
    side : str
        ``left``, ``right`` or ``unilateral`` of a one-sided variant, else ``both`` or empty.
    onset_us, apex_us, offset_us : int
        First frame, best moment, last frame; media time in microseconds.
    strength : float
        0–5: the weakest required unit at its best moment. Of sums and shares: five times the reached share of the
        most.
    confidence : float
        0–1, see docs/combinations.md. It is not the probability that a person felt something.
    codes : str
        What was seen, in FACS notation, with the highest letters in the stretch.
    variant : str
        Formula of the variant met.
    rank : str
        Of the variant.
    speech : float
        Share of the stretch in which the person spoke, 0–1, when a unit of the mouth is required; else 0.
    unscored : tuple of str
        Codes that have to be absent and that nobody scored.
    also : tuple of str
        Lesser variants and combinations that stand inside and are not listed by themselves.
    """

    combination: str
    name: str
    kind: str
    group: str
    face: int
    side: str
    onset_us: int
    apex_us: int
    offset_us: int
    strength: float
    confidence: float
    codes: str
    variant: str
    rank: str = "variant"
    speech: float = 0.0
    unscored: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def micro(self) -> bool:
        """Whether the whole lasted at most half a second."""
        return self.kind == MICRO


def described(masks: Masks, stretch: Stretch, also: tuple[str, ...], speech: Spans) -> Found:
    variant, rows, times = stretch.variant, slice(stretch.start, stretch.stop), masks.time_us
    weakest, strength = _weakest(masks, stretch)
    apex = stretch.start + int(np.nanargmax(weakest))
    onset_us, offset_us = int(times[stretch.start]), int(times[stretch.stop - 1])
    speaking = 0.0
    if MOUTH_CODES & set(variant.codes):
        speaking = speech.share(onset_us, offset_us)
    confidence, unscored = _confidence(masks, stretch, speaking)
    combination, codes = stretch.combination, _codes(masks, stretch, rows)
    return Found(
        combination.id,
        combination.name,
        MICRO if stretch.micro else combination.kind,
        combination.group,
        masks.evidence.face,
        stretch.side or _side(codes, variant),
        onset_us,
        int(times[apex]),
        offset_us,
        round(strength, 2),
        round(confidence, 3),
        codes,
        variant.formula or combination.id,
        variant.rank,
        round(speaking, 3),
        unscored,
        also,
    )


def _side(codes: str, variant: Variant) -> str:
    """The side on which all required units that have sides were seen; ``both`` when they differ."""
    sides = {unit.side for unit in parse(codes) if unit.code in variant.codes and unit.side}
    return sides.pop() if len(sides) == 1 else "both" if sides else ""


def _weakest(masks: Masks, stretch: Stretch) -> tuple[Float64, float]:
    """The weakest required unit frame by frame, shape (rows,), and its best on 0–5.

    Where units need not act at once, each counts with its best in the reach.
    """
    variant, rows = stretch.variant, slice(stretch.start, stretch.stop)
    lines: list[Float64] = []
    for group in variant.required:
        made = [mask for unit in group if (mask := masks.of(unit, stretch.side)) is not None]
        if variant.timing.together_us is None:
            lines.append(_largest([mask.values[rows] for mask in made]))
        else:
            lines.append(
                np.full(stretch.stop - stretch.start, max(peak(mask.values, *_reach(stretch)) for mask in made))
            )
    most = 5.0
    for mask in (masks.score(variant), masks.share(variant)):
        if mask is not None:
            most = variant.score.most if variant.score else 1.0
            lines.append(5 * mask.values[rows] / most)
    weakest = lines[0]
    for line in lines[1:]:
        weakest = np.minimum(weakest, line)
    weakest = np.where(np.isnan(weakest), -1.0, weakest)
    return weakest, float(max(np.max(weakest), 0.0))


def _reach(stretch: Stretch) -> tuple[int, int]:
    return min(stretch.start, stretch.whole[0]), max(stretch.stop, stretch.whole[1])


def _largest(lines: Sequence[Float64]) -> Float64:
    out = lines[0]
    for line in lines[1:]:
        out = np.fmax(out, line)
    return out


def _confidence(masks: Masks, stretch: Stretch, speaking: float) -> tuple[float, tuple[str, ...]]:
    """The least decided unit, times what was not scored; and the codes that were not."""
    variant, origin = stretch.variant, masks.evidence.origin
    rows = slice(stretch.start, stretch.stop)
    wide = rows if variant.timing.together_us is None else slice(*_reach(stretch))
    found: list[float] = []
    for group in variant.required:
        found.append(max(_unit_confidence(masks, unit, stretch.side, wide, speaking, variant) for unit in group))
    if variant.score is not None:
        found.append(_score_confidence(masks, variant, rows))
    if variant.share is not None:
        found.append(float(np.mean([_known(masks, code, rows) for code in masks.closed(variant.share)])))
    unscored = []
    for unit in variant.excluded:
        mask = masks.of(unit, stretch.side)
        if mask is None or mask.known[rows].mean() < 0.5:
            unscored.append(unit.code)
            continue
        low, high = masks.ends(unit.code, mask.values, rows)
        found.append(1 - decided(low, high, max(minimum(unit, origin), 0.01)))
    known = [value for value in found if not math.isnan(value)]
    return (min(known) if known else 0.0) * (UNSCORED if unscored else 1.0), tuple(unscored)


def _unit_confidence(masks: Masks, unit: Unit, side: str, rows: slice, speaking: float, variant: Variant) -> float:
    mask = masks.of(unit, side)
    if mask is None:
        return 0.0
    values = mask.values[rows]
    if variant.timing.together_us is not None:  # only while it acts
        values = np.where(mask.inside[rows], values, np.nan)
        low, high = masks.ends(unit.code, np.where(mask.inside, mask.values, np.nan), rows)
    else:
        low, high = masks.ends(unit.code, mask.values, rows)
    sure = decided(low, high, minimum(unit, masks.evidence.origin))
    if math.isnan(sure):
        return 0.0
    return sure * (1 - SPEAKING * speaking) if unit.code in MOUTH_CODES else sure


def _score_confidence(masks: Masks, variant: Variant, rows: slice) -> float:
    assert variant.score is not None
    ends: list[Float64] = []
    for which in (0, 1):
        total: Float64 = np.zeros(rows.stop - rows.start)
        for part in variant.score.parts:
            lines = []
            for code in part:
                values = masks.values(code)
                if values is not None:
                    lines.append(masks.ends(code, values, rows)[which])
            best = _largest(lines) if lines else np.full(len(total), np.nan)
            total = total + (best >= FLOORS["machine"] if set(part) <= set(variant.score.binary) else best)
        ends.append(total)
    return decided(ends[0], ends[1], variant.score.least)


def _known(masks: Masks, code: str, rows: slice) -> float:
    values = masks.values(code)
    return 0.0 if values is None else float(np.isfinite(values[rows]).mean())


def _codes(masks: Masks, stretch: Stretch, rows: slice) -> str:
    """What was seen in FACS notation: of alternatives the strongest, of what is optional what was there."""
    variant = stretch.variant
    wide = rows if variant.timing.together_us is None else slice(*_reach(stretch))
    units: list[ScoredUnit] = []
    groups: list[tuple[AnyOf, bool]] = [(group, True) for group in variant.required]
    if variant.score is not None:
        groups += [(tuple(Unit(code) for code in part), False) for part in variant.score.parts]
    if variant.share is not None:
        groups += [(tuple(Unit(code) for code in variant.share.codes), False)]
        wide = slice(
            max(0, int(np.searchsorted(masks.time_us, masks.time_us[rows.start] - variant.share.window_us))),
            rows.stop,
        )
    groups += [(group, False) for group in variant.optional]
    for group, wanted in groups:
        seen = [(mask, unit) for unit in group if (mask := masks.of(unit, stretch.side)) is not None]
        seen = [
            (mask, unit) for mask, unit in seen if wanted or bool((mask.inside[wide] & mask.strong[wide]).any())
        ]
        if not seen:
            continue
        mask, unit = max(seen, key=lambda one: peak(one[0].values, wide.start, wide.stop))
        made = _scored(masks, unit, stretch.side, mask, wide)
        try:
            units = list(check([*units, made]))
        except NotationError:
            continue  # an optional code that excludes one that is there
    return format_codes(units)


def _scored(masks: Masks, unit: Unit, side: str, mask: Mask, rows: slice) -> ScoredUnit:
    entry = CATALOGUE[unit.code]
    highest = peak(mask.values, rows.start, rows.stop)
    grade = letter(highest) if entry.has_intensity else ""
    prefix = {"left": "L", "right": "R", "unilateral": "U"}.get(
        side if unit.side == "unilateral" else unit.side, ""
    )
    if not prefix and entry.sided:
        left, right = masks.values(f"{unit.code}_L"), masks.values(f"{unit.code}_R")
        if left is not None and right is not None and bool(np.isfinite(left[rows] + right[rows]).any()):
            peaks = peak(left, rows.start, rows.stop), peak(right, rows.start, rows.stop)
            if min(peaks) < ALONE * max(peaks):
                prefix = "L" if peaks[0] > peaks[1] else "R"
    return ScoredUnit(unit.code, prefix, grade)
