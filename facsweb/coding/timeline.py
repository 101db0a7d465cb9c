"""What the timeline is told beside signals and events: the voice lane, and lists of codes to choose rows by."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from analysis.facs.prototypes import prototypes
from facsweb.coding.waveform import sound
from facsweb.runs.models import AnalysisRun


def page_data(run: AnalysisRun) -> dict[str, Any]:
    """Plain values for the page's script and template."""
    source, entries = prototypes()
    told = sound(run)
    url = f"{reverse('coding:waveform', args=[run.pk])}?v={run.attempt}" if told["allowed"] else ""
    return {
        "sound": {"words": told["words"], "url": url},
        "prototypes": [{"name": entry.name, "codes": list(entry.codes)} for entry in entries],
        "prototypeSource": source,
    }
