"""What a new result gets beside itself so that its first view is fast."""

from __future__ import annotations

import logging

from facsweb.coding.services import faces_of
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir

log = logging.getLogger(__name__)


def prepare_run(run: AnalysisRun) -> None:
    """Write the timeline's bytes of every face (``runs.hooks.on_success``); without, a first view is slower."""
    from facsweb.coding.tracks import track  # here, so that pyarrow is loaded only by who reads results

    for face in faces_of(run):
        try:
            track(result_dir(run), face)
        except Exception:  # a result must not fail because of a copy that can be made again
            log.exception("The timeline of run %s could not be prepared", run.pk)
