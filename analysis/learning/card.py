"""Writes the model card of a refitted scorer; the prose is ``card.md``, every figure is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from analysis.facs.codes import CATALOGUE
from analysis.learning import refit

_FIGURES: Final = ("icc", "pcc", "mae", "f1")


def card(about: Mapping[str, Any]) -> str:
    """Text of the card, Markdown.

    Parameters
    ----------
    about : mapping
        Content of ``scorer.json`` with ``learned``.
    """
    learned = about["learned"]
    skipped = "".join(f"- {sentence}\n" for sentence in learned["skipped"])
    return (
        Path(__file__)
        .with_suffix(".md")
        .read_text(encoding="utf-8")
        .format(
            id=about["id"],
            version=about["version"],
            at=datetime.fromisoformat(learned["at"]).strftime("%-d %B %Y, %H:%M UTC"),
            **{name: learned[name] for name in ("base", "participants", "recordings", "codings", "coders")},
            skipped=f"Left out:\n\n{skipped}" if skipped else "",
            least_participants=refit.LEAST_PARTICIPANTS,
            least_events=refit.LEAST_EVENTS,
            least_gain=refit.LEAST_GAIN,
            measured_participants=refit.MEASURED_PARTICIPANTS,
            table=_table(about),
        )
    )


def _table(about: Mapping[str, Any]) -> str:
    head = "| AU | name | participants | events | ICC | r | MAE | F1 ≥ B | answers | tier |\n"
    lines = [head, f"|{'---|' * 10}\n"]
    for code, found in about["learned"]["codes"].items():
        figures = (f"{_number(found['before'][name])} → {_number(found['after'][name])}" for name in _FIGURES)
        cells = (
            code,
            CATALOGUE[code].name,
            str(found["participants"]),
            str(found["examples"]),
            *figures,
            "this version" if found["used"] else f"base. {found['why']}",
            about["codes"][code]["tier"],
        )
        lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
