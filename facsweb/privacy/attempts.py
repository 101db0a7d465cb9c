"""What a worker may do to an erasure and to a copy, behind the fences of their attempts (`audit.attempts`)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Exists, OuterRef
from django.utils import timezone

from facsweb.audit.attempts import RecordedFence
from facsweb.privacy.models import Copy, Erasure, Hold


def free() -> Any:
    """Erasures that nothing holds back: of a participant on hold none begins, and none goes on."""
    held = Hold.objects.filter(participant=OuterRef("participant"), lifted_at=None)
    return Erasure.objects.filter(~Exists(held))


FENCE: Final = RecordedFence(free, "facsweb.privacy.tasks.erase", "erasure")
COPY_FENCE: Final = RecordedFence(lambda: Copy.objects, "facsweb.privacy.tasks.copy", "copy")


def claim(erasure_id: uuid.UUID, attempt: int, worker: str) -> Erasure | None:
    """Take a queued erasure; None when this attempt is not waiting (any more), or the participant is on hold."""
    if not FENCE.claim(erasure_id, attempt, worker):
        return None
    return Erasure.objects.select_related("participant__study", "study").get(pk=erasure_id)


def claim_copy(copy_id: uuid.UUID, attempt: int, worker: str) -> Copy | None:
    """Take a queued copy; None when this attempt is not waiting (any more)."""
    if not COPY_FENCE.claim(copy_id, attempt, worker):
        return None
    return Copy.objects.select_related("participant__study", "created_by").get(pk=copy_id)


def finish(erasure: Erasure, **values: Any) -> bool:
    """End an erasure after it was checked; False when it is no longer this attempt's."""
    kinds = erasure.tombstones.count()
    return FENCE.finish(erasure, {"checked_at": timezone.now(), **values}, tombstones=kinds, why=erasure.why)
