"""How a line is written: an object of JSON for programs, or words for a person at a terminal; the same content."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from facsweb.logs import context, safe

#: Fields that a call may give by ``extra={"facts": {...}}``.
FACTS: Final = "facts"


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = {**context.fields(), **getattr(record, FACTS, {})}
    status = getattr(record, "status_code", None)
    if status is not None:  # Django's own lines about requests
        found.setdefault("status", status)
    request = getattr(record, "request", None)
    if request is not None:
        found.setdefault("route", safe.route_of(request))
    return found


def _trace(record: logging.LogRecord) -> list[str]:
    error = record.exc_info[1] if record.exc_info else None
    return list(safe.trace(error)) if error is not None else []


class JsonLines(logging.Formatter):
    """One object a line: ``time``, ``level``, ``logger``, ``message``, then what is known of request and job."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": safe.message_of(record),
            **_facts(record),
        }
        if trace := _trace(record):
            said["trace"] = trace
        return json.dumps(said, default=str, ensure_ascii=False)


class TextLines(logging.Formatter):
    """Words for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return "\n".join(
            [
                f"{at} {record.levelname} {record.name}: {safe.message_of(record)}{self._more(record)}",
                *_trace(record),
            ]
        )

    def _more(self, record: logging.LogRecord) -> str:
        return "".join(self._pairs(record))

    def _pairs(self, record: logging.LogRecord) -> Iterator[str]:
        yield from (f" {name}={value}" for name, value in _facts(record).items())


FORMATTERS: Final = {"json": "facsweb.logs.lines.JsonLines", "text": "facsweb.logs.lines.TextLines"}


#: Loggers of a line for every request and every job. A terminal shows those that went wrong.
EVERY: Final = ("facsweb.requests", "facsweb.jobs")


def settings_of(kind: str) -> dict[str, Any]:
    """Django's ``LOGGING``; `kind` is one of `FORMATTERS`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": FORMATTERS[kind]}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "facsweb": {"level": "INFO"},
            **{name: {"level": "INFO" if kind == "json" else "ERROR"} for name in EVERY},
            # Django gives these handlers of their own, which would write paths and mail whole error pages.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # Every refused or missing page has its line from ``facsweb.requests`` already.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # It warns at every seal that nothing is fetched from the network, which is meant to be so.
            "pyhanko.sign.signers.pdf_signer": {"level": "ERROR"},
        },
    }
