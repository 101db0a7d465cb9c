"""The formats: what each is called, who writes and reads it, and what of a coding it cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from analysis.coded import CodedLayer
from analysis.exchange import (
    eaf,
    event_table,
    frame_reading,
    frame_tables,
    json_file,
    observation_tables,
    textgrid,
    webvtt,
)
from analysis.exchange.text import decoded, encoded
from analysis.exchange.values import About, ExchangeError, Options, Reading


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table of frames is laid out; other formats have nothing to choose.

    Attributes
    ----------
    step_us : int
        Time between two rows, microseconds; 0: a row for every frame of the video.
    every_code : bool
        Columns for codes that never occur, too (wide table).
    """

    step_us: int = 0
    every_code: bool = False


Writer = Callable[[CodedLayer, About, Layout], Iterator[bytes]]
Reader = Callable[[bytes, Options], Reading]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    key, name : str
        For addresses; for people.
    extension, media_type : str
        Ending of the file's name with its dot; MIME type.
    keeps, loses : str
        One sentence each.
    writes : callable
        Layer, about, layout → pieces of the file.
    reads : callable or None
        None where it is only written.
    per_frame : bool
        One row a frame: the layout matters.
    ending : str
        What a name gets before the extension, where two formats share one.
    """

    key: str
    name: str
    extension: str
    media_type: str
    keeps: str
    loses: str
    writes: Writer
    reads: Reader | None = None
    per_frame: bool = False
    ending: str = ""


_CSV: Final = "text/csv; charset=utf-8"
_ALL: Final = (
    Format(
        "eaf",
        "ELAN",
        ".eaf",
        "application/xml",
        "A tier for each code with onset, apex and offset, side and intensity as FACS notation, notes and "
        "coded stretches, linked to the video by its name.",
        "Times are rounded to the millisecond; the machine's confidence and rejected proposals are left out.",
        lambda layer, about, _: iter([eaf.write(layer, about)]),
        eaf.read,
    ),
    Format(
        "events",
        "CSV, one row for each event",
        ".csv",
        _CSV,
        "Every event with code, side, intensity, times in microseconds, confidence, face, note and coder; "
        "rejected proposals are marked.",
        "The coded stretches are left out.",
        lambda layer, about, _: encoded(event_table.write(layer)),
        event_table.read,
        ending="_events",
    ),
    Format(
        "wide",
        "CSV, one row for each frame",
        ".csv",
        _CSV,
        "Every code as a column of 0 to 5, sided codes also by side, empty outside of the coded stretches.",
        "Apex, notes and confidence are left out, onset and offset fall on frames, an event without a letter "
        "reads as A, and events of one code that touch become one.",
        lambda layer, about, how: encoded(frame_tables.wide(layer, about, how.step_us, how.every_code)),
        frame_reading.read,
        per_frame=True,
        ending="_frames",
    ),
    Format(
        "json",
        "JSON",
        ".json",
        "application/json",
        "Everything, to the microsecond, in a schema with a version.",
        "Nothing is left out but the history of changes.",
        lambda layer, about, _: encoded(json_file.write(layer, about)),
        json_file.read,
    ),
    Format(
        "textgrid",
        "Praat TextGrid",
        ".TextGrid",
        "text/plain; charset=utf-8",
        "A tier for each code with onset, apex and offset to the microsecond, side and intensity as FACS "
        "notation, notes and coded stretches.",
        "The machine's confidence and rejected proposals are left out.",
        lambda layer, about, _: iter([textgrid.write(layer, about)]),
        textgrid.read,
    ),
    Format(
        "webvtt",
        "WebVTT subtitles",
        ".vtt",
        "text/vtt; charset=utf-8",
        "The FACS string of every moment, to show over the video in any player.",
        "Apex, notes and confidence are left out, and where one event ends and the next of its code begins.",
        lambda layer, about, _: encoded(webvtt.write(layer, about)),
    ),
    Format(
        "boris",
        "BORIS, aggregated events",
        ".tsv",
        "text/tab-separated-values; charset=utf-8",
        "Every event as a state with start and stop in seconds, side and intensity as modifiers, the note as "
        "comment.",
        "Apex, confidence, coded stretches and rejected proposals are left out; a face is part of the subject.",
        lambda layer, about, _: encoded(observation_tables.boris(layer, about)),
        event_table.read,
        ending="_boris",
    ),
    Format(
        "datavyu",
        "Datavyu, table of cells",
        ".csv",
        _CSV,
        "Every event as a numbered cell with onset and offset in milliseconds; FACS string, side, intensity, apex "
        "and note as its codes.",
        "Times are rounded to the millisecond; confidence, coded stretches and rejected proposals are left out.",
        lambda layer, about, _: encoded(observation_tables.datavyu(layer)),
        ending="_datavyu",
    ),
    Format(
        "openface",
        "OpenFace, one row for each frame",
        ".csv",
        _CSV,
        "Action Units as OpenFace 2 writes them: intensity 0 to 5 and presence in every frame.",
        "Only Action Units; sides, apex and notes are left out, onset and offset fall on frames.",
        lambda layer, about, how: encoded(frame_tables.openface(layer, about, how.step_us)),
        frame_reading.read,
        per_frame=True,
        ending="_openface",
    ),
    Format(
        "pyfeat",
        "py-feat, one row for each frame",
        ".csv",
        _CSV,
        "Action Units as py-feat writes them: 1 in every frame where one is there.",
        "Only Action Units; intensities, sides, apex and notes are left out, onset and offset fall on frames.",
        lambda layer, about, how: encoded(frame_tables.pyfeat(layer, about, how.step_us)),
        frame_reading.read,
        per_frame=True,
        ending="_pyfeat",
    ),
)
#: Every format by its key, in the order in which pages list them.
FORMATS: Final[Mapping[str, Format]] = {one.key: one for one in _ALL}


def kind_of(data: bytes) -> str:
    """Key of the format that a file is in, told by what it holds, not by its name.

    Raises
    ------
    ExchangeError
        None of those that are read.
    """
    if b"<ANNOTATION_DOCUMENT" in data[:100_000] or data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return "eaf"
    text = decoded(data)
    start = text[:400].lstrip()
    if start.startswith("{"):
        return "json"
    if "ooTextFile" in start or start.startswith("File type"):
        return "textgrid"
    if event_table.header_of(text) is not None:
        return "events"
    if (found := frame_reading.header_of(text)) is not None:
        return frame_reading.kind_of(found[1])
    raise ExchangeError(
        "The file is none of the formats that can be read: ELAN .eaf, Praat TextGrid, our JSON, a table of events "
        "(code, onset, offset) or a table of frames (frame or time, AU12 …). Nothing was read."
    )


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read a file in whatever format it is.

    Raises
    ------
    ExchangeError
        In none of them, or damaged; the message says what and that nothing was read.
    """
    reader = FORMATS[kind_of(data)].reads
    assert reader is not None
    return reader(data, options or Options())
