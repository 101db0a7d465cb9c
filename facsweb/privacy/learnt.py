"""Scorers and calibrations of this installation that learned from a participant go, too: their files and figures.

The row of a training or calibration stays, without its content: its number is never used again, and results that
name it still say what they were read by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db import models, transaction

from facsweb.audit.services import record
from facsweb.calibration.models import Version
from facsweb.learning import packages
from facsweb.learning.models import Training
from facsweb.privacy import closure, reach
from facsweb.privacy.closure import Trace
from facsweb.privacy.models import Erasure
from facsweb.storage import shelf

Note = Callable[[Erasure, Trace], None]
DESTROYED: Final = (
    "A participant whose codings it used withdrew consent, so it was destroyed. Start another one; their "
    "recordings are left out then."
)


def destroy(erasure: Erasure, note: Note) -> None:
    """Destroy what learned from the participant of an erasure who does not agree to it any more."""
    assert erasure.participant is not None
    trainings, versions = reach.learned(erasure.participant, erasure.scopes, erasure.before)
    for training in trainings:
        _emptied(erasure, note, training, learned={}, files={})
        shelf.remove(packages.folder() / training.version, for_good=True)
    for version in versions:
        _emptied(erasure, note, version, result={})


def _emptied(erasure: Erasure, note: Note, row: Training | Version, **values: Any) -> None:
    trace = closure.of_row(row)
    if isinstance(row, Training):
        trace.paths.append(f"scorers/{row.version}")
    with transaction.atomic():
        note(erasure, trace)
        type(row).objects.filter(pk=row.pk, state="succeeded").update(state="failed", error=DESTROYED, **values)
        entry = {"kind": trace.kind, "object": str(row.pk), "sha256": trace.sha256}
        record(None, "erasure.destroy", erasure, objects=1, **entry)


def _is_there(model: type[models.Model]) -> Callable[[str], bool]:
    return lambda pk: model._base_manager.filter(pk=pk, state="succeeded").exists()


#: Kind → whether one of them is still there, though its row stays.
CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    closure.label(Training): _is_there(Training),
    closure.label(Version): _is_there(Version),
}
