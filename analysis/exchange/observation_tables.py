"""Tables as programs for observing behaviour have them: cells like Datavyu's, aggregated events like BORIS's."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from analysis.coded import CodedLayer
from analysis.exchange.names import tier_name
from analysis.exchange.text import milliseconds, neutral, seconds_text
from analysis.exchange.tiers import standing
from analysis.exchange.values import About
from analysis.facs.codes import CATALOGUE

#: One row a cell, milliseconds; code01 … are FACS string, side, intensity, apex and note.
DATAVYU: Final = ("variable", "ordinal", "onset", "offset", "code01", "code02", "code03", "code04", "code05")
BORIS: Final = (
    *("Observation id", "Observation date", "Description", "Media file", "Total length", "FPS"),
    *("Subject", "Behavior", "Behavioral category", "Modifiers", "Behavior type"),
    *("Start (s)", "Stop (s)", "Duration (s)", "Comment start", "Comment stop"),
)


def _lines(rows: Iterable[Iterable[object]], delimiter: str = ",") -> Iterator[str]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    for row in rows:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
        yield out.getvalue()
        out.seek(0), out.truncate()


def datavyu(layer: CodedLayer) -> Iterator[str]:
    """Lines of a table of cells; every code and face is a variable, its cells numbered from 1."""

    def rows() -> Iterator[Iterable[object]]:
        yield DATAVYU
        ordinal: Counter[str] = Counter()
        for event in standing(layer.events):
            name = tier_name(event.code, event.face, 0)
            ordinal[name] += 1
            times = (milliseconds(us) for us in (event.onset_us, event.offset_us))
            codes = (str(event), event.side, event.intensity, milliseconds(event.apex_us), event.note)
            yield (name, ordinal[name], *times, *codes)

    return _lines(rows())


def boris(layer: CodedLayer, about: About) -> Iterator[str]:
    """Lines of tab-separated aggregated events, as BORIS exports them; an event without length is a POINT."""

    def rows() -> Iterator[Iterable[object]]:
        yield BORIS
        fps = ""
        if len(about.frame_times) > 1:
            lasting = int(about.frame_times[-1] - about.frame_times[0])
            fps = f"{(len(about.frame_times) - 1) * 1e6 / lasting:.3f}" if lasting else ""
        head = (layer.recording or about.title, about.when[:19].replace("T", " "), about.layer, about.media)
        for event in standing(layer.events):
            subject = f"{layer.participant}{f' face {event.face + 1}' if event.face else ''}".strip()
            category = CATALOGUE[event.code].group.replace("_", " ")
            modifiers = "|".join(filter(None, (event.side, event.intensity)))
            length = event.offset_us - event.onset_us
            kind = "STATE" if length else "POINT"
            times = (seconds_text(us) for us in (event.onset_us, event.offset_us, length))
            where = (*head, seconds_text(about.duration_us), fps, subject)
            yield (*where, tier_name(event.code, 0, 0), category, modifiers, kind, *times, event.note, "")

    return _lines(rows(), "\t")
