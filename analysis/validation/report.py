"""The comparison as Markdown and as CSV, published figures beside it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.facs.tables import replacing
from analysis.types import AnalysisError
from analysis.validation import events
from analysis.validation.metrics import Agreement
from analysis.validation.published import Published, beside
from analysis.validation.scoring import Validation

COLUMNS: Final = ("au", "frames", "unmeasured", "base_rate", "f1", "icc31", "pcc", "mae")
_HEADINGS: Final = ("AU", "frames", "unmeasured", "base rate", "F1", "ICC(3,1)", "PCC", "MAE")
_MEANS: Final = ("f1", "icc", "pcc", "mae")


def write(found: Validation, out: Path) -> tuple[Path, Path]:
    """Write ``agreement.md`` and ``agreement.csv``; return their paths.

    Raises
    ------
    AnalysisError
        They cannot be written.
    """
    paths = (out / "agreement.md", out / "agreement.csv")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, (markdown(found), comma_separated(found)), strict=True):
            with replacing(path) as partial:
                partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {out}: {error.strerror or error}.") from error
    return paths


def markdown(found: Validation) -> str:
    """The report for people."""
    published = beside(found.corpus)
    head = [*_HEADINGS, *(one.heading for one in published)]
    rows = [head, ["---"] * len(head)]
    rows += [_cells(row, published) for row in found.rows]
    rows.append(_mean_cells(found.rows, published))
    parts = [
        f"# Agreement on {found.corpus}",
        f"Scorer {found.scorer}; {found.recordings} recordings, all frames pooled.",
        "\n".join(f"| {' | '.join(row)} |" for row in rows),
        f"Present: in the labels {found.presence}; in the measurement intensity B or more (above 1). MAE is in "
        "intensities 0–5. Frames count labels with a measurement; unmeasured are labels without one (no face "
        "seen, or turned away too far), which no figure includes. – : not defined by these data. The mean is over "
        "the AUs that are present at least once.",
    ]
    if found.events:
        parts.append(
            "## Events\n\nLabelled stretches above 0 with a peak of B or more against proposed events of B or "
            "more, one to one where they overlap; AUs with such an event in the corpus. Errors are medians of "
            "amounts, of matched events whose beginning or end was coded.\n\n" + events.table(found.events)
        )
    if found.unmeasured:
        parts.append(f"Labelled but not measured by this scorer: AU {', '.join(found.unmeasured)}.")
    if found.left_out:
        parts.append("Left out:\n\n" + "\n".join(f"- {one}" for one in found.left_out))
    if published:
        parts.append(
            "Published figures follow their authors' protocols, mostly trained and tested within one corpus: they "
            "are not the same experiment. Empty cells: not published, or not checked.\n\n"
            + "\n".join(f"- {one.heading}: {one.source}; {one.note}" for one in published)
        )
    return "\n\n".join(parts) + "\n"


def comma_separated(found: Validation) -> str:
    """The report for programs: a row an AU, then ``mean``; empty where a figure is not defined."""
    published = beside(found.corpus)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(one.heading for one in published)])
    for row in found.rows:
        figures = [_exact(value) for value in (row.base_rate, row.f1, row.icc, row.pcc, row.mae)]
        theirs = [_exact(one.per_au.get(row.code)) for one in published]
        writer.writerow([row.code, row.frames, row.unmeasured, *figures, *theirs])
    means = [_exact(_mean(found.rows, name)) for name in _MEANS]
    writer.writerow(["mean", "", "", "", *means, *(_exact(one.mean) for one in published)])
    return text.getvalue()


def plain(found: Validation) -> dict[str, Any]:
    """The comparison as values that JSON has; None where a figure is not defined."""
    content = asdict(found)
    content["events"] = _plain_events(found.events)
    for row in content["rows"]:
        row.update({name: None for name, value in row.items() if name != "code" and math.isnan(value)})
    return content


def _plain_events(found: Mapping[str, events.Agreement]) -> dict[str, Any]:
    """Event figures by code and for all; None where a figure is not defined."""
    whole = events.together(found.values())
    return {
        name: {
            "labelled": len(part.pairs) + len(part.missed),
            "found": len(part.pairs),
            "extra": len(part.extra),
            **{
                key: None if math.isnan(value) else value
                for key, value in (
                    ("f1", part.f1),
                    ("onset_error_us", part.onset_error_us),
                    ("offset_error_us", part.offset_error_us),
                )
            },
        }
        for name, part in [*((code, whole.of(code)) for code in whole.codes), ("all", whole)]
    }


def _cells(row: Agreement, published: Sequence[Published]) -> list[str]:
    own = [row.code, str(row.frames), str(row.unmeasured), f"{100 * row.base_rate:.1f} %"]
    own[3] = own[3] if not math.isnan(row.base_rate) else "–"
    own += [_rounded(value) for value in (row.f1, row.icc, row.pcc, row.mae)]
    return own + [_theirs(one.per_au.get(row.code)) for one in published]


def _mean_cells(rows: Sequence[Agreement], published: Sequence[Published]) -> list[str]:
    own = ["mean", "", "", "", *(_rounded(_mean(rows, name)) for name in _MEANS)]
    return own + [_theirs(one.mean) for one in published]


def _mean(rows: Sequence[Agreement], name: str) -> float:
    """Mean over the AUs that occur in the labels and have the figure, each AU counting the same."""
    values = np.array([getattr(row, name) for row in rows if row.base_rate > 0], np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan


def _rounded(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _theirs(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _exact(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"
