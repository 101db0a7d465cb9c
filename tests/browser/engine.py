"""Runs that the engine really made, for the browser: measured once a session of tests, copied for each."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from django.utils import timezone

from analysis import pipeline
from facsweb.runs import job, services
from facsweb.runs.models import AnalysisRun
from tests.analysis import conditions
from tests.analysis.conditions import Pictures
from tests.factories import make_recording

FRAME_US = conditions.FRAME_US


def alone() -> Pictures:
    """Two seconds of the smiling clip, from before the smile into it."""
    return conditions.cut("d1", 0.0, 2.0)


def two_people() -> Pictures:
    """One person on the left who goes and comes back (0–0.6 s, 1.0–1.6 s), another on the right throughout."""
    left, right = conditions.cut("d1", 0.0, 1.6), conditions.cut("d3", 0.0, 1.6)
    gone = conditions.nobody(left)
    shown = [gone.rgb[i] if 15 <= i < 25 else left.rgb[i] for i in range(40)]
    return conditions.resized(conditions.side_by_side(Pictures(shown, left.times_us), right), 360)


def analysed(folder: Path, pictures: Pictures) -> Path:
    """A folder with ``original.mp4`` and, in ``result``, what the engine made of it."""
    original = pictures.write(folder / "original.mp4")
    pipeline.analyze(original, folder / "result")
    return folder


def published(participant: Any, user: Any, made: Path, title: str) -> AnalysisRun:
    """A recording of the participant with that file, and the finished run that the engine made of it."""
    original, recording = made / "original.mp4", make_recording(participant, user)
    shutil.copyfile(original, recording.original.path)
    summary = json.loads((made / "result" / "summary.json").read_text())
    video = summary["video"]
    recording.title, recording.size = title, original.stat().st_size
    recording.sha256 = hashlib.sha256(original.read_bytes()).hexdigest()
    recording.width, recording.height = video["width"], video["height"]
    recording.duration_us = video["duration_us"]
    recording.save()
    run = AnalysisRun(recording=recording, created_by=user, state="succeeded", finished_at=timezone.now())
    run.parameters, run.summary, run.folder = {"max_faces": 4}, summary, f"runs/{run.pk}/1"
    shutil.copytree(made / "result", services.result_dir(run))
    run.files = job.hashes(services.result_dir(run))
    run.save()
    return run


def work() -> AnalysisRun:
    """Do what a worker does with the run that waits; the run afterwards."""
    run = AnalysisRun.objects.get(state=AnalysisRun.State.QUEUED)
    job.perform(run.pk, run.attempt, "worker A")
    run.refresh_from_db()
    assert run.state == AnalysisRun.State.SUCCEEDED, run.error_detail
    return run
