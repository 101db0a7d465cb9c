"""Plain values on their way out of a confined child: few classes, named here, and nothing that can act."""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

#: What a reader's answer is made of. Everything else is refused before it is made.
_CLASSES: Final = frozenset(
    {
        ("analysis.media.probe", "MediaInfo"),
        ("analysis.media.probe", "VideoStream"),
        ("analysis.media.probe", "AudioStream"),
        ("analysis.text.units", "Transcript"),
        ("analysis.text.units", "Unit"),
        ("analysis.exchange.values", "Reading"),
        ("analysis.exchange.values", "Remark"),
        ("analysis.coded", "CodedEvent"),
        ("analysis.confined.plain", "unchanging"),
    }
)


def unchanging(values: dict[Any, Any]) -> Mapping[Any, Any]:
    """A mapping that cannot be written to."""
    return MappingProxyType(values)


class _Packer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MappingProxyType):
            return unchanging, (dict(value),)
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is not among what a reader may answer.")
        return getattr(importlib.import_module(module), name)


def packed(value: Any) -> bytes:
    """The value as bytes."""
    stream = io.BytesIO()
    _Packer(stream).dump(value)
    return stream.getvalue()


def unpacked(content: bytes) -> Any:
    """The value again; raises ``pickle.UnpicklingError`` for what is no plain value."""
    return _Unpacker(io.BytesIO(content)).load()
