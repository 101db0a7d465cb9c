"""The record as files for a procurement file: JSON for programs, Markdown for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from facsweb.about.values import RIGHT, Answer, Link, Record, Table, words

#: Raised whenever a key changes its meaning.
SCHEMA: Final = 1


def plain(record: Record) -> dict[str, Any]:
    """Values that JSON has; None where there is nothing."""
    return {
        "schema": SCHEMA,
        "product": record.product,
        "installation": record.installation,
        "made_at": record.made_at.isoformat(timespec="seconds"),
        "answers": {answer.key: _answer(answer) for answer in record.answers},
        "is_not": list(record.is_not),
        "limits": _table(record.limits),
        "law": _table(record.law),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "answer": answer.short,
        "notes": list(answer.notes),
        "wrong": answer.tone == "bad",
        "records": {table.key: _table(table) for table in answer.tables},
    }


def _table(table: Table) -> dict[str, Any]:
    rows = [{column.key: _value(row.get(column.key)) for column in table.columns} for row in table.rows]
    said = {"title": table.title, "note": table.note, "rows": rows}
    headings = {column.key: column.heading for column in table.columns if column.heading != column.key}
    return {**said, "columns": headings, **({"empty": table.empty} if not rows and table.empty else {})}


def _value(value: Any) -> Any:
    if isinstance(value, Link):
        return value.text
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return None if value == "" else value


def markdown(record: Record) -> str:
    """The same for people, complete: what a page folds away stands open here."""
    parts = [
        "# What this product knows, and what it does not",
        f"{record.product}, {_inline(record.installation)}, {words(record.made_at, 'moment')}. Written by the "
        "product from its own records.",
    ]
    for number, answer in enumerate(record.answers, 1):
        parts += [f"## {number}. {_inline(answer.question)}", f"**{_inline(answer.short)}**"]
        parts += [_inline(note) for note in answer.notes]
        for table in answer.tables:
            parts += _section(table)
    parts += ["## What it is not", "\n".join(f"- {_inline(one)}" for one in record.is_not)]
    for table in (record.limits, record.law):
        parts += _section(table, level=2)
    return "\n\n".join(parts) + "\n"


def _section(table: Table, level: int = 3) -> Iterator[str]:
    yield f"{'#' * level} {_inline(table.title)}"
    if not table.rows:
        yield _inline(table.empty or "Nothing is recorded.")
        return
    lines = [
        f"| {' | '.join(_inline(column.heading) for column in table.columns)} |",
        f"|{'|'.join('---:' if column.kind in RIGHT else '---' for column in table.columns)}|",
    ]
    lines += [f"| {' | '.join(_inline(cell.words) for cell in row)} |" for row in table.cells]
    yield "\n".join(lines)
    if table.note:
        yield _inline(table.note)


def _inline(text: str) -> str:
    """Text that no Markdown reader takes for anything else: what an operator named may hold any sign."""
    for sign in ("\\", "`", "*", "_", "<", "[", "|"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
