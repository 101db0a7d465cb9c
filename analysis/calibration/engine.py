"""From signed codings to a calibration: read, pool, measure on participants left out, say what cannot be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from analysis.calibration import heldout, material, words
from analysis.calibration.fairness import LEAST_SHOWN, adjusted, averaged, fairness
from analysis.calibration.fit import (
    LEAST_EVENTS,
    LEAST_PARTICIPANTS,
    LEAST_SHOWING,
    Correction,
    enough,
    estimate,
)
from analysis.calibration.material import Material, Session
from analysis.calibration.occurrence import odds, rates
from analysis.calibration.people import Mask, estimates
from analysis.calibration.pooling import Pooled, quantile
from analysis.calibration.record import (
    Calibration,
    Change,
    Code,
    CohortCalibration,
    Estimate,
    Figure,
    Prior,
    Unit,
)
from analysis.facs.series import Float64, Int64
from analysis.scoring.targets import LEARNED
from analysis.types import AnalysisError, Cancelled, Hook, ShouldStop

#: 43 is the share of the way to shut, which a coder's letter is not; 41, 42, 45, 46 come from the same lids.
CODES: Final = tuple(code for code in LEARNED if code != "43")
RESAMPLES: Final = 400
PERMUTATIONS: Final = 2000


@dataclass(frozen=True)
class _Found:
    """One code: what is known of it in every cohort, and how it does on participants left out."""

    code: str
    correction: Correction | None
    enough: Mask
    events: Float64
    rate: Pooled | None
    unseen: heldout.Unseen
    before: Float64
    after: Float64
    false_before: Float64
    false_after: Float64


@dataclass(frozen=True)
class _Cohorts:
    """Ids of cohorts, and each participant's place among them."""

    names: tuple[str, ...]
    place: Int64


