"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import uuid


def compute_comparison(comparison_id: str) -> None:
    """Compute a comparison that waits."""
    from facsweb.agreement.comparing import compute
    from facsweb.agreement.models import Comparison

    waiting = Comparison.objects.filter(pk=uuid.UUID(comparison_id), state=Comparison.State.WAITING).first()
    if waiting is not None:
        compute(waiting)
