"""Finds combinations in one face's evidence: where they stand.

docs/combinations.md explains every rule with a worked example; a test computes that example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from analysis.facs.combination_choice import Stretch, chosen
from analysis.facs.combination_describing import Found, described
from analysis.facs.combination_masks import Mask, Masks, Spans, peak
from analysis.facs.combination_model import Combination, Variant
from analysis.facs.combination_presence import Bool
from analysis.facs.evidence import Evidence
from analysis.facs.micro import LEAST_RATE, LONGEST_US
from analysis.facs.series import Int64

#: Shortest stretch and longest gap inside one, of the machine: those of its events (`segments.Limits`). What
#: people coded is taken as it stands.
LEAST_US: Final = {"machine": 160_000, "coder": 0}
JOIN_US: Final = {"machine": 200_000, "coder": 0}
_KINDS_MICRO: Final = frozenset({"expression", "smile"})


def find(
    evidence: Evidence,
    combinations: Sequence[Combination],
    *,
    speech: Sequence[tuple[int, int]] = (),
) -> list[Found]:
    """Stretches in which combinations stand.

    Parameters
    ----------
    evidence : Evidence
        Of one face, a machine's or a coder's.
    combinations : sequence of Combination
    speech : sequence of (int, int)
        When this person speaks, microseconds.

    Returns
    -------
    list of Found
        By onset. Of one kind and group the fuller variant stands for lesser ones at the same time.
    """
    if not len(evidence):
        return []
    masks = Masks(evidence)
    stretches: list[Stretch] = []
    for order, combination in enumerate(combinations):
        for variant in combination.variants:
            if variant.origin in {"", evidence.origin}:
                for side in ("left", "right", "unilateral") if variant.unilateral else ("",):
                    stretches.extend(_stretches(masks, combination, variant, order, side))
    kept = chosen(stretches)
    spoken = Spans(speech)
    found = [described(masks, stretch, also, spoken) for stretch, also in kept]
    return sorted(found, key=lambda one: (one.onset_us, one.offset_us, one.combination))


# Where


def _stretches(
    masks: Masks, combination: Combination, variant: Variant, order: int, side: str
) -> Iterable[Stretch]:
    groups = [[mask for unit in group if (mask := masks.of(unit, side)) is not None] for group in variant.required]
    if not all(groups):
        return
    sums = [measured for measured in (masks.score(variant), masks.share(variant)) if measured is not None]
    if len(sums) < (variant.score is not None) + (variant.share is not None):
        return
    groups += [[mask] for mask in sums]
    origin, timing = masks.evidence.origin, variant.timing
    together = timing.together_us
    inside, strong, known = (np.ones(len(masks.time_us), bool) for _ in range(3))
    for group in groups:
        near = [mask.inside if together is None else masks.near(mask, together) for mask in group]
        inside &= _either(near)
        strong &= _either([mask.strong for mask in group] if together is None else near)
        known &= _either([mask.known for mask in group])
    barred = [mask.inside for unit in variant.excluded if (mask := masks.of(unit, side)) is not None]
    if barred:
        inside &= ~_either(barred)
    starts, stops = masks.stretches(inside)
    if not len(starts):
        return
    starts, stops = _joined(masks, starts, stops, known & ~_either(barred) if barred else known, JOIN_US[origin])
    least = timing.least_us if timing.least_us is not None else (LEAST_US[origin] if variant.share is None else 0)
    lasts = masks.time_us[stops - 1] - masks.time_us[starts]
    reached = np.add.reduceat(strong & inside, starts, dtype=np.int64) > 0
    fits = reached & (lasts >= least) & (lasts <= (timing.longest_us or np.iinfo(np.int64).max))
    for start, stop in zip(starts[fits].tolist(), stops[fits].tolist(), strict=True):
        made = _in_time(masks, combination, variant, order, side, groups, start, stop)
        if made is not None:
            yield made


def _either(masks: Sequence[Bool]) -> Bool:
    out = masks[0]
    for mask in masks[1:]:
        out = out | mask
    return out


def _joined(masks: Masks, starts: Int64, stops: Int64, through: Bool, longest_us: int) -> tuple[Int64, Int64]:
    """Stretches whose gap is short, holds no pause and was scored, as one."""
    if not longest_us or len(starts) < 2:
        return starts, stops
    passed = np.concatenate([[0], np.cumsum(~through)])
    short = masks.time_us[starts[1:]] - masks.time_us[stops[:-1] - 1] <= longest_us
    whole = (passed[starts[1:]] == passed[stops[:-1]]) & (masks.pauses(stops[:-1] - 1, starts[1:]) == 0)
    apart = np.concatenate([[True], ~(short & whole)])
    return starts[apart], stops[np.concatenate([apart[1:], [True]])]


def _run(mask: Mask, start: int, stop: int) -> tuple[int, int] | None:
    """The unit's own stretch that overlaps these rows most, or lies nearest to them."""
    if not len(mask.starts):
        return None
    first = max(0, int(np.searchsorted(mask.stops, start, side="right")) - 1)
    last = int(np.searchsorted(mask.starts, stop)) + 1
    starts, stops = mask.starts[first:last], mask.stops[first:last]
    at = int(np.argmax(np.minimum(stops, stop) - np.maximum(starts, start)))
    return int(starts[at]), int(stops[at])


