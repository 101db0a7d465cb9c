"""Plain values between a confined child and who asked it: JSON, bytes behind it, and few classes named here.

An answer comes from a process that a hostile file may have taken over, so nothing in it may act. Pickle is no form
for that, even with few classes: it can set attributes of a class that is allowed, order memory by a number, and
nest values so deeply that comparing them ends the process. Here a class is made by calling it, which checks its
values, and only with as many of them as it has.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

#: What a reader's answer is made of, by name and module. Everything else is refused before it is made.
_CLASSES: Final = {
    "MediaInfo": "analysis.media.probe",
    "VideoStream": "analysis.media.probe",
    "AudioStream": "analysis.media.probe",
    "Transcript": "analysis.text.units",
    "Unit": "analysis.text.units",
    "Reading": "analysis.exchange.values",
    "Remark": "analysis.exchange.values",
    "CodedEvent": "analysis.coded",
}
#: Bytes of JSON that are taken: the longest transcript and the largest coding have some ten million. Values of
#: Python take up to twenty times the place of their JSON.
MOST_JSON: Final = 32 << 20
_LENGTH: Final = 8


def packed(value: Any) -> bytes:
    """The value as bytes; raises TypeError for what is no plain value."""
    blobs: list[bytes] = []
    said = json.dumps(_tree(value, blobs), separators=(",", ":"), ensure_ascii=False)
    head = said.encode("utf-8", "surrogatepass")
    return b"".join((len(head).to_bytes(_LENGTH, "little"), head, *blobs))


def _tree(value: Any, blobs: list[bytes]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, bytes):
        blobs.append(value)
        return {"bytes": len(value)}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_tree(part, blobs) for part in value]}
    if isinstance(value, Mapping):
        name = "unchanging" if isinstance(value, MappingProxyType) else "dict"
        return {name: [[str(key), _tree(part, blobs)] for key, part in value.items()]}
    name = type(value).__name__
    if _CLASSES.get(name) == type(value).__module__:
        return {name: [_tree(getattr(value, one.name), blobs) for one in dataclasses.fields(value)]}
    raise TypeError(f"{type(value).__module__}.{name} is not among what a reader may answer.")


def unpacked(content: bytes) -> Any:
    """The value again; raises ValueError, TypeError or RecursionError for what is no plain value."""
    length = int.from_bytes(content[:_LENGTH], "little")
    if length > min(MOST_JSON, len(content) - _LENGTH):
        raise ValueError("The answer is longer than a reader's can be.")
    head = content[_LENGTH : _LENGTH + length].decode("utf-8", "surrogatepass")
    rest = io.BytesIO(content[_LENGTH + length :])
    value = _value(json.loads(head), rest)
    if rest.read(1):
        raise ValueError("The answer has more behind it than it says.")
    return value


def _value(tree: Any, rest: io.BytesIO) -> Any:
    if not isinstance(tree, (dict, list)):
        return tree
    if not isinstance(tree, dict) or len(tree) != 1:
        raise ValueError("The answer is not in the form of a reader's.")
    ((name, held),) = tree.items()
    if name == "bytes":
        found = rest.read(held) if type(held) is int and held >= 0 else b""
        if len(found) != held:
            raise ValueError("The answer has fewer bytes than it says.")
        return found
    if not isinstance(held, list):
        raise ValueError("The answer is not in the form of a reader's.")
    if name in ("dict", "unchanging"):
        made = {_key(key): _value(part, rest) for key, part in held}
        return made if name == "dict" else MappingProxyType(made)
    values = [_value(part, rest) for part in held]
    if name in ("list", "tuple"):
        return values if name == "list" else tuple(values)
    if name not in _CLASSES:
        raise ValueError(f"{name} is not among what a reader may answer.")
    return getattr(importlib.import_module(_CLASSES[name]), name)(*values)


def _key(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("A name in the answer is no text.")
    return value


# --- the question: from who started the helper, so the helper believes it -------------------------------------


def unchanging(values: dict[Any, Any]) -> Mapping[Any, Any]:
    """A mapping that cannot be written to."""
    return MappingProxyType(values)


class _Packer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MappingProxyType):
            return unchanging, (dict(value),)
        return NotImplemented


def question(value: Any) -> bytes:
    """What a child is asked, as the helper process reads it."""
    stream = io.BytesIO()
    _Packer(stream).dump(value)
    return stream.getvalue()
