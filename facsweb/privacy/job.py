"""One attempt at an erasure or at a copy: claim, work, and whatever happens is written to the row."""

from __future__ import annotations

import uuid
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from facsweb.privacy import attempts, certificates, copying, destroying
from facsweb.privacy.models import Copy, Erasure
from facsweb.processes.pulse import Pulse, carry_out
from facsweb.storage.hosts import Settled

UNEXPECTED: Final = (
    "Destroying stopped because of an error in the program. What is gone is gone; the rest is hidden from "
    "everybody and is tried again every few minutes. If this stays, ask the operator to look at the worker's log."
)
NOT_COPIED: Final = (
    "The copy was not made because of an error in the program. Nothing was changed. Try again; if it happens "
    "again, ask the operator to look at the worker's log."
)


def perform(erasure_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt, destroy, check, certify."""
    erasure = attempts.claim(erasure_id, attempt, worker)
    if erasure is None:
        return  # carried twice, on hold, or already given to somebody else
    carry_out(erasure, attempts.FENCE, _erase, unexpected=UNEXPECTED)


def _erase(erasure: Erasure, pulse: Pulse) -> bool:
    return finish(erasure, destroying.destroy(erasure, pulse.hook))


def finish(erasure: Erasure, settled: Settled | None = None) -> bool:
    """Certify what was destroyed and checked; False when the erasure is no longer this attempt's."""
    pdf, about = certificates.make(erasure, settled)
    # A name of its own for every attempt: the row names the file only once it is whole on disk.
    name = default_storage.save(f"certificates/{erasure.pk}.pdf", ContentFile(pdf))
    if attempts.finish(erasure, certificate=name, **about):
        return True
    default_storage.delete(name)
    return False


def perform_copy(copy_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt and make the copy."""
    made = attempts.claim_copy(copy_id, attempt, worker)
    if made is not None:
        carry_out(made, attempts.COPY_FENCE, _copy, unexpected=NOT_COPIED)


def _copy(made: Copy, pulse: Pulse) -> bool:
    return copying.make(made, pulse.hook)
