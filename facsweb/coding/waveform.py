"""The recording's sound as a lane of the timeline: read once by a worker, kept beside the result.

The file is the truth: with it the outline is there, and a file of words beside it says why it is not. The queue
only carries the work, and whoever looks at the timeline puts back what the queue lost.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from analysis.types import MediaError
from facsweb.coding.tracks import FOLDER
from facsweb.processes import queue
from facsweb.recordings import files
from facsweb.recordings.models import Recording
from facsweb.recordings.services import original_path
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.storage import shelf
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes

log = logging.getLogger(__name__)

NO_CONSENT: Final = "hidden: no consent for voice"
MAKING: Final = "The sound is being read for the first time."
ELSEWHERE: Final = "Pitch, tone of voice and words have rows under Meaning, once they are read."
WAITS: Final = "The sound cannot be read now, because the queue of work is not there. Everything else works."


def sound(run: AnalysisRun) -> dict[str, Any]:
    """Words for the voice lane (empty where there is no sound), and whether the sound may be asked for."""
    recording = run.recording
    if not recording.has_audio:
        return {"words": "", "allowed": False}
    if missing_scopes(recording.participant, [Scope.AUDIO]):
        return {"words": NO_CONSENT, "allowed": False}
    return {"words": ELSEWHERE, "allowed": True}


def window(run: AnalysisRun, from_us: int, to_us: int, width: int) -> npt.NDArray[np.int8] | str:
    """Lowest and highest of every column of the screen, int8, shape (2, width); a sentence while there is none."""
    folder = result_dir(run) / FOLDER
    try:
        outline = _outline(shelf.fetch(folder / "waveform.npy"))
    except FileNotFoundError:
        return _ask_for(run, folder)
    from analysis.media.sound import PER_SECOND  # here, so that FFmpeg is loaded only by who needs it

    edges = np.linspace(from_us, to_us, width + 1) * (PER_SECOND / 1e6)
    first = np.minimum(edges[:-1].astype(np.int64), outline.shape[1])
    last = np.minimum(np.maximum(np.ceil(edges[1:]).astype(np.int64), first + 1), outline.shape[1])
    start, stop = int(first[0]), int(last[-1])
    part = np.concatenate([outline[:, start:stop], np.zeros((2, 1), np.int8)], axis=1)
    pairs = np.stack([first - start, last - start], axis=1).ravel()
    found = np.stack([np.minimum.reduceat(part[0], pairs)[::2], np.maximum.reduceat(part[1], pairs)[::2]])
    return np.where(last > first, found, 0).astype(np.int8)


@lru_cache(maxsize=8)
def _outline(path: Path) -> npt.NDArray[np.int8]:
    kept: npt.NDArray[np.int8] = np.load(path)
    return kept


def _ask_for(run: AnalysisRun, folder: Path) -> str:
    try:
        return shelf.fetch(folder / "waveform.txt").read_text()
    except FileNotFoundError:
        pass
    job_id = f"waveform-{run.pk}-{run.attempt}"
    if queue.is_carried(job_id):
        return MAKING
    about = {"study": run.study.pk, "job_id": job_id}
    return MAKING if queue.enqueue("facsweb.coding.tasks.make_waveform", str(run.pk), **about) else WAITS


def make(run_id: UUID) -> None:
    """Read the sound of a run's recording. Safe to run twice, at the same time, and after a death at any point."""
    from analysis.media.sound import peaks

    run = AnalysisRun.objects.select_related("recording__participant__study").filter(pk=run_id).first()
    if run is None or not sound(run)["allowed"]:
        return
    folder = result_dir(run) / FOLDER
    folder.mkdir(exist_ok=True)
    try:
        with shelf.patient(), files.held(folder):
            if (folder / "waveform.npy").exists():
                return
            gone = _Gone(run.recording_id)
            outline = peaks(original_path(run.recording), gone)
            draft = folder / ".draft-waveform.npy"
            np.save(draft, outline)
            draft.replace(folder / "waveform.npy")
            shelf.keep(folder / "waveform.npy")
    except files.Busy:
        log.info("The sound of run %s is being read by another worker", run_id)
    except MediaError as error:
        shelf.write(folder / "waveform.txt", f"The sound cannot be drawn. {error}".encode())


class _Gone:
    """Whether the recording was deleted meanwhile; looks now and then."""

    def __init__(self, recording_id: UUID) -> None:
        self.recording_id, self.asked = recording_id, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked % 2000 == 0 and not Recording.objects.filter(pk=self.recording_id).exists()
