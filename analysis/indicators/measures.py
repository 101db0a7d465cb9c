"""The procedures behind the catalogue's inputs: a session in, sums by cell out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.facs.series import Float64
from analysis.indicators.catalogue import Input
from analysis.indicators.channels import Compared, cells_of, shipped, units_of, valence_of
from analysis.indicators.engagement import Engagement, Part
from analysis.indicators.gestures import nods, shakes
from analysis.indicators.grid import Grid
from analysis.indicators.markers import Marker
from analysis.indicators.session import FaceTrack
from analysis.indicators.speaking import Own

#: An answer that comes later than this is none, microseconds (ours; the input's range ends there).
LATEST_ANSWER_US: Final = 30_000_000
#: How a value without spread is resampled: see `evaluate`.
KINDS: Final[Mapping[str, str]] = {
    "together": "share",
    "event_rate": "rate",
    "gesture_rate": "rate",
    "combination_share": "share",
    "agreement": "share",
}


@dataclass(frozen=True)
class Material:
    """What the inputs of one face are made from.

    Attributes
    ----------
    track : FaceTrack
    grid : Grid
    engagement : Engagement
    compared : Compared
    own : Own
        This person's voice and words.
    markers : sequence of Marker
    """

    track: FaceTrack
    grid: Grid
    engagement: Engagement
    compared: Compared
    own: Own
    markers: Sequence[Marker] = ()


def measured(one: Input, material: Material) -> Part | str:
    """An input's sums by cell, or a sentence that says why it is missing."""
    found = _PROCEDURES[one.measure](material, one.told)
    if isinstance(found, Part) and not found.den.sum() > 0:
        return f"Nothing in this session could be measured for “{one.label}”."
    return found


def _together(material: Material, told: Mapping[str, Any]) -> Part | str:
    """Share of scored time (or of the time of ``given``) in which all codes reach a level."""
    evidence, at = material.track.evidence, told["at"]
    codes, given = told["codes"], told.get("given", ())
    missing = [code for code in codes if code not in evidence.values]
    if missing:
        return f"Action Unit {missing[0]} was not scored well enough by the machine."
    seconds, times = evidence.durations_s(), evidence.time_us
    base = np.logical_and.reduce([np.isfinite(evidence.values[code]) for code in codes])
    for code in given:
        base &= np.nan_to_num(evidence.values[code]) >= at
    rest = [code for code in codes if code not in given]

    def time(ends: Mapping[str, Float64]) -> Float64:
        up = base.copy()
        for code in rest:
            up &= np.nan_to_num(ends.get(code, evidence.values[code])) >= at
        return material.grid.sums(times, seconds * up)

    den = material.grid.sums(times, seconds * base)
    return Part(time(evidence.values), den, time(evidence.low), time(evidence.high))


def _event_rate(material: Material, told: Mapping[str, Any]) -> Part | str:
    """Events per minute of scored time; at the lower end each counts only as far as it stands out of noise."""
    evidence, grid = material.track.evidence, material.grid
    codes, sides = set(told["codes"]), set(told.get("sides", ()))
    missing = [code for code in sorted(codes) if code not in evidence.values]
    if missing:
        return f"Action Unit {missing[0]} was not scored well enough by the machine."
    known = np.logical_and.reduce([np.isfinite(evidence.values[code]) for code in codes])
    minutes = grid.sums(evidence.time_us, evidence.durations_s() * known) / 60
    own = [one for one in evidence.events if one.code in codes and (not sides or one.side in sides)]
    place = grid.index(np.array([one.apex_us for one in own], np.int64))
    count = np.bincount(place, minlength=grid.cells).astype(np.float64)
    sure = [1.0 if one.confidence is None else one.confidence for one in own]
    low = np.bincount(place, np.array(sure, np.float64), grid.cells).astype(np.float64)
    return Part(count, minutes, low, count)


def _gesture_rate(material: Material, told: Mapping[str, Any]) -> Part | str:
    track, grid = material.track, material.grid
    find = nods if told["gesture"] == "nod" else shakes
    found = find(track.evidence.time_us, track.yaw_deg, track.pitch_deg)
    known = np.isfinite(track.yaw_deg) & np.isfinite(track.pitch_deg)
    minutes = grid.sums(track.evidence.time_us, track.evidence.durations_s() * known) / 60
    place = grid.index(np.array([start for start, _ in found], np.int64))
    count = np.bincount(place, minlength=grid.cells).astype(np.float64)
    return Part(count, minutes, count, count)


