"""The classifier of sentences, read from its package and its card; nothing is said where none came along."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from analysis.text import classifier
from facsweb.about import files, prose
from facsweb.about.values import Column, Link, Table, counted, listed, words

FIGURES: Final = "figures.json"


def versions() -> list[Path]:
    """Folders of the versions that came with the product, oldest first."""
    return [classifier.SHIPPED / version for version in classifier.shipped_versions()]


def slug() -> str:
    """Name of the card that speaks of the model; empty where none does."""
    ids = {str(_read(folder / classifier.ABOUT).get("id")) for folder in versions()}
    return next((one for one in prose.slugs() if any(key in prose.title(prose.card(one), one) for key in ids)), "")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def rows() -> list[dict[str, Any]]:
    """A row for each version, as every model has one."""
    return [_row(folder) for folder in versions()]


def _row(folder: Path) -> dict[str, Any]:
    about, card = _read(folder / classifier.ABOUT), prose.card(slug())
    size, digest = files.folder(folder)
    made = prose.section(card, prose.TRAINED)
    name = str(about.get("id"))
    base = about.get("base", {})
    return {
        "name": Link(name, f"{reverse('model_cards')}#card-{slug()}") if card else name,
        "version": about.get("version"),
        "kind": f"Classifier of sentences, {counted(len(about.get('labels', ())), 'label')}; languages: "
        f"{listed(list(about.get('languages', ()))) or 'not stated'}.",
        "data": _paragraph(made, "Data.")
        or f"Its card is not there; it began as {base.get('package', 'unknown')}.",
        "labels": _paragraph(made, "Who labelled."),
        "licence": next(iter(prose.section(card, prose.LICENCE)), None),
        "size": size,
        "sha256": digest,
    }


def _paragraph(section: tuple[str, ...], start: str) -> str | None:
    """A paragraph by its first words, without them."""
    return next((one.removeprefix(start).strip() for one in section if one.startswith(start)), None)


def tables() -> list[Table]:
    """Figures of the newest version on the test split, by label."""
    if not (known := versions()):
        return []
    about, found = _read(known[-1] / classifier.ABOUT), _read(known[-1] / FIGURES)
    test = found.get("test", {})
    title = f"{about.get('id')} {about.get('version')}, measured on labelled comments"
    note = (
        f"The published test split, {found['texts']:,} English comments that chose nothing: macro-F1 "
        f"{words(test['macro'], 'figure')}, micro-F1 {words(test['micro'], 'figure')}, expected calibration error "
        f"{test['error']:.4f}. What readers take from words, not what somebody felt; not measured on your "
        "recordings."
        if test
        else ""
    )
    columns = (
        Column("label", "Label"),
        Column("f1", "F1", "figure"),
        Column("precision", "Precision", "figure"),
        Column("recall", "Recall", "figure"),
        Column("error", "Calibration error", "figure"),
        Column("support", "Comments with it", "count"),
    )
    empty = "This version came without figures: how good it is was not measured."
    return [Table("text", title, columns, tuple(test.get("labels", ())), note, empty, folded=bool(test))]