def _in_time(
    masks: Masks,
    combination: Combination,
    variant: Variant,
    order: int,
    side: str,
    groups: Sequence[Sequence[Mask]],
    start: int,
    stop: int,
) -> Stretch | None:
    """The stretch when its units keep the variant's timing, with the whole movement around it."""
    times, timing = masks.time_us, variant.timing
    runs: list[tuple[int, int]] = []
    onsets, apexes = [], []
    for group in groups:
        mask = max(group, key=lambda one: peak(one.values, start, stop))
        run = _run(mask, start, stop)
        if run is None:
            return None
        runs.append(run)
        onsets.append(int(times[run[0]]))
        apexes.append(int(times[run[0] + int(np.nanargmax(mask.values[slice(*run)]))]))
    if timing.onsets_within_us is not None and max(onsets) - min(onsets) > timing.onsets_within_us:
        return None
    if timing.apexes_within_us is not None and max(apexes) - min(apexes) > timing.apexes_within_us:
        return None
    if timing.order:
        at = {unit.code: onset for group, onset in zip(variant.required, onsets, strict=False) for unit in group}
        ordered = [at[code] for code in timing.order]
        if ordered != sorted(ordered):
            return None
    first, last = min(run[0] for run in runs), max(run[1] for run in runs)
    short = int(times[last - 1] - times[first]) <= LONGEST_US
    micro = short and combination.kind in _KINDS_MICRO and _timed(masks, groups, first, last)
    return Stretch(
        combination,
        variant,
        order,
        side,
        start,
        stop,
        (first, last),
        _met(masks, variant, side, start, stop),
        _there(masks, variant, side, start, stop),
        micro,
    )


def _met(masks: Masks, variant: Variant, side: str, start: int, stop: int) -> frozenset[str]:
    """Codes by which the variant stands: of alternatives the strongest."""
    found = []
    for group in variant.required:
        seen = [(peak(mask.values, start, stop), unit.code) for unit in group if (mask := masks.of(unit, side))]
        found.append(max(seen)[1])
    return frozenset(found or variant.codes)


def _there(masks: Masks, variant: Variant, side: str, start: int, stop: int) -> frozenset[str]:
    """Codes of the variant that stand in these rows, also those of which another alternative is stronger."""
    units = [(unit, masks.of(unit, side)) for group in (*variant.required, *variant.optional) for unit in group]
    return frozenset(
        unit.code
        for unit, mask in units
        if mask is not None and bool((mask.inside[start:stop] & mask.strong[start:stop]).any())
    )


def _timed(masks: Masks, groups: Sequence[Sequence[Mask]], first: int, last: int) -> bool:
    """Whether durations mean something here: enough frames a second, and scored before and after."""
    if masks.evidence.interval_us * LEAST_RATE * 0.99 > 1e6 or first == 0 or last >= len(masks.time_us):
        return False
    known = all(any(mask.known[first - 1] and mask.known[last] for mask in group) for group in groups)
    return known and not masks.pauses(np.array([first - 1]), np.array([last])).any()
