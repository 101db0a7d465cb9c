"""ELAN's ``.eaf`` (EAF 3.0), written and read with pympi-ling.

Times are milliseconds there. An event without length lasts one millisecond and has the phase ``moment``. The
video is linked by its name, so ELAN finds it in the folder of the ``.eaf``.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

from pympi import Elan

from analysis.coded import CodedEvent, CodedLayer
from analysis.exchange import xml_gate
from analysis.exchange.gathering import Gathered
from analysis.exchange.text import milliseconds
from analysis.exchange.tiers import (
    FALL,
    MOMENT,
    NOTE,
    PHASE,
    RISE,
    SPANS,
    Mark,
    gather,
    is_child,
    lanes,
    phases,
    with_apexes,
)
from analysis.exchange.values import About, ExchangeError, Options, Reading

_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_LOCATION: Final = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
_EVENT, _PHASE, _NOTE, _SPAN = "FACS event", "FACS phase", "FACS note", "FACS coded stretch"
_VOCABULARY: Final = "FACS phases"
_LANGUAGE: Final = "und"
_WORDS: Final = {
    RISE: "from the onset to the apex",
    FALL: "from the apex to the offset",
    MOMENT: "an event without length",
}
#: Length of ELAN's units of time, microseconds.
_TICKS: Final = {"milliseconds": 1000.0, "NTSC-frames": 1_001_000 / 30, "PAL-frames": 40_000.0}
_ILLEGAL: Final = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Text that XML may hold: line ends are ``\\n``, control characters are shown as replaced."""
    return _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _extent(event: CodedEvent) -> tuple[int, int]:
    start = milliseconds(event.onset_us)
    return start, max(milliseconds(event.offset_us), start + 1)


class _Writer:
    """Collects annotations, so that time slots can be numbered in the order of time, as ELAN writes them."""

    def __init__(self, layer: CodedLayer) -> None:
        self.eaf: Any = Elan.Eaf(author=legal(layer.coder))
        self.eaf.tiers.clear()
        self.eaf.properties.clear()
        self._who = {"part": legal(layer.participant) or None, "ann": legal(layer.coder) or None}
        self._slots: dict[tuple[int, int], str] = {}
        self._times: list[tuple[int, int]] = []
        self._aligned: list[tuple[str, str, int, int, str]] = []
        self._referring: list[tuple[str, str, str, str]] = []

    def tier(self, name: str, kind: str, parent: str | None = None) -> None:
        self.eaf.add_tier(name, kind, parent=parent, **self._who)

    def slot(self, time: int) -> int:
        """A new time slot; its handle."""
        self._times.append((time, len(self._times)))
        return len(self._times) - 1

    def aligned(self, tier: str, start: int, end: int, value: str) -> str:
        """An annotation between two slots; its id."""
        number: str = self.eaf.generate_annotation_id()
        self._aligned.append((tier, number, start, end, legal(value)))
        return number

    def referring(self, tier: str, to: str, value: str) -> None:
        self._referring.append((tier, self.eaf.generate_annotation_id(), to, legal(value)))

    def bytes(self) -> bytes:
        names = {handle: self.eaf.generate_ts_id(time) for time, handle in sorted(self._times)}
        for tier, number, start, end, value in self._aligned:
            self.eaf.annotations[number] = tier
            self.eaf.tiers[tier][0][number] = (names[start], names[end], value, None)
        for tier, number, to, value in self._referring:
            self.eaf.annotations[number] = tier
            self.eaf.tiers[tier][1][number] = (to, value, None, None)
        self.eaf.add_property("lastUsedAnnotationId", self.eaf.maxaid)
        text: str = Elan.to_string(self.eaf)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


