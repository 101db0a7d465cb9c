"""JSON: everything that a layer holds, in a schema with a version.

``{"format": "facsweb.coding", "version": 1, "about": {...}, "layer": {"coder", "participant", "recording",
"spans"}, "events": [{"code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face", "note",
"confidence", "rejected", "facs"}]}``. A reader ignores ``facs``, which is for people.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from analysis.coded import CodedLayer
from analysis.exchange.gathering import Gathered
from analysis.exchange.text import decoded
from analysis.exchange.values import About, ExchangeError, Options, Reading
from analysis.facs.codes import CATALOGUE

FORMAT: Final = "facsweb.coding"
VERSION: Final = 1
_EVENT: Final = {
    "code": (str,),
    "side": (str,),
    "intensity": (str,),
    "onset_us": (int,),
    "apex_us": (int,),
    "offset_us": (int,),
    "face": (int,),
    "note": (str,),
    "confidence": (int, float, type(None)),
    "rejected": (bool,),
}
_NEEDED: Final = ("code", "onset_us", "offset_us")


def write(layer: CodedLayer, about: About) -> Iterator[str]:
    """Lines of the document, one an event."""
    named = ("media", "duration_us", "title", "layer", "when")
    head = {
        "format": FORMAT,
        "version": VERSION,
        "about": {name: getattr(about, name) for name in named},
        "layer": {
            "coder": layer.coder,
            "participant": layer.participant,
            "recording": layer.recording,
            "spans": [list(span) for span in layer.spans],
        },
    }
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "events": ['
    for number, event in enumerate(layer.events):
        yield f"{',' if number else ''}\n  {json.dumps({**asdict(event), 'facs': str(event)}, ensure_ascii=False)}"
    yield "\n ]\n}\n"


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read our own JSON.

    Raises
    ------
    ExchangeError
        Not JSON, not of this format, or of a later version.
    """
    gathered = Gathered(options or Options())
    try:
        document = json.loads(decoded(data))
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise ExchangeError(f"The file is not JSON ({error}). Nothing was read.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ExchangeError(f"This JSON is not a coding: its “format” is not “{FORMAT}”. Nothing was read.")
    if document.get("version") != VERSION:
        raise ExchangeError(
            f"This coding has version {document.get('version')!r} of the format; version {VERSION} is read here."
        )
    events, layer, about = document.get("events"), _part(document, "layer"), _part(document, "about")
    if not isinstance(events, list):
        raise ExchangeError("This coding has no list of events. Nothing was read.")
    for number, event in enumerate(events, 1):
        _gather(f"event {number}", event, gathered)
    spans = _spans(layer.get("spans", []), gathered)
    return gathered.reading("json", spans=spans, coder=_text(layer, "coder"), media=_text(about, "media"))


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""


def _spans(found: Any, gathered: Gathered) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for span in found if isinstance(found, list) else [found]:
        match span:
            case [int(start), int(end)] if 0 <= start < end:
                out.append((start, end))
            case _:
                gathered.remark("the file", f"{span!r} is no coded stretch; it was not read")
    return out


def _gather(place: str, event: Any, gathered: Gathered) -> None:
    if not isinstance(event, dict) or not all(name in event for name in _NEEDED):
        gathered.remark(place, "it has no code, onset or offset; it was not read")
        return
    for name, kinds in _EVENT.items():
        if name in event and (
            not isinstance(event[name], kinds) or (isinstance(event[name], bool) and bool not in kinds)
        ):
            gathered.remark(place, f"{event[name]!r} cannot be its {name}; it was not read")
            return
    if extra := sorted(event.keys() - _EVENT.keys() - {"facs"}):
        gathered.remark(place, f"fields that were not read: {', '.join(extra)}")
    wanted = gathered.options.mapping.get(event["code"], event["code"])
    if not wanted:
        gathered.remark(f"“{event['code']}”", "left out as chosen")
        return
    if wanted not in CATALOGUE:
        gathered.unmatched[event["code"]] += 1
        return
    gathered.event(
        place,
        wanted,
        event["onset_us"],
        event["offset_us"],
        side=event.get("side", ""),
        intensity=event.get("intensity", ""),
        apex_us=event.get("apex_us"),
        face=event.get("face", 0),
        note=event.get("note", ""),
        confidence=event.get("confidence"),
        rejected=event.get("rejected", False),
    )
