"""Writes the model card of a package from what was measured; the prose is ``card.md``, every figure is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.scoring.package import ABOUT

_COHORTS: Final = ("mean", "1", "2", "4", "6", "7", "9", "10", "12", "15", "17", "20", "25", "26", "45")


def card(package: Path, cross: Path | None) -> str:
    """Text of the card of a package; ``cross`` are the figures of `build.cross`, by rig."""
    about = json.loads((package / ABOUT).read_text(encoding="utf-8"))
    figures, codes = about["figures"], about["codes"]
    covered = [found["coverage"] for found in codes.values() if found["coverage"] is not None]
    text = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return text.format(
        id=about["id"],
        version=about["version"],
        note=about.get("note", ""),
        features=len(about["features"]),
        pictures=f"{figures['training_pictures']:,}",
        identities=figures["training_identities"],
        held=figures["held_out_identities"],
        held_pictures=f"{figures['held_out_pictures']:,}",
        mean=figures["mean_icc"],
        features_mean=figures["mean_icc_by_candidate"]["features"],
        picture_mean=figures["mean_icc_by_candidate"]["picture"],
        cross=_cross(cross),
        interval_rule=_interval_rule(codes),
        intervals=_intervals(figures, min(covered), max(covered)),
        by_unit=_by_unit(codes),
        by_yaw=_spread("By yaw", "degrees", figures["by_yaw"]),
        by_cohort=_spread("By cohort of the training world", "cohort", figures["by_cohort"]),
        sight=_sight(about["sight"]),
        sides=_sides(about.get("sides", {})),
    )


def _number(value: float | None, places: int = 2) -> str:
    if value is None:
        return "–"
    text = f"{value:.{places}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _cross(path: Path | None) -> str:
    if path is None:
        return ""
    found = json.loads(path.read_text(encoding="utf-8"))
    parts = []
    for name, by in found.items():
        means = [one["mean"] for one in by.values() if one["mean"] is not None]
        parts.append(f"{name}: {max(means):.2f}" if means else f"{name}: –")
    return f"\nTrained on one rig and measured on the other: {'; '.join(parts)}."


def _by_unit(codes: Mapping[str, Any]) -> str:
    head = "| AU | name | tier | head | ICC | r | MAE | F1 ≥ B | base rate | n | in interval "
    head += "| ICC features / picture |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
    lines = []
    for code in ACTION_UNITS:
        found = codes[code]
        held = found["held_out"]
        cells = (
            code,
            CATALOGUE[code].name,
            found["tier"],
            found["winner"] or "lids",
            *(_number(held[name]) for name in ("icc", "pcc", "mae", "f1", "base_rate")),
            str(held["identities"]),
            _number(found["coverage"]),
            " / ".join(_number(found["candidates"][kind]) for kind in ("features", "picture")),
        )
        lines.append(f"| {' | '.join(cells)} |\n")
    return head + "".join(lines)


def _spread(title: str, first: str, found: Mapping[str, Mapping[str, float | None]]) -> str:
    names = [name if name == "mean" else f"AU{name}" for name in _COHORTS]
    head = f"## {title}\nICC; the mean is over the 23 units.\n\n| {first} | {' | '.join(names)} |\n"
    head += f"|{'---|' * (len(_COHORTS) + 1)}\n"
    rows = (f"| {name} | {' | '.join(_number(one[code]) for code in _COHORTS)} |\n" for name, one in found.items())
    return head + "".join(rows)


def _interval_rule(codes: Mapping[str, Any]) -> str:
    """How wide an interval is made, by the entries that the package has."""
    factor = "the head's expected error times a factor, frontal and beyond 15° of yaw apart"
    if all(len(found["interval"]) == 2 for found in codes.values()):
        return f"It is {factor}."
    return (
        f"Below a score of .5 it is {factor}; from .5 and from 1 on a half width of its own, times a factor in\n"
        "poor pictures (quality below .5). A factor alone would hold the labels of absent units only. Neutral\n"
        "pictures do not count."
    )


def _intervals(figures: Mapping[str, Any], low: float, high: float) -> str:
    """What the intervals hold; the tables are left out where a package was measured before there were any."""
    said = f"Of the held-out labels {low:.0%}–{high:.0%} are inside, by unit (column “in interval”)."
    if "coverage_by_score" not in figures:
        return f"{said} A unit that is mostly absent is easily covered.\n"
    said += "\nWidth is from end to end on 0–5; both are means over the units, at B or more over all scores."
    parts = [said, "", *_covered("score", figures["coverage_by_score"], shown=False)]
    parts += ["", *_covered("yaw, degrees", figures["coverage_by_yaw"], shown=True)]
    parts += ["", *_covered("quality of the picture", figures["coverage_by_quality"], shown=True)]
    return "\n".join(parts) + "\n"


def _covered(first: str, found: Mapping[str, Mapping[str, float | None]], *, shown: bool) -> list[str]:
    """One table of coverage; ``shown`` adds what is inside where the scorer says B or more."""
    head = [first, "in interval", "width", "n"] + (["in interval, at B or more", "width", "n"] if shown else [])
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for name, one in found.items():
        cells = [_number(one["coverage"]), _number(one["width"]), f"{one['n']:,}"]
        if shown:
            cells += [_number(one["shown_coverage"]), _number(one["shown_width"]), f"{one['shown_n']:,}"]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return lines


def _sight(found: Mapping[str, Mapping[str, float]]) -> str:
    head = "| part | hidden | found (recall) | right (precision) |\n|---|---|---|---|\n"
    rows = (
        f"| {part} | {_number(one['hidden'])} | {_number(one['recall'])} | {_number(one['precision'])} |\n"
        for part, one in found.items()
    )
    return head + "".join(rows)


def _sides(found: Mapping[str, Mapping[str, Any]]) -> str:
    used = {code: one for code, one in found.items() if one["used"]}
    if not used:
        return "Left and right of a code are answered alike: its sides are not told apart.\n"
    head = "| AU | one-sided found | taken for the other side | two-sided left as they are | pictures |\n"
    head += "|---|---|---|---|---|\n"
    rows = (
        f"| {code} | {_number(one['found'])} | {_number(one['wrong'])} | {_number(one['spared'])} "
        f"| {one['pictures']} |\n"
        for code, one in used.items()
    )
    others = ", ".join(code for code in found if code not in used)
    return (
        f"{head}{''.join(rows)}\nNot told apart reliably, so both sides get about the same intensity: {others}.\n"
    )
