"""What every line of a request or job carries, such as the request's id; it goes along into the jobs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

#: What is believed of an id that a proxy of ours sends.
ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_fields: ContextVar[Mapping[str, Any]] = ContextVar("log_fields", default={})  # noqa: B039  (never changed in place)


def fields() -> Mapping[str, Any]:
    """What lines that are written now carry."""
    return _fields.get()


@contextmanager
def carrying(**more: Any) -> Iterator[None]:
    """Lines that are written inside carry these fields too; a field without a value is left out."""
    token = _fields.set({**_fields.get(), **{name: value for name, value in more.items() if value}})
    try:
        yield
    finally:
        _fields.reset(token)


def request_id() -> str:
    """Id of the request that is behind what is done now; empty where none is."""
    return str(_fields.get().get("request", ""))


def new_id(told: str = "") -> str:
    """An id for a request: what a trusted proxy told, if that looks like one, or one of our own."""
    return told if ID.fullmatch(told) else uuid.uuid4().hex
