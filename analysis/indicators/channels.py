"""Where face, voice and words agree or contradict each other: marked by rules in data, never resolved."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64
from analysis.indicators.grid import Grid
from analysis.indicators.session import Curve, FaceTrack, Voice

KINDS: Final = ("agree", "contradict")
_SIDES: Final = ("above", "below")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Condition:
    """One channel's part of a rule: a measure on one side of its middle, or codes that stand."""

    channel: str
    measure: str = ""
    side: str = ""
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        measured = bool(self.measure) and self.side in _SIDES
        if self.channel not in {"face", "voice", "text"} or measured == bool(self.codes):
            raise ValueError("a condition names a channel, and a measure with its side or codes")


@dataclass(frozen=True)
class Rule:
    """Two channels or more that agree or contradict; ``words`` say what is there."""

    id: str
    kind: str
    words: str
    when: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS or len({one.channel for one in self.when}) < 2 or not self.words:
            raise ValueError(f"rule {self.id}: a kind, words and conditions on two channels are needed")


@dataclass(frozen=True)
class Rules:
    """Content of ``channels.toml``."""

    version: str
    middle: Mapping[str, float]
    text_error: float
    code_at: float
    code_share: float
    words: Mapping[str, frozenset[str]]
    rules: tuple[Rule, ...]


@cache
def shipped() -> Rules:
    """The rules that came with the product."""
    return parse(tomllib.loads(Path(__file__).with_name("channels.toml").read_text(encoding="utf-8")))


def parse(stored: Mapping[str, Any]) -> Rules:
    """Rules from a parsed file.

    Raises
    ------
    ValueError
        A rule of one channel, or a condition on a measure that has no middle.
    """
    rows = []
    for row in stored["rule"]:
        when = tuple(Condition(**{**one, "codes": tuple(one.get("codes", ()))}) for one in row["when"])
        rows.append(Rule(row["id"], row["kind"], row["words"], when))
    unknown = {one.measure for rule in rows for one in rule.when if one.measure} - stored["middle"].keys()
    if unknown:
        raise ValueError(f"no middle is named for {sorted(unknown)}")
    return Rules(
        stored["version"],
        stored["middle"],
        stored["text_error"],
        stored["code_at"],
        stored["code_share"],
        {sign: frozenset(labels) for sign, labels in stored["words"].items()},
        tuple(rows),
    )


@dataclass(frozen=True)
class Compared:
    """What the rules found for one face.

    Attributes
    ----------
    stretches : list of mapping
        As in channels.json.
    agree, contradict : bool, shape (cells,)
        Cells in which a rule of that kind holds.
    comparable : bool
        Whether the face has a second channel at all.
    notes : list of str
    """

    stretches: list[dict[str, Any]]
    agree: Mask
    contradict: Mask
    comparable: bool
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Cells:
    """A number by cell with its interval; NaN where there is none."""

    value: Float64
    low: Float64
    high: Float64


def cells_of(curve: Curve, grid: Grid) -> tuple[Float64, Float64, Float64]:
    """Mean of a curve's windows by cell; a window belongs to the cell that holds its middle; NaN where none is."""
    known = np.isfinite(curve.value)
    index = grid.index(curve.middle_us[known])
    count = np.bincount(index, minlength=grid.cells)

    def mean(array: Float64) -> Float64:
        total = np.bincount(index, array[known], grid.cells)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    low = np.where(np.isfinite(curve.low), curve.low, curve.value)
    high = np.where(np.isfinite(curve.high), curve.high, curve.value)
    return mean(curve.value), mean(low), mean(high)


def valence_of(scores: Mapping[str, float] | None, rules: Rules) -> tuple[float, float] | None:
    """Probability that words are positive, and negative, each at most 1; None without scores."""
    if not scores:
        return None
    positive, negative = (
        min(1.0, sum(p for label, p in scores.items() if label in rules.words[sign]))
        for sign in ("positive", "negative")
    )
    return positive, negative