def calibrate(
    sessions: Sequence[Session],
    *,
    version: str = "1",
    date: str | None = None,
    scorer: str | None = None,
    seed: int = 0,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Calibration:
    """Calibrate every cohort that has enough signed codings.

    Parameters
    ----------
    sessions : sequence of Session
        Signed codings, with consent for this use.
    version : str
        What the calibration is called.
    date : str, optional
        ISO 8601; now when not given.
    scorer : str, optional
        Runs of other scorers are left out; that of most of the runs when not given.
    seed : int
        Of folds, bootstrap and permutations.
    hook : Hook, optional
        Stages ``read`` (codings) and ``fit`` (codes).
    should_stop : ShouldStop, optional
        Asked between codings and codes.

    Raises
    ------
    AnalysisError
        Fewer participants than one cohort needs.
    Cancelled
        ``should_stop`` returned true.
    """

    def tell(stage: str, done: int, total: int) -> None:
        if should_stop is not None and should_stop():
            raise Cancelled("The calibration was stopped.")
        if hook is not None:
            hook(stage, done, total)

    found = Material(scorer or material.newest_scorer(sessions))
    shares = Counter((one.coding.folder, one.coding.face) for one in sessions)
    codes = material.coded_codes(sessions, CODES)
    for done, (session, coded) in enumerate(zip(sessions, codes, strict=True)):
        tell("read", done, len(sessions))
        try:
            material.add(found, session, coded, 1 / shares[session.coding.folder, session.coding.face])
        except AnalysisError as error:
            found.skipped.append(f"Run {session.coding.run}: {error}")
    if len(found.participants) < LEAST_PARTICIPANTS:
        why = f" Left out: {' '.join(found.skipped[:5])}" if found.skipped else ""
        raise AnalysisError(
            f"{len(found.participants)} participant(s) can be calibrated with; a cohort needs "
            f"{LEAST_PARTICIPANTS} with signed codings and consent to calibration.{why}"
        )
    names = tuple(sorted(set(found.cohort_of)))
    cohorts = _Cohorts(names, np.array([names.index(one) for one in found.cohort_of], np.int64))
    fitted: list[_Found] = []
    present = [code for code in CODES if found.windows.get(code)]
    for done, code in enumerate(present):
        tell("fit", done, len(present))
        fitted.append(_fit(found, code, cohorts, seed))
    tell("fit", len(present), len(present))
    return _calibration(found, cohorts, fitted, version, date, seed)


def _fit(found: Material, code: str, cohorts: _Cohorts, seed: int) -> _Found:
    k = len(cohorts.names)
    windows = found.of_code(code)
    person_events = found.vector(found.events[code])
    events: Float64 = np.bincount(cohorts.place, weights=person_events, minlength=k).astype(np.float64)
    correction = estimate(estimates(windows), cohorts.place, k)
    unseen = heldout.unseen(windows, cohorts.place, k, events, heldout.folds_of(cohorts.place, seed))
    return _Found(
        code,
        correction,
        enough(correction, events),
        events,
        rates(person_events, found.vector(found.minutes[code]), cohorts.place, k),
        unseen,
        heldout.absolute(windows, windows.machine),
        heldout.absolute(windows, unseen.after),
        heldout.false_share(windows, windows.machine),
        heldout.false_share(windows, unseen.after),
    )


def _calibration(
    found: Material, cohorts: _Cohorts, fitted: Sequence[_Found], version: str, date: str | None, seed: int
) -> Calibration:
    people = len(found.participants)
    tables = {
        "error": (_table([one.before for one in fitted], people), _table([one.after for one in fitted], people)),
        "false": (
            _table([one.false_before for one in fitted], people),
            _table([one.false_after for one in fitted], people),
        ),
    }
    plain = {name: (averaged(first), averaged(second)) for name, (first, second) in tables.items()}
    like = {name: (adjusted(first), adjusted(second, first)) for name, (first, second) in tables.items()}
    made = tuple(_cohort(found, cohorts, number, fitted, plain, seed) for number in range(len(cohorts.names)))
    draws = heldout.weights(people, RESAMPLES, seed)
    codings = [session.coding for session in found.sessions]
    return Calibration(
        version=version,
        date=date or datetime.now(UTC).isoformat(timespec="seconds"),
        scorer=found.scorer,
        coders=tuple(sorted({coding.coder for coding in codings})),
        participants=people,
        recordings=len({coding.folder for coding in codings}),
        codings=len(codings),
        events=sum(one.events for one in made),
        minutes=float(sum(found.coded_minutes.values())),
        minimum={"participants": LEAST_PARTICIPANTS, "events": LEAST_EVENTS, "showing": LEAST_SHOWING},
        cohorts=made,
        codes={one.code: _code(one, draws) for one in fitted},
        fairness=fairness(plain, like, cohorts.place, cohorts.names, permutations=PERMUTATIONS, seed=seed),
        skipped=tuple(found.skipped),
        cannot=tuple(words.cannot(found, made)),
    )


def _table(columns: Sequence[Float64], people: int) -> Float64:
    return np.stack(columns, axis=1) if columns else np.zeros((people, 0))


def _cohort(
    found: Material,
    cohorts: _Cohorts,
    number: int,
    fitted: Sequence[_Found],
    figures: dict[str, tuple[Float64, Float64]],
    seed: int,
) -> CohortCalibration:
    own = cohorts.place == number
    name = cohorts.names[number]
    codings = [one.coding for one in found.sessions if one.cohort == name]
    draws = heldout.weights(int(own.sum()), RESAMPLES, seed)
    units = {one.code: unit for one in fitted if (unit := _unit(one, number, own, draws)) is not None}
    participants = int(own.sum())
    why = words.why_not(name, participants, units)
    return CohortCalibration(
        id=name,
        scorer=found.scorer,
        calibrated=not why,
        why=why,
        participants=participants,
        recordings=len({coding.folder for coding in codings}),
        codings=len(codings),
        coders=len({coding.coder for coding in codings}),
        events=sum(unit.events for unit in units.values()),
        minutes=float(sum(found.coded_minutes[person] for person in np.flatnonzero(own).tolist())),
        units=units,
        priors={} if why else _priors(found, cohorts, number),
        error=_shown(figures["error"][0][own], figures["error"][1][own], draws),
        false=_shown(figures["false"][0][own], figures["false"][1][own], draws),
    )


def _unit(one: _Found, number: int, own: Mask, draws: Float64) -> Unit | None:
    """One code in one cohort; None where nobody of it was coded for the code."""
    found = one.correction
    if found is None or not found.people[number]:
        return None
    participants, showing = int(found.people[number]), int(found.showing[number])
    events = int(one.events[number] + 1e-9)
    return Unit(
        code=one.code,
        calibrated=bool(one.enough[number]) and one.unseen.used,
        why=words.why_not_unit(participants, showing, events, bool(one.enough[number]), one.unseen.used),
        rest=_estimate(found.rest, number),
        gain=_estimate(found.gain, number),
        rate=_rate(one.rate, number),
        participants=participants,
        showing=showing,
        events=events,
        error=_shown(one.before[own], one.after[own], draws),
    )


def _shown(before: Float64, after: Float64, draws: Float64) -> Change:
    """A cohort's figure, unless it would speak about single people."""
    if int(np.isfinite(before).sum()) < LEAST_SHOWN:
        return Change(*[heldout.nothing()] * 3)
    return heldout.change(before, after, draws)


def _estimate(pooled: Pooled, number: int) -> Estimate:
    names = (pooled.value, pooled.low, pooled.high, pooled.error, pooled.weight, pooled.raw)
    return Estimate(*(float(values[number]) for values in names))


def _rate(pooled: Pooled | None, number: int) -> Estimate:
    """Events a minute from their logarithms; the error stays that of the logarithm."""
    if pooled is None:
        return Estimate(*[float("nan")] * 6)
    value, low, high, raw = (
        float(np.exp(values[number])) for values in (pooled.value, pooled.low, pooled.high, pooled.raw)
    )
    return Estimate(value, low, high, float(pooled.error[number]), float(pooled.weight[number]), raw)


def _priors(found: Material, cohorts: _Cohorts, number: int) -> dict[str, Prior]:
    made = {}
    for state, counts in found.moments.items():
        shown, moments = found.vector(found.shown[state]), found.vector(counts)
        pooled = odds(shown, moments, cohorts.place, len(cohorts.names))
        if pooled is None or not np.isfinite(pooled.raw[number]):
            continue
        own = cohorts.place == number
        offset, error = float(pooled.offset[number]), float(pooled.offset_error[number])
        half = quantile(None) * error
        made[state] = Prior(
            state,
            offset,
            offset - half,
            offset + half,
            error,
            float(pooled.weight[number]),
            float(shown[own].sum()),
            float(moments[own].sum()),
        )
    return made


def _code(one: _Found, draws: Float64) -> Code:
    found = one.correction
    nan = float("nan")
    windows = one.unseen.windows
    return Code(
        code=one.code,
        used=one.unseen.used,
        why="" if one.unseen.used else words.why_not_code(bool(one.enough.any())),
        participants=int((one.unseen.windows.per_person() > 0).sum()),
        events=int(one.events.sum() + 1e-9),
        rest=_whole(found.rest) if found else heldout.nothing(),
        gain=_whole(found.gain) if found else heldout.nothing(),
        rest_scatter=found.rest.scatter if found else nan,
        gain_scatter=found.gain.scatter if found else nan,
        error=heldout.change(one.before, one.after, draws),
        icc=_icc(one, draws) if len(windows.person) else Change(*[heldout.nothing()] * 3),
        false=heldout.change(one.false_before, one.false_after, draws),
    )


def _icc(one: _Found, draws: Float64) -> Change:
    return heldout.icc_change(one.unseen.windows, one.unseen.after, draws)


def _whole(pooled: Pooled) -> Figure:
    half = quantile(None) * pooled.whole_error
    return Figure(pooled.whole, pooled.whole - half, pooled.whole + half)
