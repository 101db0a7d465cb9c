"""The second pass: from a stored measurement to intensities, events and figures. Pure arithmetic, no pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from analysis.facs.baseline import Neutral
from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES, VISIBILITY_CODES
from analysis.facs.events import Event, events
from analysis.facs.intensity import Intensities, intensities
from analysis.facs.micro import micro, timed
from analysis.facs.neutral_store import Choice, described, neutral_of, resolved, write_neutrals
from analysis.facs.quality import quality
from analysis.facs.rules import RULE_TIERS
from analysis.facs.series import FaceSeries, Float64
from analysis.facs.summary import gate_shares, summary, visibility_summary
from analysis.facs.tables import signal_table, write_events, write_signals, write_summary
from analysis.facs.visibility import Visibility, gate_codes, hide, visibility, visibility_events
from analysis.scoring.choice import RULES, chosen
from analysis.scoring.package import Package
from analysis.stored import StoredMeasurement
from analysis.types import AnalysisError, Hook

SCHEMA: Final = 1
#: Codes that a scorer can propose.
_PROPOSED: Final = (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES, *VISIBILITY_CODES)


@dataclass(frozen=True)
class Interpretation:
    """What the second pass found.

    Attributes
    ----------
    folder : Path
        Where the public files are.
    faces : dict of int to list of Event
        Events by face.
    summary : mapping
        Content of ``summary.json``.
    """

    folder: Path
    faces: Mapping[int, list[Event]]
    summary: Mapping[str, Any]


#: In words, what the whole-face gates mean.
_REASONS: Final = {
    "turned": "turned or nodded too far",
    "small": "too small",
    "moving": "moving too fast",
    "blurred": "blurred",
}
_PARTS: Final = {"eye_L": "left eye", "eye_R": "right eye"}


def _face_warnings(face: int, seen: Visibility, marks: Float64) -> list[str]:
    out = []
    lost = float(seen.unmeasured.mean())
    if lost > 0.05:
        why = [text for reason, text in _REASONS.items() if seen.face[reason].any()]
        out.append(f"Face {face}: {lost:.0%} of its frames were not measured ({', or '.join(why)}).")
    hidden = {_PARTS.get(region, region): float(seen.hidden(region).mean()) for region in seen.regions}
    parts = [f"{part} {share:.0%}" for part, share in hidden.items() if share > 0.05]
    if parts:
        out.append(f"Face {face}: hidden parts were not scored ({', '.join(parts)} of its frames).")
    if float(np.median(marks)) < 0.4:
        out.append(f"Face {face}: median quality {float(np.median(marks)):.2f}; treat its intensities as rough.")
    return out


def _scorer(name: str | None, measured: StoredMeasurement, warnings: list[str]) -> Package | None:
    """The scorer that is asked for, as far as it can read this measurement; None are the rules."""
    package = chosen(name)
    if package is None or measured.about.get("encoder") == package.encoder_sha256:
        return package
    if name is not None:
        raise AnalysisError(
            f"This recording was measured for another scorer than {name}: analyse it again, or choose "
            f"{RULES}, which reads every measurement."
        )
    warnings.append("The recording was measured by an older version, so only rules scored it. Analyse it again.")
    return None


def _tiers(package: Package | None) -> dict[str, str]:
    """What every proposed code's figure is worth; the rules' tiers are kept with them."""
    tiers: dict[str, str] = {code: CATALOGUE[code].tier for code in _PROPOSED}
    return tiers | (RULE_TIERS if package is None else package.tiers)


def _content(
    measured: StoredMeasurement, package: Package | None, per_face: list[dict[str, Any]], warnings: list[str]
) -> dict[str, Any]:
    about = measured.about
    name, version = RULES.split("/") if package is None else (package.id, package.version)
    return {
        "schema": SCHEMA,
        "video": about.get("video"),
        "models": about.get("models", []),
        "scorer": {"id": name, "version": version},
        "neutral": per_face[0]["neutral"] if per_face else None,
        "tiers": _tiers(package),
        "faces": per_face,
        "warnings": warnings,
    }


def interpret(
    folder: Path,
    *,
    neutral_us: int | None = None,
    neutrals: Mapping[int | None, Choice] | None = None,
    scorer: str | None = None,
    hook: Hook | None = None,
) -> Interpretation:
    """Score a measurement and write ``signals.parquet``, ``events.csv`` and ``summary.json`` beside it.

    ``neutral.json`` with the neutral of every face is written, too, so that another recording can borrow it.

    Parameters
    ----------
    folder : Path
        Holds ``measurement.parquet`` and ``measurement.json``.
    neutral_us : int, optional
        Media time of a frame that a person chose as neutral; it is used for every face seen then.
    neutrals : mapping of int or None to Choice, optional
        The neutral of single faces, by face (None: the only face): a media time, a `Loan` of another recording's
        neutral, or None for automatic. Wins over ``neutral_us``.
    scorer : str, optional
        One of `analysis.scoring.choice.available`; the newest that came with the product when left out.
    hook : Hook, optional
        Told ``interpret`` with the faces done.

    Returns
    -------
    Interpretation

    Raises
    ------
    AnalysisError
        No readable measurement, a face or neutral that is not there, a borrowed neutral that was measured
        differently, a scorer that is not there or cannot read this measurement, or the results cannot be written.
    """
    measured = StoredMeasurement(folder)
    warnings: list[str] = []
    package = _scorer(scorer, measured, warnings)
    if not measured.faces:
        warnings.append("No face was seen for long enough to be measured.")
    if measured.left_out:
        warnings.append(f"{len(measured.left_out)} brief track(s) of under a second were left out.")
    left_out = frozenset(code for code, tier in _tiers(package).items() if tier == "human-coded only")
    choices = resolved(measured.faces, neutral_us, neutrals or {})
    used: dict[int, Neutral] = {}
    scored: dict[int, list[Event]] = {}
    per_face: list[dict[str, Any]] = []

    def tables() -> Iterator[pa.Table]:
        for face in measured.faces:
            rows, series = measured.face(face)
            if hook is not None:
                hook("interpret", len(scored), len(measured.faces))
            neutral = used[face] = neutral_of(face, series, choices[face], measured.about, warnings)
            seen = visibility(series, measured.size)
            found = intensities(series, neutral, package)
            both, sides = hide(found.both, found.sides, seen)
            found = replace(found, both=both, sides=sides)
            marks = quality(series)
            unseen = visibility_events(measured.times, rows, series, seen)
            gate = gate_codes(len(measured.times), rows, seen)
            scored[face] = sorted([*events(series, found, left_out), *unseen], key=lambda event: event.onset_us)
            warnings.extend(_face_warnings(face, seen, marks))
            figures = _figures(face, measured, series, neutral, found, scored[face])
            figures["aus"] |= visibility_summary(measured.times, rows, unseen)
            per_face.append(figures | {"gates": gate_shares(measured.times, gate)})
            yield signal_table(face, measured.times, rows, series, marks, found, gate)

    try:
        write_signals(folder / "signals.parquet", tables())
        write_events(folder / "events.csv", list(scored.items()))
        content = _content(measured, package, per_face, warnings)
        write_neutrals(folder, measured.about, used)
        write_summary(folder / "summary.json", content)
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {folder}: {error.strerror or error}.") from error
    if hook is not None:
        hook("interpret", len(scored), len(measured.faces))
    return Interpretation(folder, scored, content)


def _figures(
    face: int,
    measured: StoredMeasurement,
    series: FaceSeries,
    neutral: Neutral,
    found: Intensities,
    own: list[Event],
) -> dict[str, Any]:
    return {
        "face": face,
        "frames": len(measured.times),
        "seen_frames": len(series),
        "neutral": described(neutral),
        "aus": summary(series, found, own),
        "micro": micro(series.interval_us if len(series) > 1 else None, timed(series, found.both, own)),
    }