def _head(eaf: Any, about: About) -> None:
    when = about.when or datetime.now(UTC).isoformat(timespec="seconds")
    eaf.adocument |= {"DATE": when, "VERSION": "3.0", "FORMAT": "3.0", "xsi:noNamespaceSchemaLocation": _SCHEMA}
    eaf.header |= {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    if about.media:
        name = quote(about.media)
        eaf.add_linked_file(f"file:///{name}", f"./{name}", _media_type(about.media))
    for key, value in (("recording", about.title), ("layer", about.layer)):
        if value:
            eaf.add_property(key, legal(value))
    eaf.linguistic_types.clear()
    eaf.add_linguistic_type(_EVENT)
    eaf.add_linguistic_type(_SPAN)
    eaf.add_linguistic_type(_NOTE, "Symbolic_Association", timealignable=False)
    eaf.add_linguistic_type(_PHASE, "Time_Subdivision")
    eaf.linguistic_types[_PHASE]["CONTROLLED_VOCABULARY_REF"] = _VOCABULARY
    eaf.add_language(_LANGUAGE, "http://cdb.iso.org/lg/CDB-00130975-001", "undetermined (und)")
    eaf.add_controlled_vocabulary(_VOCABULARY)
    eaf.add_cv_description(
        _VOCABULARY, _LANGUAGE, "Phases of a facial event: the apex is where rise turns to fall"
    )
    for word, meaning in _WORDS.items():
        eaf.add_cv_entry(_VOCABULARY, f"cve_{word}", [(word, _LANGUAGE, meaning)])


def _media_type(name: str) -> str:
    endings = {".mp4": "video/mp4", ".mov": "video/quicktime", ".mpg": "video/mpeg", ".wav": "audio/x-wav"}
    return endings.get(Path(name).suffix.lower(), "video/*")


def write(layer: CodedLayer, about: About) -> bytes:
    """The layer as an ``.eaf``.

    One tier a code and face, named ``AU12`` or ``51 Head turn left``, values in FACS notation; below each a tier
    ``… phase`` (a time subdivision: the apex can be dragged) and, where there are notes, a tier ``… note``.
    """
    writer = _Writer(layer)
    _head(writer.eaf, about)
    for lane in lanes(layer.events, _extent):
        writer.tier(lane.name, _EVENT)
        writer.tier(lane.name + PHASE, _PHASE, lane.name)
        if any(event.note for event in lane.events):
            writer.tier(lane.name + NOTE, _NOTE, lane.name)
        for event in lane.events:
            _annotate(writer, lane.name, event)
    if layer.spans:
        writer.tier(SPANS, _SPAN)
    for span in layer.spans:
        start, end = milliseconds(span[0]), max(milliseconds(span[1]), milliseconds(span[0]) + 1)
        writer.aligned(SPANS, writer.slot(start), writer.slot(end), "coded")
    return writer.bytes()


def _annotate(writer: _Writer, tier: str, event: CodedEvent) -> None:
    start, end = _extent(event)
    slots = {start: writer.slot(start), end: writer.slot(end)}
    number = writer.aligned(tier, slots[start], slots[end], str(event))
    apex = min(milliseconds(event.apex_us), end)
    parts = phases(start, apex, end)
    if milliseconds(event.offset_us) <= start:
        parts = [(start, end, MOMENT)]
    for a, b, word in parts:
        for time in (a, b):
            if time not in slots:
                slots[time] = writer.slot(time)
        writer.aligned(tier + PHASE, slots[a], slots[b], word)  # ELAN's subdivisions share their slots
    if event.note:
        writer.referring(tier + NOTE, number, event.note)


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read an ``.eaf``, our own or another's.

    Raises
    ------
    ExchangeError
        Not XML, not EAF, with a document type declaration, or broken so that ELAN would not open it either.
    """
    root = xml_gate.parsed(data, "ANNOTATION_DOCUMENT", "ELAN .eaf file")
    _repair(root)
    gathered = Gathered(options or Options())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checked.eaf"
        ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)
        try:
            eaf: Any = Elan.Eaf(str(path), suppress_version_warning=True)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise ExchangeError(
                f"The .eaf is damaged ({error!r}); open and save it in ELAN and try again. Nothing was read."
            ) from error
    return _read(eaf, gathered)


def _repair(root: ElementTree.Element) -> None:
    """Add what pympi insists on; refuse what it would lose without a word."""
    root.attrib.setdefault(_LOCATION, _SCHEMA)
    for annotation in (*root.iter("ALIGNABLE_ANNOTATION"), *root.iter("REF_ANNOTATION")):
        if len(annotation) == 0:
            ElementTree.SubElement(annotation, "ANNOTATION_VALUE")
    kinds = {"TIER": "TIER_ID", "ALIGNABLE_ANNOTATION": "ANNOTATION_ID", "TIME_SLOT": "TIME_SLOT_ID"}
    for tag, key in kinds.items():
        names = [element.get(key) for element in root.iter(tag)]
        if len(names) != len(set(names)):
            twice = next(name for name in names if names.count(name) > 1)
            raise ExchangeError(f"The .eaf is damaged: {key} “{twice}” is there twice. Nothing was read.")


def _times_us(eaf: Any, gathered: Gathered) -> dict[str, int]:
    """Time of every slot; a slot without one lies evenly between its neighbours that have one."""
    unit = eaf.header.get("TIME_UNITS", "milliseconds")
    if unit not in _TICKS:
        raise ExchangeError(f"The .eaf counts time in “{unit}”, which is not known here. Nothing was read.")
    names = list(eaf.timeslots)
    known = [(row, value * _TICKS[unit]) for row, value in enumerate(eaf.timeslots.values()) if value is not None]
    out: dict[str, int] = {}
    after = 0
    for row, name in enumerate(names):
        while after < len(known) and known[after][0] < row:
            after += 1
        if after < len(known) and known[after][0] == row:
            out[name] = round(known[after][1])
            continue
        left = known[after - 1] if after else (-1, 0.0)
        right = known[after] if after < len(known) else left
        share = (row - left[0]) / max(right[0] - left[0], 1)
        out[name] = round(left[1] + min(share, 1.0) * (right[1] - left[1]))
        gathered.remark(
            "the file", "some times are not aligned in ELAN; they were spread between their neighbours"
        )
    return out


def _read(eaf: Any, gathered: Gathered) -> Reading:
    times = _times_us(eaf, gathered)
    for media in eaf.media_descriptors:
        if str(media.get("TIME_ORIGIN") or "0") != "0":
            gathered.remark(
                "the file",
                f"its media begins at {media['TIME_ORIGIN']} ms; give the shift if the times do not fit",
            )
    spans: list[tuple[int, int]] = []
    for name in eaf.tiers:
        if is_child(name, eaf.tiers) and name not in gathered.options.mapping:
            continue
        marks = _marks(eaf, name, times, gathered)
        if name == SPANS:
            spans = [(mark.start_us, mark.end_us) for mark in marks]
        elif marks:
            phase = eaf.tiers.get(name + PHASE, ({}, {}))
            own = ((times[a], times[b], value) for a, b, value, _ in phase[0].values())
            gather(name, with_apexes(marks, own), gathered)
    coders = {attributes.get("ANNOTATOR") for _, _, attributes, _ in eaf.tiers.values()} - {None, ""}
    media = eaf.media_descriptors[0]["MEDIA_URL"].rsplit("/", 1)[-1] if eaf.media_descriptors else ""
    return gathered.reading("eaf", spans=spans, coder=coders.pop() if len(coders) == 1 else "", media=media)


def _marks(eaf: Any, name: str, times: dict[str, int], gathered: Gathered) -> list[Mark]:
    aligned, referring = eaf.tiers[name][:2]
    notes: dict[str, str] = {}
    for to, value, *_ in eaf.tiers.get(name + NOTE, ({}, {}))[1].values():
        notes[to] = f"{notes[to]}\n{value}" if to in notes else value
    out: list[Mark] = []
    for number, slots, value in _intervals(eaf, aligned, referring):
        place = f"tier “{name}”, annotation {number}"
        if slots is None or not set(slots) <= times.keys():
            gathered.remark(place, "it has no time; it was not read")
            continue
        start, end = times[slots[0]], times[slots[1]]
        at = f"tier “{name}” at {start / 1e6:.3f} s"
        out.append(Mark(at, start, end, value.strip(), notes.get(number, "")))
    return sorted(out, key=lambda mark: mark.start_us)


def _intervals(eaf: Any, aligned: Any, referring: Any) -> Iterable[tuple[str, tuple[str, str] | None, str]]:
    for number, (start, end, value, _) in aligned.items():
        yield number, (start, end), value
    for number, (to, value, *_) in referring.items():
        seen: set[str] = set()
        while to not in seen and (tier := eaf.annotations.get(to)) is not None:
            seen.add(to)
            if to in eaf.tiers[tier][0]:
                yield number, eaf.tiers[tier][0][to][:2], value
                break
            to = eaf.tiers[tier][1][to][0]
        else:
            yield number, None, value