def _component(material: Material, told: Mapping[str, Any]) -> Part | str:
    part = material.engagement.parts[told["name"]]
    return part if part is not None else material.engagement.why[told["name"]]


def _engagement(material: Material, told: Mapping[str, Any]) -> Part | str:
    return _from_cells(*cells_of(material.engagement.curve, material.grid))


def _from_cells(value: Float64, low: Float64, high: Float64) -> Part:
    known = np.isfinite(value)
    num, below, above = (np.where(known, array, 0.0) for array in (value, low, high))
    return Part(num, known.astype(np.float64), below, above)


def _combination_share(material: Material, told: Mapping[str, Any]) -> Part | str:
    track, grid = material.track, material.grid
    if track.combinations is None:
        return "Combinations were not computed for this recording."
    own = [one for one in track.combinations if any(name in one.id for name in told["names"])]
    seconds = track.evidence.durations_s() * np.isfinite(track.evidence.quality)
    seen = grid.sums(track.evidence.time_us, seconds)
    time = np.minimum(grid.covered_s((one.start_us, one.end_us) for one in own), seen)
    sure = np.zeros(grid.cells)
    for one in own:
        sure += one.confidence * grid.covered_s([(one.start_us, one.end_us)])
    return Part(time, seen, np.minimum(sure, time), time)


def _state(material: Material, told: Mapping[str, Any]) -> Part | str:
    states = material.track.states
    if states is None:
        return "States were not computed for this recording."
    if told["state"] not in states:
        return f"The state {told['state']} was not estimated."
    return _from_cells(*cells_of(states[told["state"]], material.grid))


def _voice(material: Material, told: Mapping[str, Any]) -> Part | str:
    voice = material.own.voice
    if voice is None:
        return material.own.why_no["speech"]
    curve = voice.curve(told["column"])
    if curve is None:
        return f"The voice has no column {told['column']!r}."
    return _from_cells(*cells_of(curve, material.grid))


def _answer_latency(material: Material, told: Mapping[str, Any]) -> Part | str:
    """Seconds from the end of each question to the speech that follows or is under way."""
    voice, grid = material.own.voice, material.grid
    if voice is None:
        return material.own.why_no["speech"]
    questions = [one for one in material.markers if one.kind == "question"]
    if not questions:
        return "No question is marked in this recording."
    total, count = np.zeros(grid.cells), np.zeros(grid.cells)
    speech = voice.speech()
    for one in questions:
        asked = one.start_us if one.end_us is None else one.end_us
        waits = [max(0, start - asked) for start, end in speech if end > asked]
        if waits and min(waits) <= LATEST_ANSWER_US:
            place = grid.index(np.array([asked], np.int64))
            total[place] += min(waits) / 1e6
            count[place] += 1
    return Part(total, count, total, total)


def _words(material: Material, told: Mapping[str, Any]) -> Part | str:
    """Mean probability of one sign, each unit weighing as long as it takes to say."""
    if material.own.text is None:
        return material.own.why_no["text"]
    grid, rules = material.grid, shipped()
    units = units_of(material.own.text)
    num, den, low, high = (np.zeros(grid.cells) for _ in range(4))
    for unit in units:
        both = valence_of(unit["scores"], rules)
        if both is None:
            continue
        p = both[0] if told["sign"] == "positive" else both[1]
        place = grid.index(np.array([(unit["start_us"] + unit["end_us"]) // 2], np.int64))
        seconds = max(0.1, (unit["end_us"] - unit["start_us"]) / 1e6)
        ends = np.clip([p, p - rules.text_error / 2, p + rules.text_error / 2], 0, 1)
        for array, end in zip((num, low, high), ends.tolist(), strict=True):
            array[place] += seconds * end
        den[place] += seconds
    return Part(num, den, low, high)


def _agreement(material: Material, told: Mapping[str, Any]) -> Part | str:
    compared = material.compared
    if not compared.comparable:
        return "There is no second channel to compare the face with."
    agree = (compared.agree & ~compared.contradict).astype(np.float64)
    den = (compared.agree | compared.contradict).astype(np.float64)
    if not den.any():
        return "Nowhere are two channels clear enough to be compared."
    return Part(agree, den, agree, agree)


_PROCEDURES: Final[Mapping[str, Callable[[Material, Mapping[str, Any]], Part | str]]] = {
    "together": _together,
    "event_rate": _event_rate,
    "gesture_rate": _gesture_rate,
    "component": _component,
    "engagement": _engagement,
    "combination_share": _combination_share,
    "state": _state,
    "voice": _voice,
    "answer_latency": _answer_latency,
    "words": _words,
    "agreement": _agreement,
}
