"""A person on recordings of others: what was measured, proposed and coded of their face goes, all else stays.

People are said who they are on the page People of an analysis; nothing recognises anybody by itself. What is known
are the pieces of tracks that the newest revision calls the participant: they are looked up in every analysis that
goes by the measurement, also those from before somebody said who it is.

The measurement that the others were read from is the last to be written again: until then whoever goes on after a
death finds in it what is still to be taken out.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.db import models, transaction

from analysis import forgetting, people
from analysis.forgetting import Gone
from analysis.people import Person
from facsweb.audit.services import record
from facsweb.coding.models import Event, Revision
from facsweb.coding.tracks import FOLDER
from facsweb.privacy import closure, reach
from facsweb.privacy.closure import Trace
from facsweb.privacy.models import Erasure, Tombstone
from facsweb.recordings import files
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.runs.people_reading import naming, pieces_of, readings, seen_in, showing
from facsweb.runs.services import result_dir
from facsweb.storage import shelf
from facsweb.studies.models import Participant, Scope

Note = Callable[[Erasure, Trace], None]
One = Callable[[Erasure, models.Model], bool]
#: What the tombstone calls it: the analysis itself stays.
KIND: Final = "runs.face"


def destroy(erasure: Erasure, note: Note, one: One) -> None:
    """Take the face of the participant out of what was made of other participants' recordings."""
    person = erasure.participant
    if person is None or str(Scope.VIDEO) not in erasure.scopes:
        return
    for measured, who in _beside(person, erasure):
        finished = [run for run in readings(measured) if run.state == AnalysisRun.State.SUCCEEDED and run.folder]
        if not (result_dir(measured) / forgetting.MEASUREMENT).is_file():
            # Nobody can tell any more which rows are whose, so whatever shows them goes whole.
            for run in finished:
                if run in showing(person):
                    one(erasure, run)
            continue
        seen = seen_in(measured)
        for run in finished:
            gone = forgetting.shown(seen, people.read(result_dir(run)), who)
            if gone:
                _out_of(erasure, run, gone, note)
            if run.pk != measured.pk:
                forgetting.forget_measurement(result_dir(run), who)
            _put_down(erasure, run, note)
            if gone:
                _read_from(erasure, run, one)
        forgetting.forget_measurement(result_dir(measured), who)
        _put_down(erasure, measured, note)


def _beside(person: Participant, erasure: Erasure) -> Iterator[tuple[AnalysisRun, Person]]:
    """Measurements of others' recordings that the newest revision finds the person in, and where in them."""
    for measured in naming(person):
        if measured.recording.participant_id == person.pk or measured.created_at > erasure.before:
            continue  # their own goes whole; what came later rests on another consent
        if not measured.folder:
            continue
        if pieces := pieces_of(measured, person):
            yield measured, Person(pieces)


def _out_of(erasure: Erasure, run: AnalysisRun, gone: Mapping[int, Gone], note: Note) -> None:
    """Take faces out of a result's files, and out of everything that was coded of them."""
    folder = result_dir(run)
    forgetting.forget_results(folder, gone)
    screen = folder / FOLDER  # made again when somebody looks; the sound's outline shows nobody's face
    for path in screen.glob("*") if screen.is_dir() else ():
        if not path.name.startswith("waveform"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    shelf.let_go(screen)
    revisions = Revision.objects.filter(event__layer__run=run, face__in=list(gone))
    wanted = {
        event
        for event, face, onset, offset in revisions.values_list("event_id", "face", "onset_us", "offset_us")
        if gone[face].covers(onset, offset)
    }
    with transaction.atomic():
        _delete(erasure, run, wanted, note)


def _delete(erasure: Erasure, run: AnalysisRun, wanted: set[Any], note: Note) -> None:
    """Delete events with everything below them, what is copied after its copies; tombstones by kind."""
    chosen = [event for event in Event.objects.filter(layer__run=run) if event.pk in wanted]
    if not chosen:
        return
    found = closure.below(*chosen)
    for model, rows in found.items():
        note(erasure, closure.together(closure.label(model), str(run.pk), rows.values()))
    events: dict[Any, Any] = dict(found[Event])
    while events:
        copied = {event.source_id for event in events.values()}
        leaves = sorted(events.keys() - copied)
        for start in range(0, len(leaves), closure.AT_ONCE):
            Event.objects.filter(pk__in=leaves[start : start + closure.AT_ONCE]).delete()
        events = {pk: event for pk, event in events.items() if pk in copied}


def _put_down(erasure: Erasure, run: AnalysisRun, note: Note) -> None:
    """Write down what the files are now, with a tombstone of what they were."""
    folder = result_dir(run)
    now = {name: files.sha256_of(folder / name) for name in forgetting.WRITTEN if (folder / name).is_file()}
    other = {name: run.files[name] for name in now if name in run.files and run.files[name] != now[name]}
    if not other:
        return
    for name in other:
        shelf.keep(folder / name, purge=True)
    run.files = run.files | {name: now[name] for name in other}
    run.summary = forgetting.summary_of(folder)
    with transaction.atomic():
        noted = Tombstone.objects.filter(erasure=erasure, kind=KIND, object_id=str(run.pk)).first()
        former = other | (noted.hashes if noted is not None else {})  # of before anything was taken out
        listed = "".join(f"{name} {sha}\n" for name, sha in sorted(former.items()))
        note(erasure, Trace(KIND, str(run.pk), hashlib.sha256(listed.encode()).hexdigest(), 1, former, []))
        AnalysisRun.objects.filter(pk=run.pk).update(files=run.files, summary=run.summary, stills=0)
        record(None, "run.forget_face", run, erasure=str(erasure.pk), former=other)
    shelf.remove(folder.parent / "still.jpg", for_good=True, again=True)


def _read_from(erasure: Erasure, run: AnalysisRun, one: One) -> None:
    """Destroy what was read from a result while the face was in it; readings are made again without it."""
    for reading in list(run.readings.all()):
        one(erasure, reading)
    for upload in list(run.coding_uploads.all()):
        one(erasure, upload)
    mine = Recording.objects.filter(pk=run.recording_id)
    for figures in reach.comparisons(run.recording.participant, mine):
        one(erasure, figures)


def is_there(run_id: str) -> bool:
    """Whether a file of a run is still one of those in which the face was."""
    run = AnalysisRun.objects.filter(pk=run_id).first()
    if run is None or not run.folder:
        return False
    for former in Tombstone.objects.filter(kind=KIND, object_id=run_id).values_list("hashes", flat=True):
        now = closure.file_hashes(closure.named(result_dir(run)))
        if any(now.get(name) == sha for name, sha in former.items()):
            return True
    return False


#: Kind → whether one of them is still there, though its row stays.
CHECKS: Final[dict[str, Callable[[str], bool]]] = {KIND: is_there}
