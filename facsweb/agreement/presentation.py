"""Figures as pages and files show them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analysis.agreement import CERTIFIED, METRIC, METRICS, RELIABLE
from analysis.facs.codes import CATALOGUE

#: Columns of the table of pairs.
OVERALL: Final = (
    *("index", "index_frames", "kappa", "alpha", "ac1", "icc2", "icc2_events"),
    *("onset_us", "onset_abs_us", "offset_us", "offset_abs_us", "prevalence"),
)
#: Figures for which 1 is the same; a line at .70 says something about them.
LIKENESS: Final = frozenset(
    metric.key for metric in METRICS if metric.unit != "us" and metric.key not in ("prevalence",)
)
STANDINGS: Final = {
    "": "",
    "below": f"below {CERTIFIED:.2f}",
    "certified": f"{CERTIFIED:.2f} or more",
    "reliable": f"{RELIABLE:.2f} or more",
}
MARKS: Final = {"": "", "below": "▽", "certified": "●", "reliable": "◆"}


def value_words(key: str, value: float | None) -> str:
    """``0.83``, ``+40 ms``, ``12 %``; a dash for what is not defined."""
    if value is None:
        return "–"
    if METRIC[key].unit == "us":
        sign = "" if key.endswith("_abs_us") else "+"
        return f"{round(value / 1000):{sign}d} ms".replace("-", "−")
    if key == "prevalence":
        return f"{value:.1%}".replace("%", " %")
    return f"{value:.2f}".replace("-", "−")


def standing(key: str, value: float | None) -> str:
    """Where a likeness stands to .70 and .80."""
    if value is None or key not in LIKENESS:
        return ""
    if value < CERTIFIED:
        return "below"
    return "reliable" if value >= RELIABLE else "certified"


def cell(key: str, figure: Mapping[str, Any] | None) -> dict[str, Any]:
    """One figure for a table: its words, its interval, what it is of, why it is missing."""
    if figure is None:
        return {"words": "–", "interval": "", "why": "Neither coder used this code.", "standing": "", "mark": ""}
    low, high = figure["low"], figure["high"]
    interval = "" if low is None or high is None else f"{value_words(key, low)} to {value_words(key, high)}"
    stands = standing(key, figure["value"])
    return {
        "words": value_words(key, figure["value"]),
        "interval": interval,
        "why": figure["why"],
        "n": figure["n"],
        "standing": stands,
        "standing_words": STANDINGS[stands],
        "mark": MARKS[stands],
    }


def pair_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table of pairs: all codes together."""
    return [
        {
            "key": pair["key"],
            "names": pair["names"],
            "recordings": pair["recordings"],
            "participants": pair["participants"],
            "minutes": pair["seconds"] / 60,
            "matched": pair["overall"]["matched"],
            "first_only": pair["overall"]["first_only"],
            "second_only": pair["overall"]["second_only"],
            "cells": [cell(key, pair["overall"]["figures"].get(key)) for key in OVERALL],
            "basis": pair["basis"],
        }
        for pair in result["pairs"]
    ]


def group_row(result: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The figures that more than two coders have together."""
    group = result["group"]
    if group is None:
        return []
    figures = group["overall"]["figures"]
    return [(METRIC[key].label, cell(key, figures[key])) for key in figures]


def labels_of(pairs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Every row in which somebody coded something (label as coders write it, code), in the catalogue's order."""
    order = {code: number for number, code in enumerate(CATALOGUE)}
    found = {
        (order[row["code"]], row["side"]): (row["label"], row["code"])
        for pair in pairs
        for row in pair["rows"]
        if row["matched"] or row["first_only"] or row["second_only"]
    }
    return [found[place] for place in sorted(found)]


def code_table(result: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """One figure by code and pair; what a pair does not have says why."""
    by_pair = [{row["label"]: row for row in pair["rows"]} for pair in result["pairs"]]
    rows = [{"label": "all", "name": "All codes", "code": "", "group": "", "cells": _overall(result, key)}]
    for label, code in labels_of(result["pairs"]):
        cells = []
        for pair, known in zip(result["pairs"], by_pair, strict=True):
            row = known.get(label)
            shown = cell(key, row["figures"].get(key) if row else None)
            if row is None and pair["codes"] is not None and code not in pair["codes"]:
                shown["why"] = "The machine cannot propose this code, so it is not compared."
            cells.append(shown)
        about = {"name": CATALOGUE[code].name, "code": code, "group": CATALOGUE[code].group}
        rows.append({"label": label, "cells": cells, **about})
    return rows


def _overall(result: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [cell(key, pair["overall"]["figures"].get(key)) for pair in result["pairs"]]


def heat(result: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What the heatmap draws: plain values, and the words that stand on and behind each cell."""
    pairs = result["pairs"]
    rows = code_table(result, key)[1:]
    by_pair = [{row["label"]: row for row in pair["rows"]} for pair in pairs]
    values = [
        [known[row["label"]]["figures"][key]["value"] if row["label"] in known else None for known in by_pair]
        for row in rows
    ]
    return {
        "figure": METRIC[key].label,
        "unit": METRIC[key].unit,
        "likeness": key in LIKENESS,
        "threshold": CERTIFIED,
        "codes": [row["label"] for row in rows],
        "names": [row["name"] for row in rows],
        "pairs": [f"{pair['names'][0]} × {pair['names'][1]}" for pair in pairs],
        "anchors": [f"pair-{number}" for number in range(1, len(pairs) + 1)],
        "values": values,
        "words": [[_on_cell(one) for one in row["cells"]] for row in rows],
        "more": [[_behind(one) for one in row["cells"]] for row in rows],
        "standing": [[one["standing"] for one in row["cells"]] for row in rows],
    }


def _on_cell(shown: Mapping[str, Any]) -> str:
    return f"{shown['words']} {shown['mark']}".strip()


def _behind(shown: Mapping[str, Any]) -> str:
    parts = [f"95 % interval {shown['interval']}" if shown["interval"] else "", shown["why"]]
    return "; ".join(part for part in parts if part)


HEAD: Final = (
    *("first", "second", "code", "side", "figure", "unit", "value", "low", "high", "n", "why"),
    *("matched", "first_only", "second_only", "recordings", "participants", "seconds"),
)


def table_csv(result: Mapping[str, Any]) -> str:
    """Every figure of every pair and code: a line each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEAD)
    writer.writeheader()
    for pair in result["pairs"]:
        first, second = map(_safe, pair["names"])
        about = {"first": first, "second": second}
        about |= {name: pair[name] for name in ("recordings", "participants", "seconds")}
        for row in (pair["overall"], *pair["rows"]):
            events = {name: row[name] for name in ("matched", "first_only", "second_only")}
            where = {"code": row["code"] or "all", "side": row["side"]}
            for key, figure in row["figures"].items():
                writer.writerow({**about, **where, **events, "figure": key, "unit": METRIC[key].unit, **figure})
    return out.getvalue()


def _safe(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name
