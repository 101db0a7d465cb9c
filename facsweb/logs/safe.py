"""What of a message, of an error and of its traceback may stand in a log.

Errors say what they met: a mail address that is taken already, a file's name, a participant's code. So a line
names the kind of an error and where it happened, in files and lines of the program, and not its words. The words
stand in the database, in the row of the work that failed (``error_detail``), from where they can be erased.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final

#: A last net below the rules: what looks like a mail address, or like the secret of a link, in any message.
_MAIL: Final = re.compile(r"[^\s\"'<>=,;:(){}\[\]/]+@[\w-]+(\.[\w-]+)*")
_SECRET: Final = re.compile(r"(/(?:c|join|verify)/)[\w.~-]+")
_QUERY: Final = re.compile(r"\?[^\s\"']*=[^\s\"']*")
#: Kinds of error whose words are about machines: addresses of servers, reasons of the network.
_OF_MACHINES: Final = (
    *("redis.exceptions.ConnectionError", "redis.exceptions.TimeoutError", "redis.exceptions.AuthenticationError"),
    *("redis.exceptions.BusyLoadingError", "redis.exceptions.ReadOnlyError", "django.db.utils.OperationalError"),
    *("django.core.exceptions.ImproperlyConfigured", "facsweb.installation.DataFolderError"),
)


def name_of(error: BaseException | type[BaseException]) -> str:
    """Full name of an error's kind."""
    kind = error if isinstance(error, type) else type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def words_of(error: BaseException) -> str:
    """An error in a line: its kind, and its words only where they are about machines."""
    name = name_of(error)
    if name in _OF_MACHINES:
        first = (str(error).splitlines() or [""])[0]
        return f"{name}: {netted(first)}" if first else name
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {os.strerror(error.errno)}"
    return name


def netted(text: str) -> str:
    """A message without what looks like a mail address, a link's secret or a query."""
    return _MAIL.sub("[mail]", _QUERY.sub("", _SECRET.sub(r"\1[secret]", text)))


def trace(error: BaseException | None) -> Iterator[str]:
    """Lines of a traceback without words and values: kinds of errors, files, lines and functions."""
    seen: set[int] = set()
    chain: list[BaseException] = []
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for one in reversed(chain):
        yield words_of(one)
        yield from _frames(one.__traceback__)


def _frames(found: TracebackType | None) -> Iterator[str]:
    for frame, line in traceback.walk_tb(found):
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {line}, in {code.co_name}'


def _argument(value: Any) -> Any:
    """An argument of a message: errors and rows as what kind they are, everything else as it is."""
    if isinstance(value, BaseException):
        return words_of(value)
    if hasattr(value, "_meta") and hasattr(value, "pk"):  # a row's own words may be a name
        return f"{value._meta.label_lower} {value.pk}"
    return value


def message_of(record: logging.LogRecord) -> str:
    """The words of a line."""
    if record.name.startswith("django.security"):
        return f"Refused: {record.name.rpartition('.')[2]}"  # its words hold what was sent
    request = getattr(record, "request", None)
    args: Any = record.args
    if isinstance(args, Mapping):
        args = {name: _argument(value) for name, value in args.items()}
    elif args:
        args = tuple(_argument(value) for value in args)
    text = str(_argument(record.msg))
    try:
        text = text % args if args else text
    except (TypeError, ValueError):
        text = record.msg if isinstance(record.msg, str) else record.name
    path = getattr(request, "path", "") or ""
    if len(path) > 1:  # Django's lines about requests name the path, and a path may be a key
        text = text.replace(path, route_of(request)).replace(
            getattr(request, "path_info", path), route_of(request)
        )
    if record.name in ("asyncio", "concurrent.futures"):
        text = (text.splitlines() or [""])[
            0
        ]  # what follows is how an object prints itself, errors with their words
    if "Traceback (most recent call last)" in text:
        text = text.partition("Traceback (most recent call last)")[0].rstrip()
    return netted(text)


def route_of(request: Any) -> str:
    """Name of the page that a request asked for, never its path."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or "unnamed") if match is not None else "unknown"
