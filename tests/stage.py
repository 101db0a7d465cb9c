"""A finished run of the real pipeline, of the smile clip."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from tests.analysed import demonstration


def make_measured_run(recording: Any, user: Any) -> Any:
    """A succeeded run whose files are all there, the measurement and the neutral among them."""
    from facsweb.runs.models import AnalysisRun

    now = timezone.now()
    run = AnalysisRun(recording=recording, created_by=user, state="succeeded", started_at=now, finished_at=now)
    run.folder = f"runs/{run.id}/1"
    folder = Path(settings.MEDIA_ROOT) / run.folder
    shutil.copytree(demonstration("d1"), folder)
    run.summary = json.loads((folder / "summary.json").read_text())
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.*"))}
    run.save()
    return run
