"""A finished run of the real pipeline: the smile clip, analysed once a session."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

CLIP = "d1_smile_6_12_then_12"
MEDIA = Path(__file__).resolve().parent / "media"


@cache
def analysed() -> Path:
    """Folder with what the pipeline makes of the clip."""
    from analysis.pipeline import analyze

    folder = Path(tempfile.mkdtemp(prefix="facsweb-stage-"))
    analyze(MEDIA / f"{CLIP}.mp4", folder)
    return folder


def make_measured_run(recording: Any, user: Any) -> Any:
    """A succeeded run whose files are all there, the measurement and the neutral among them."""
    from facsweb.runs.models import AnalysisRun

    now = timezone.now()
    run = AnalysisRun(recording=recording, created_by=user, state="succeeded", started_at=now, finished_at=now)
    run.folder = f"runs/{run.id}/1"
    folder = Path(settings.MEDIA_ROOT) / run.folder
    shutil.copytree(analysed(), folder)
    run.summary = json.loads((folder / "summary.json").read_text())
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.*"))}
    run.save()
    return run
