"""Documents that a worker wrote and died over before their row named them."""

from __future__ import annotations

from facsweb.reports.models import Document, Report
from facsweb.storage.leftovers import sweep_seldom


def recover() -> int:
    """Remove them; a duty of the recovery process. Nothing is put back."""
    sweep_seldom("reports", (Report, "pdf"), (Document, "pdf"))
    return 0
