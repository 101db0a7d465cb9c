"""What the installation acknowledged, as the people who work with it wrote it down."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Journal:
    """Written by all people at once; only what an answer confirmed stands here.

    Attributes
    ----------
    uploads : dict
        Id → SHA-256, length, highest offset that was confirmed, and whether its recording was.
    sent : list of str
        SHA-256 of every file that anybody began to send: no other recording may be there.
    runs : dict
        Id → recording.
    edits : dict
        Request id → layer, event, intensity, number of the revision.
    signatures : dict
        Layer → report.
    faults : list of str
        What was wrong at once: an offset that went back, an answer that contradicts an earlier one.
    """

    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def note(self, kind: str, key: str, value: Any) -> None:
        with self.lock:
            getattr(self, kind)[key] = value

    def fault(self, what: str) -> None:
        with self.lock:
            self.faults.append(what)

    def as_dict(self) -> dict[str, Any]:
        with self.lock:
            return asdict(self)
