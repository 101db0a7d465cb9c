"""How far a face fits each state at a moment: a published function of the true intensities, and nothing else.

Every variant of a combination is a part of one state (or of ``other``). Of a part m is the graded presence
(`analysis.facs.combination_presence.membership`, 0–1), w its weight by grade and rank, and what a larger part that
holds it shows takes some of it away. A state's fit M is the largest w·m of its parts. Then

    share of a state = M / (sum of all M + none),   none = 1 − the largest M,

and none is divided into ``neutral`` (no code beyond rest) and ``other``. The shares of a moment sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.figures import OTHER, SHARES
from analysis.emotion.parameters import Dimensions, Parameters
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.combination_model import MOUTH_CODES, Combination, Variant
from analysis.facs.combination_presence import FLOORS, HALF_STEP, membership

#: Intensities by key, shape (..., n); single or double precision.
Values = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Part:
    """One variant of a combination as a part of a state.

    Attributes
    ----------
    state : str
        One of `SHARES` without neutral.
    combination : Combination
        With this variant alone.
    keys : tuple of str
        Of the intensities that it looks at.
    required : tuple of frozenset of str
        Codes of each condition: any of them.
    weight : float
        0–1.
    spoken : float
        Share of its conditions that speech can meet, 0–1.
    wholes : tuple of int
        Places of the parts that hold this one.
    """

    state: str
    combination: Combination
    keys: tuple[str, ...]
    required: tuple[frozenset[str], ...]
    weight: float
    spoken: float
    wholes: tuple[int, ...] = ()

    @property
    def variant(self) -> Variant:
        """The one variant."""
        return self.combination.variants[0]

    @property
    def over_time(self) -> bool:
        """Whether it is a share of time (PERCLOS), which a moment alone does not show."""
        return self.variant.share is not None


def parts_of(combinations: Sequence[Combination], given: Parameters, origin: str) -> tuple[Part, ...]:
    """Every variant that can be found in codes of this origin, with what holds it.

    A part is held by one of another state that asks for all that it asks for and more, or whose combination the
    catalogue names as taking its place (``yields_to``). Blinks and the like, which a resting face also shows, are
    no part of ``other``.
    """
    told = [
        _part(one, variant, given)
        for one in combinations
        for variant in one.variants
        if variant.origin in {"", origin}
    ]
    lids = given.rest.ignored
    parts = [part for part in told if part.state != OTHER or not all(group <= lids for group in part.required)]
    return tuple(replace(part, wholes=_wholes(part, parts)) for part in parts)


def _part(one: Combination, variant: Variant, given: Parameters) -> Part:
    required = [frozenset(unit.code for unit in group) for group in variant.required]
    if variant.score is not None:
        required += [frozenset(part) for part in variant.score.parts]
    if variant.share is not None:
        required.append(frozenset(variant.share.codes))
    codes = {code for group in required for code in group} | {unit.code for unit in variant.excluded}
    keys = [key for code in sorted(codes) for key in (code, f"{code}_L", f"{code}_R")]
    sided = {unit.code for group in variant.required for unit in group if unit.side != "any"}
    sided |= {unit.code for unit in variant.excluded if unit.side != "any"}
    return Part(
        given.groups.get(one.group, OTHER),
        replace(one, variants=(variant,)),
        tuple(key for key in keys if "_" not in key or key.split("_")[0] in sided),
        tuple(required),
        given.weights.grade[one.grade] * given.weights.rank[variant.rank],
        sum(group <= MOUTH_CODES for group in required) / max(len(required), 1),
    )


def _wholes(part: Part, parts: Sequence[Part]) -> tuple[int, ...]:
    def holds(whole: Part) -> bool:
        if whole.state == part.state:
            return False
        if whole.combination.id in part.combination.yields_to:
            return True
        if len(whole.required) <= len(part.required):
            return False
        if whole.variant.score is not None:  # a sum of parts stands by several of them, whichever they are
            together = frozenset().union(*whole.required)
            return all(asked <= together for asked in part.required)
        return all(any(own <= asked for own in whole.required) for asked in part.required)

    return tuple(place for place, whole in enumerate(parts) if holds(whole))


def presences(parts: Sequence[Part], values: Values, origin: str) -> NDArray[np.float32]:
    """Graded presence of every part in the scores as they stand, without what only time shows.

    Parameters
    ----------
    parts : sequence of Part
    values : mapping of str to float array, shape (n,)
        Intensities by key; NaN where not scored.
    origin : str
        ``machine`` or ``coder``.

    Returns
    -------
    float32, shape (parts, n)
        0–1; NaN where what it needs was not scored, and for parts that are shares of time.
    """
    count = len(next(iter(values.values())))
    found = np.full((len(parts), count), np.nan, np.float32)
    for place, part in enumerate(parts):
        own = {key: np.asarray(values[key], np.float64) for key in part.keys if key in values}
        if own and not part.over_time:
            found[place] = membership(own, part.combination, origin=origin)
    return found


def drawn_presences(
    parts: Sequence[Part], values: Values, origin: str, gates: Mapping[int, NDArray[np.floating]]
) -> NDArray[np.float32]:
    """Graded presence of every part in draws; 0 where it was not scored, which the evidence tells apart.

    Parameters
    ----------
    parts : sequence of Part
    values : mapping of str to float32, shape (d, n)
    origin : str
    gates : mapping of int to float array, shape (n,)
        By place what time has to say: the presence of a share of time, or 1 where a part lasts as long as it has
        to and 0 elsewhere. They are not drawn.

    Returns
    -------
    float32, shape (parts, d, n)
    """
    shape = next(iter(values.values())).shape
    found = np.zeros((len(parts), *shape), np.float32)
    most: dict[str, float] = {}
    for key, array in values.items():
        code = key.split("_")[0]
        most[code] = max(most.get(code, 0.0), float(np.fmax.reduce(array, axis=None, initial=0.0)))
    begins = max(FLOORS[origin] - HALF_STEP, 0.0)
    moved = {code for code, value in most.items() if value > begins}
    for place, part in enumerate(parts):
        gate = gates.get(place)
        if part.over_time:
            found[place] = 0.0 if gate is None else np.nan_to_num(gate)
            continue
        if gate is not None and not gate.any():
            continue
        needed = [bool(group & moved) for group in part.required]
        if not (any(needed) if part.variant.score is not None else all(needed)):
            continue
        own = {key: np.asarray(values[key], np.float64) for key in part.keys if key in values}
        there = membership(own, part.combination, origin=origin)
        found[place] = np.where(np.isfinite(there), there, 0.0)
        if gate is not None:
            found[place] *= gate
    return found


def shares(
    parts: Sequence[Part],
    present: NDArray[np.float32],
    neutral: NDArray[np.floating],
    speech: NDArray[np.floating],
    given: Parameters,
    odds: Mapping[str, NDArray[np.floating]] | None = None,
) -> NDArray[np.float32]:
    """Shares of the states at every moment.

    Parameters
    ----------
    parts : sequence of Part
    present : float32, shape (parts, d, n)
        0–1; what was not scored is 0 here and told apart by the evidence.
    neutral : float array, shape (d, n)
        From `resting`, 0–1.
    speech : float array, shape (n,)
        Share of speech, 0–1: parts that speech can show count less.
    odds : mapping of str to float array, shape (d, 1), optional
        Log-odds by state: display rules of a cohort.

    Returns
    -------
    float32, shape (shares, d, n)
        In the order of `SHARES`; they sum to 1.
    """
    fit = np.zeros((len(SHARES), *neutral.shape), np.float32)
    gate = np.asarray(speech, np.float32)
    there = present.reshape(len(parts), -1).max(axis=1, initial=0) > 0
    for place in np.flatnonzero(there).tolist():
        part = parts[place]
        own = present[place] * np.float32(part.weight)
        wholes = [whole for whole in part.wholes if there[whole]]
        if wholes:
            own = own * (1 - np.float32(given.weights.covered) * present[wholes].max(axis=0))
        if part.spoken:
            own = own * (1 - np.float32((1 - given.weights.speech) * part.spoken) * gate)
        at = SHARES.index(part.state)
        np.maximum(fit[at], own, out=fit[at])
    none = 1 - fit.max(axis=0)
    fit[SHARES.index("neutral")] = none * neutral
    fit[SHARES.index(OTHER)] += none * (1 - neutral)
    for state, offset in (odds or {}).items():
        own = fit[SHARES.index(state)]
        if own.any():
            own *= np.exp(offset, dtype=np.float32)
    found: NDArray[np.float32] = fit / fit.sum(axis=0)
    return found


def resting(values: Values, given: Parameters) -> NDArray[np.float32]:
    """How far nothing moves, 1 down to 0 with the strongest code, shape (d, n); codes not scored do not count.

    Blinking lids and positions of head and eyes are part of a resting face.
    """
    rest = given.rest
    shape = np.broadcast_shapes(*(array.shape for array in values.values()))
    most = np.zeros(shape, np.float32)
    for code in ACTION_UNITS:
        if code in values and code not in rest.ignored:
            most = np.fmax(most, np.asarray(values[code], np.float32))
    found: NDArray[np.float32] = np.clip((rest.ends - most) / (rest.ends - rest.begins), 0, 1).astype(np.float32)
    return found


def dimensions(values: Values, given: Dimensions) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Valence −1 to 1 and arousal 0 to 1 at every moment, shapes (d, n); codes not scored count as resting here.

    Valence is the sum of weight × intensity, arousal the mean of the strongest, less closed eyes; intensities 0–1
    above rest.
    """
    shape = np.broadcast_shapes(*(array.shape for array in values.values()))

    def strength(code: str) -> NDArray[np.float32]:
        array = np.asarray(values[code], np.float32)
        above = np.clip(np.nan_to_num(array, nan=0.0) - np.float32(given.rest), 0, None)
        return np.asarray(above / np.float32(5 - given.rest), np.float32)

    valence = np.zeros(shape, np.float32)
    for code, weight in given.valence.items():
        if code in values:
            valence += np.float32(weight) * strength(code)
    there = [strength(code) for code in given.arousal if code in values]
    if not there:
        return np.clip(valence, -1, 1), np.zeros(shape, np.float32)
    count = min(given.strongest, len(there))
    stacked = np.stack(there)
    strongest = np.partition(stacked, len(there) - count, axis=0)[len(there) - count :]
    arousal = strongest.sum(axis=0) / np.float32(given.strongest)
    if given.closed in values:
        arousal = arousal - strength(given.closed) / np.float32(given.strongest)
    return np.clip(valence, -1, 1), np.clip(arousal, 0, 1)
