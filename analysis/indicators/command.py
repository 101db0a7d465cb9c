"""What ``python -m analysis indicators`` does: derive, write, and say what was found and what it is not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.console import say, say_json
from analysis.indicators import formulas, speaking
from analysis.indicators.derive import Derived, derive
from analysis.indicators.engagement import ASSUMPTION, Engagement
from analysis.indicators.markers import Marker
from analysis.indicators.permission import Allowed, Override
from analysis.indicators.statement import EXPLORATORY, SOURCES, STATEMENT
from analysis.types import AnalysisError


def run(options: argparse.Namespace) -> int:
    """Compute the files of a result folder and print an account of them.

    Raises
    ------
    AnalysisError
        The folder or a file that was named is not readable, or an option makes no sense.
    """
    found = derive(
        options.folder,
        allowed=_allowed(options),
        formulas=None if options.formulas is None else formulas.read(options.formulas),
        markers=() if options.markers is None else read_markers(options.markers),
        speakers=speaking.parse(options.speaker),
        seed=options.seed,
    )
    if options.json:
        say_json({"indicators": found.indicators, "channels": found.channels, "responses": found.responses})
        return 0
    for line in account(found):
        say(line)
    return 0


def _allowed(options: argparse.Namespace) -> Allowed | None:
    if options.consent is None and options.purpose is None:
        return None
    scopes = frozenset(part.strip() for part in (options.consent or "").split(",") if part.strip())
    override = None
    if options.override is not None:
        try:
            override = Override(*options.override)
        except ValueError as error:
            raise AnalysisError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    return Allowed(scopes, options.purpose or "", override)


def read_markers(path: Path) -> list[Marker]:
    """Markers of a JSON file: a list of ``{name, kind, start_us, end_us}``.

    Raises
    ------
    AnalysisError
        It is not one.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Marker(row["name"], row["kind"], row["start_us"], row.get("end_us")) for row in rows]
    except OSError as error:
        raise AnalysisError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnalysisError(
            f"{path.name} is no list of markers (name, kind task, question or scene, start_us, end_us): {error}."
        ) from error


def account(found: Derived) -> list[str]:
    """The results in lines for a person; the statement comes first."""
    lines = [STATEMENT, ""]
    for entry in found.indicators["faces"]:
        lines.append(f"Face {entry['face']}")
        curve = found.engagement.get(entry["face"])
        if curve is not None:
            lines += _engagement(curve)
        for one in entry["indicators"]:
            lines += _indicator(one)
        lines.append("")
    stretches = found.channels["stretches"]
    if stretches:
        lines.append("Channels")
        lines += [f"  {_time(one['start_us'])}–{_time(one['end_us'])}  {one['words']}" for one in stretches]
        lines.append("")
    if found.responses is not None:
        lines += _responses(found.responses)
    lines.append("Why no formula is validated:")
    lines += [f"  {source}" for source in SOURCES]
    return lines


def _engagement(curve: Engagement) -> list[str]:
    known = np.isfinite(curve.curve.value)
    if not known.any():
        return ["  Engagement: no value, for too little of it was measured."]
    value, low, high = (
        float(array[known].mean()) for array in (curve.curve.value, curve.curve.low, curve.curve.high)
    )
    lines = [
        f"  Engagement, mean of {known.sum()} windows: {value:.0f} [{low:.0f}, {high:.0f}] of 100. {ASSUMPTION}"
    ]
    return lines + [f"    {sentence}" for sentence in curve.why.values()]


def _indicator(one: Mapping[str, Any]) -> list[str]:
    title = f"  {one['name']} ({EXPLORATORY}, version {one['version']})"
    if one["value"] is None:
        return [f"{title}: no value.", *(f"    {sentence}" for sentence in one["why"])]
    lines = [f"{title}: {one['value']:.0f} [{one['low']:.0f}, {one['high']:.0f}] of 100. {one['note']}"]
    for row in one["inputs"]:
        lines.append(f"    {row['points']:5.1f} of {row['most']:.0f} points: {row['label']}{_measured(row)}")
        lines += [
            f"          {_time(moment['start_us'])}–{_time(moment['end_us'])} {moment['points']:+.1f}"
            for moment in row["moments"][:2]
        ]
    for row in one["sensitivity"]:
        lines.append(
            f"    with {row['input']} at the ends of its interval {row['at_low']:.0f} and {row['at_high']:.0f}, "
            f"without it {row['without']:.0f}"
        )
    return lines


def _measured(row: Mapping[str, Any]) -> str:
    if row["missing"]:
        return f" – not measured, counted as the middle. {row['missing']}"
    return (
        f", {row['value']:.3g} [{row['low']:.3g}, {row['high']:.3g}] {row['unit']}, {row['direction']} the value"
    )


def _responses(found: Mapping[str, Any]) -> list[str]:
    lines = ["Responses to markers"]
    for row in found["responses"]:
        change = (row["engagement"] or {}).get("difference")
        said = (
            ""
            if not change
            else f"engagement {change['value']:+.0f} [{change['low']:+.0f}, {change['high']:+.0f}]"
        )
        codes = ", ".join(f"{code} ({one['events']})" for code, one in row["aus"]["by_code"].items())
        parts = [part for part in (said, f"events {codes}" if codes else "no event") if part]
        lines.append(
            f"  {_time(row['start_us'])} {row['kind']} {row['marker']}, face {row['face']}: {'; '.join(parts)}"
        )
    return [*lines, ""]


def _time(time_us: int) -> str:
    minutes, seconds = divmod(time_us / 1e6, 60)
    return f"{int(minutes)}:{seconds:04.1f}"
