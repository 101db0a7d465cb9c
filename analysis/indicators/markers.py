"""What a session shows in answer to a marked task, question or scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.facs.series import Float64
from analysis.indicators.engagement import Engagement
from analysis.indicators.session import Curve, FaceTrack, Session
from analysis.indicators.speaking import Own

KINDS: Final = ("task", "question", "scene")
#: Time before a marker that it is compared with, microseconds (ours: one cell of the grid).
BASELINE_US: Final = 2_000_000
#: How long a marker without an end is taken to last, or to the next one (ours: facial responses to short events
#: are over within seconds).
OPEN_US: Final = 5_000_000
#: Said beside every response.
NOTE: Final = (
    "A difference after a marker is not yet an answer to it: markers follow each other, and one is one case."
)


@dataclass(frozen=True, slots=True)
class Marker:
    """One stimulus.

    Attributes
    ----------
    name : str
    kind : str
        One of `KINDS`.
    start_us : int
    end_us : int or None
        None where it has no end of its own.

    Raises
    ------
    ValueError
        No name, an unknown kind, or an end that is not behind the start.
    """

    name: str
    kind: str
    start_us: int
    end_us: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or self.kind not in KINDS:
            raise ValueError(f"a marker needs a name and a kind: {', '.join(KINDS)}")
        if self.start_us < 0 or (self.end_us is not None and self.end_us <= self.start_us):
            raise ValueError(f"marker {self.name!r}: the end must be behind the start")


def responses(
    session: Session,
    curves: Mapping[int, Engagement],
    markers: Sequence[Marker],
    *,
    own: Mapping[int, Own] | None = None,
    baseline_us: int = BASELINE_US,
) -> list[dict[str, Any]]:
    """What every face shows during every marker, against the time before it.

    Parameters
    ----------
    session : Session
    curves : mapping of int to Engagement
        By face.
    markers : sequence of Marker
    own : mapping of int to Own, optional
        Each face's voice and words; a face that is not in it has none.
    baseline_us : int
        Time before the marker that it is compared with.

    Returns
    -------
    list of mapping
        One for each face and marker, in time: ``states`` (mean, baseline, difference, each with the ends of its
        interval), ``aus`` (events, rate per minute with its interval, latency of the first), ``engagement``,
        ``voice_arousal``, ``text``. What cannot be said is null with its reason in ``why``.
    """
    ordered = sorted(markers, key=lambda one: (one.start_us, one.name))
    out = []
    for number, marker in enumerate(ordered):
        following = next((one.start_us for one in ordered[number + 1 :] if one.start_us > marker.start_us), None)
        end = marker.end_us or min(marker.start_us + OPEN_US, following or session.end_us, session.end_us)
        for track in session.faces:
            span = (marker.start_us, max(end, marker.start_us + 1))
            before = (max(session.start_us, marker.start_us - baseline_us), marker.start_us)
            row = _response(track, curves.get(track.face), span, before, (own or {}).get(track.face, Own()))
            about = {"marker": marker.name, "kind": marker.kind, "start_us": span[0], "end_us": span[1]}
            out.append({"face": track.face, **about, "baseline_us": before[1] - before[0], **row, "note": NOTE})
    return out


def _response(
    track: FaceTrack,
    curve: Engagement | None,
    span: tuple[int, int],
    before: tuple[int, int],
    own: Own,
) -> dict[str, Any]:
    states = {name: _change(one, span, before) for name, one in (track.states or {}).items()}
    arousal = None if own.voice is None else own.voice.curve("arousal")
    return {
        "states": states,
        "aus": _events(track, span),
        "engagement": None if curve is None else _change(curve.curve, span, before),
        "voice_arousal": None if arousal is None else _change(arousal, span, before),
        "text": _text(own.text, span),
    }


def _change(curve: Curve, span: tuple[int, int], before: tuple[int, int]) -> dict[str, Any]:
    """Mean during, mean before and their difference, each with an interval.

    The windows of one stretch are taken to err together: the ends are the means of the windows' ends. The two
    stretches' errors count as independent. Windows that are longer than the baseline are in it by their middle.
    """
    during, base = _mean(curve.within(*span)), _mean(curve.within(*before))
    found: dict[str, Any] = {"during": _ends(during), "before": _ends(base), "difference": None, "why": None}
    if during is None:
        found["why"] = "Nothing was measured during the marker."
    elif base is None:
        found["why"] = "Nothing was measured before the marker."
    else:
        difference = during[0] - base[0]
        below = float(np.hypot(during[0] - during[1], base[2] - base[0]))
        above = float(np.hypot(during[2] - during[0], base[0] - base[1]))
        found["difference"] = _ends((difference, difference - below, difference + above))
    return found


def _mean(curve: Curve) -> tuple[float, float, float] | None:
    if not len(curve.value):
        return None
    value = float(curve.value.mean())
    low, high = (float(np.where(np.isfinite(end), end, curve.value).mean()) for end in (curve.low, curve.high))
    return value, low, high


def _ends(three: tuple[float, float, float] | None) -> dict[str, float] | None:
    return (
        None
        if three is None
        else dict(zip(("value", "low", "high"), (round(one, 4) for one in three), strict=True))
    )


def _events(track: FaceTrack, span: tuple[int, int]) -> dict[str, Any]:
    """Events that begin during the marker, by code: how many, at what rate, and how soon the first."""
    evidence = track.evidence
    inside = (evidence.time_us >= span[0]) & (evidence.time_us < span[1]) & np.isfinite(evidence.quality)
    minutes = float(evidence.durations_s()[inside].sum()) / 60
    onsets: dict[str, list[int]] = {}
    for event in evidence.events:
        if span[0] <= event.onset_us < span[1]:
            onsets.setdefault(event.code, []).append(event.onset_us)
    out = {}
    for code, times in onsets.items():
        low, high = poisson_interval(len(times))
        first = (min(times) - span[0]) / 1e6
        frame = evidence.interval_us / 1e6
        out[code] = {
            "events": len(times),
            "rate_per_min": _rate(len(times), low, high, minutes),
            "latency_s": {
                "value": round(first, 3),
                "low": round(max(0.0, first - frame), 3),
                "high": round(first + frame, 3),
            },
        }
    return {"measured_s": round(60 * minutes, 3), "by_code": out}


def _rate(count: int, low: float, high: float, minutes: float) -> dict[str, float] | None:
    return _ends((count / minutes, low / minutes, high / minutes)) if minutes > 0 else None


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact 90 % interval of the expected number of independent events (Garwood 1936, Biometrika 28:437–442)."""
    from scipy.special import gammaincinv  # half of chi-squared's quantile; scipy.stats takes long to load

    low = float(gammaincinv(count, 0.05)) if count else 0.0
    return low, float(gammaincinv(count + 1, 0.95))


def _text(text: Mapping[str, Any] | None, span: tuple[int, int]) -> dict[str, Any] | None:
    """Mean probability of the labels over what is said during the marker, by length; the strongest three."""
    from analysis.indicators.channels import units_of

    total: dict[str, Float64] = {}
    seconds, units = 0.0, 0
    for unit in units_of(text):
        shared = (min(span[1], unit["end_us"]) - max(span[0], unit["start_us"])) / 1e6
        if shared <= 0:
            continue
        seconds, units = seconds + shared, units + 1
        for label, p in unit["scores"].items():
            total[label] = total.get(label, 0.0) + p * shared
    if not units:
        return None
    strongest = sorted(total, key=lambda label: (-float(total[label]), label))[:3]
    means = [{"label": label, "mean": round(float(total[label]) / seconds, 4)} for label in strongest]
    return {"units": units, "seconds": round(seconds, 3), "top": means}