def units_of(text: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The units of a text that have times and scores."""
    return [
        unit
        for unit in (text or {}).get("units", ())
        if unit.get("scores") and unit.get("start_us") is not None and unit.get("end_us") is not None
    ]


def compare(
    track: FaceTrack,
    grid: Grid,
    *,
    voice: Voice | None,
    text: Mapping[str, Any] | None,
    rules: Rules | None = None,
) -> Compared:
    """Stretches in which the channels of one person agree or contradict.

    Parameters
    ----------
    track : FaceTrack
    grid : Grid
    voice, text : optional
        Of this person alone (`speaking.own`).
    rules : Rules, optional
        Those that came with the product when left out.
    """
    rules = rules or shipped()
    units = units_of(text)
    numbers: dict[tuple[str, str], _Cells] = {}
    for name in ("valence", "arousal", "neutral"):
        if track.states and name in track.states:
            numbers["face", name] = _Cells(*cells_of(track.states[name], grid))
    arousal = voice.curve("arousal") if voice is not None else None
    if arousal is not None:
        numbers["voice", "arousal"] = _Cells(*cells_of(arousal, grid))
    if units:
        numbers["text", "valence"] = _text_cells(units, grid, rules)
    agree, contradict = np.zeros(grid.cells, bool), np.zeros(grid.cells, bool)
    stretches = []
    for rule in rules.rules:
        holds = [_holds(one, numbers, track, grid, rules) for one in rule.when]
        if any(mask is None for mask in holds):
            continue
        both = np.logical_and.reduce([mask for mask in holds if mask is not None])
        (agree if rule.kind == "agree" else contradict)[both] = True
        for first, last in _runs(both):
            stretches.append(_stretch(rule, first, last, numbers, units, track, grid))
    stretches.sort(key=lambda one: (one["start_us"], one["rule"]))
    return Compared(stretches, agree, contradict, comparable=arousal is not None or bool(units))


def _text_cells(units: Sequence[Mapping[str, Any]], grid: Grid, rules: Rules) -> _Cells:
    """Valence of the words spoken in the middle of each cell."""
    value = np.full(grid.cells, np.nan)
    middles = grid.edges[:-1] + grid.length_us // 2
    for unit in units:
        both = valence_of(unit["scores"], rules)
        if both is None:
            continue
        own = (middles >= unit["start_us"]) & (middles < unit["end_us"])
        if not own.any():  # shorter than a cell: it still was said in one
            own[grid.index(np.array([(unit["start_us"] + unit["end_us"]) // 2]))] = True
        value[own] = both[0] - both[1]
    return _Cells(value, value - rules.text_error, value + rules.text_error)


def _holds(
    one: Condition, numbers: Mapping[tuple[str, str], _Cells], track: FaceTrack, grid: Grid, rules: Rules
) -> Mask | None:
    """Cells in which a condition holds; None where the channel has nothing to say."""
    if one.codes:
        return _codes_stand(track, one.codes, grid, rules)
    cells = numbers.get((one.channel, one.measure))
    if cells is None:
        return None
    middle = rules.middle[one.measure]
    with np.errstate(invalid="ignore"):
        return cells.low > middle if one.side == "above" else cells.high < middle


def _codes_stand(track: FaceTrack, codes: Sequence[str], grid: Grid, rules: Rules) -> Mask | None:
    evidence = track.evidence
    if any(code not in evidence.values for code in codes):
        return None
    values = [evidence.values[code] for code in codes]
    ends = [evidence.low.get(code, evidence.values[code]) for code in codes]
    known = np.logical_and.reduce([np.isfinite(value) for value in values])
    up = np.logical_and.reduce([np.nan_to_num(end) >= rules.code_at for end in ends]) & known
    seconds = evidence.durations_s()
    scored = grid.sums(evidence.time_us, seconds * known)
    standing = grid.sums(evidence.time_us, seconds * up)
    return (scored > 0) & (standing >= rules.code_share * scored)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """First cell of every run, and the cell behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _stretch(
    rule: Rule,
    first: int,
    last: int,
    numbers: Mapping[tuple[str, str], _Cells],
    units: Sequence[Mapping[str, Any]],
    track: FaceTrack,
    grid: Grid,
) -> dict[str, Any]:
    start, end = (int(grid.start_us + place * grid.length_us) for place in (first, last))
    channels: dict[str, Any] = {}
    label = ""
    for one in rule.when:
        if one.codes:
            channels[one.channel] = {"codes": list(one.codes)}
            continue
        cells = numbers[one.channel, one.measure]
        channels[one.channel] = {
            "measure": one.measure,
            **{
                name: round(float(np.nanmean(getattr(cells, name)[first:last])), 3)
                for name in ("value", "low", "high")
            },
        }
        if one.channel == "text":
            label = _label(units, start, end, one.side)
            channels["text"]["label"] = label
    return {
        "face": track.face,
        "start_us": start,
        "end_us": end,
        "kind": rule.kind,
        "rule": rule.id,
        "channels": channels,
        "words": rule.words.format(label=label),
    }


def _label(units: Sequence[Mapping[str, Any]], start: int, end: int, side: str) -> str:
    """The label of the stretch's words that is most probable, of those on the side that the rule speaks of."""
    wanted = shipped().words["positive" if side == "above" else "negative"]
    total: dict[str, float] = {}
    for unit in units:
        shared = max(0, min(end, unit["end_us"]) - max(start, unit["start_us"]))
        for label, p in unit["scores"].items():
            if label in wanted:
                total[label] = total.get(label, 0.0) + p * shared
    return max(total, key=lambda label: (total[label], label)) if total else ""
