"""What must not change under a signed reading."""

from __future__ import annotations

from django.db.models import QuerySet

from facsweb.coding.models import Layer
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun


def signed(run: AnalysisRun) -> str:
    """Why a run may no longer be read in another way; empty while nobody has signed a coding of it."""
    layer = run.layers.filter(state=Layer.State.SIGNED).select_related("owner").first()
    if layer is None or layer.owner is None:
        return ""
    return (
        f"{layer.owner.get_full_name()} has signed a coding of this analysis, so its neutral face and its scorer "
        "stay as they are. Start another analysis of the recording to read it in another way."
    )


def being_written(recordings: QuerySet[Recording]) -> list[QuerySet[Layer]]:
    """Codings that somebody may be changing at this moment (``recordings.hooks.at_work``)."""
    return [Layer.objects.filter(run__recording__in=recordings, kind__in=Layer.WRITTEN)]
