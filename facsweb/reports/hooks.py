"""What upper layers know of documents that are no report any more, and what ends with a report.

They fill these in ``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a sealed document that is none of the reports here.

    Attributes
    ----------
    verdict : str
        As `verification.Verification`.
    headline : str
    sentences : tuple of str
    """

    verdict: Literal["good", "attention", "bad"]
    headline: str
    sentences: tuple[str, ...]


#: Each says what is known of a document sealed here, by the SHA-256 of its attached content and of the whole file.
known: Final[list[Callable[[str, str], Known | None]]] = []

#: Each says whether a certificate (SHA-256, hex) has sealed something here.
sealed_here: Final[list[Callable[[str], bool]]] = []

#: Each finds the trace of a report that was destroyed, by its id: an object with a ``study`` and ``destroyed_at``.
destroyed: Final[list[Callable[[UUID], Any | None]]] = []

#: Each finds the same by what a printed code says: the report's id, and the beginning of its content's hash.
printed: Final[list[Callable[[UUID, str], Any | None]]] = []

#: Each is told of a report, inside the transaction that revokes it.
on_revocation: Final[list[Callable[[Any], None]]] = []


def about(content_sha256: str, file_sha256: str) -> Known | None:
    """What is known of a document sealed here that is none of the reports."""
    return next((found for hook in known if (found := hook(content_sha256, file_sha256)) is not None), None)


def trace(pk: UUID) -> Any | None:
    """The trace of a report that was destroyed."""
    return next((found for hook in destroyed if (found := hook(pk)) is not None), None)


def trace_of_code(pk: UUID, code: str) -> Any | None:
    """The trace of a destroyed report whose printed code this is."""
    return next((found for hook in printed if (found := hook(pk, code)) is not None), None)
