"""Plain values of the record: tables of facts and answers, and how a value reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal[
    "text", "mono", "unit", "tier", "hash", "count", "figure", "change", "share", "bytes", "day", "moment"
]
Tone = Literal["good", "attention", "bad", "neutral"]
ABSENT: Final = "–"
RIGHT: Final = frozenset({"count", "figure", "change", "share", "bytes"})
#: Characters from which a cell holds a sentence, not a name or a figure.
SENTENCE: Final = 40
UNIT_STEPS: Final = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its key in the rows, what stands above it, and how its values read."""

    key: str
    heading: str
    kind: Kind = "text"

    @property
    def is_right(self) -> bool:
        return self.kind in RIGHT


@dataclass(frozen=True, slots=True)
class Link:
    """A value with a page behind it; files show the text alone, because who may open the page differs."""

    text: str
    url: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as a page shows it."""

    heading: str
    kind: Kind
    words: str
    value: Any
    url: str = ""
    region: str = ""

    @property
    def is_right(self) -> bool:
        return self.kind in RIGHT

    @property
    def is_absent(self) -> bool:
        return self.words == ABSENT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values by column.

    Attributes
    ----------
    key, title : str
    columns : tuple of Column
    rows : tuple of mapping
        By column key; None where there is nothing. ``region`` gives a unit its colour.
    note : str
        What the figures are of, below the table.
    empty : str
        What is said instead of a table without rows.
    shape : str
        ``table``; or ``cards`` where a row holds sentences.
    folded : bool
        Long detail that a page opens when asked; paper and files show it.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    note: str = ""
    empty: str = ""
    shape: Literal["table", "cards"] = "table"
    folded: bool = False

    @property
    def stacks(self) -> bool:
        """Whether a narrow screen shows a row's cells below each other: a column of sentences needs its width."""
        said = (row.get(column.key) for row in self.rows for column in self.columns[1:] if not column.is_right)
        return any(len(str(value)) > SENTENCE for value in said if value is not None)

    @property
    def cells(self) -> Iterator[list[Cell]]:
        """Rows of cells, in the order of the columns."""
        for row in self.rows:
            yield [_cell(column, row) for column in self.columns]


@dataclass(frozen=True, slots=True)
class Action:
    """A link below an answer, for those who may open it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One question: the answer in a sentence, then the records behind it.

    Attributes
    ----------
    key, question, short : str
    tables : tuple of Table
    notes : tuple of str
        Sentences below the answer.
    links : tuple of Action
        Differ by reader, so no file has them.
    tone : str
        ``bad`` where the records say that something is wrong.
    """

    key: str
    question: str
    short: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    links: tuple[Action, ...] = ()
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Record:
    """Everything at one moment."""

    made_at: dt.datetime
    product: str
    installation: str
    answers: tuple[Answer, ...]
    is_not: tuple[str, ...]
    limits: Table
    law: Table


def _cell(column: Column, row: Mapping[str, Any]) -> Cell:
    value = row.get(column.key)
    url = value.url if isinstance(value, Link) else ""
    said = words(value, column.kind)
    return Cell(
        column.heading, column.kind, said, value, url, row.get("region", "") if column.kind == "unit" else ""
    )


def words(value: Any, kind: Kind = "text") -> str:
    """A value as one reads it; absent is a dash, never 0."""
    if value is None or value == "":
        return ABSENT
    if kind == "figure":
        return f"{value:.2f}".replace("-", "−")
    if kind == "change":
        return f"{value:+.2f}".replace("-", "−")
    if kind == "share":
        return f"{100 * value:.0f} %"
    if kind == "count":
        return f"{value:,}"
    if kind == "bytes":
        return size(value)
    if kind == "day":
        return f"{value:%-d %B %Y}"
    if kind == "moment":
        return f"{value:%-d %B %Y, %H:%M:%S} UTC"
    return str(value)


def size(value: int) -> str:
    """Bytes as people write them."""
    for step, unit in UNIT_STEPS:
        if value >= step:
            return f"{value / step:.1f} {unit}"
    return f"{value} B"


def counted(number: int, one: str, several: str = "") -> str:
    """``1 coder``, ``2 coders``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def listed(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
