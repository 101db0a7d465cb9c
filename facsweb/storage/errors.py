"""What can go wrong with shared storage; the messages are for people."""

from __future__ import annotations

from typing import Final

AWAY: Final = (
    "The storage of files cannot be reached at the moment. Nothing that was saved is lost. Try again in a minute; "
    "if it stays, tell the operator."
)
FULL: Final = (
    "This server has no room left for working copies of files. Nothing that was saved is lost. Tell the operator, "
    "then try again."
)


class StorageError(Exception):
    """Base of both; no OSError, so that nobody takes it for a file that is not there."""


class StoreAway(StorageError):  # noqa: N818 (a state, not a fault)
    """The bucket does not answer, or refuses; what was asked may be asked again."""

    def __init__(self, why: object = "") -> None:
        super().__init__(AWAY)
        self.why = str(why)


class CacheFull(StorageError):  # noqa: N818
    """The disk of this host is full, and nothing on it can go."""

    def __init__(self) -> None:
        super().__init__(FULL)
        self.why = "the disk is full"
