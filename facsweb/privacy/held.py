"""Everything that is held about one participant, written into a bundle."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import slugify

from facsweb.audit.models import Entry
from facsweb.coding.models import Comment, Layer, Revision
from facsweb.coding.reading import current_events
from facsweb.meaning.models import Reading
from facsweb.privacy import closure
from facsweb.privacy.copying import Bundle
from facsweb.privacy.models import Erasure, Tombstone
from facsweb.recordings.models import Recording
from facsweb.recordings.services import original_path
from facsweb.reports.exports import safe
from facsweb.reports.models import Document, Report
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import MEASUREMENT, PUBLIC_FILES
from facsweb.studies.models import Consent, Participant
from facsweb.transcripts.models import Transcript

README: Final = """\
Everything that is held about participant {code} of the study “{study}”, as of {day}.

What is in here
  participant.json    what is stored about the person: the code, the cohort they stated
  consents/           every consent with the words that were agreed to, name or signature, and withdrawals
  recordings/         for each recording: the video as it was uploaded, and below it
    analyses/         what was measured (signals.parquet: one row for each frame; events.csv; summary.json)
    codings/          what people coded, as CSV (as it is now) and JSON (with every earlier state)
    readings/         combinations, states, voice and words as they were computed
    comments.json     what was said about the recording
    transcript/       the words, with every earlier version and the files they came from
  documents/          texts without a recording
  reports/            signed reports: the document, and its content as JSON
  privacy.json        what was destroyed, when and why, with hashes
  log.csv             entries of the log about this participant
  other/              anything else that is stored, as JSON
  manifest.json       every file with its size and its SHA-256

What is not in here
  Recordings of other participants on which this person can be seen, with what was measured of them there: they are
  those participants' data, too. Ask the study's team for it.

How to read it
  .json and .csv open in any text editor or spreadsheet. .parquet is a table that R, Python and many tools read.
  Times are microseconds from the start of the recording. Action Units are numbers of the Facial Action Coding
  System; intensities run from A (trace) to E (maximum). States and indicators are estimates with uncertainty: they
  do not say what a person felt or meant.

Other people
  Coders and everybody else who worked on the data stand here as person-1, person-2 and so on; signed reports name
  their signer. Other people may be seen or heard on the recordings, and transcripts may hold their words. Their
  data are theirs: whoever hands this copy over looks first whether somebody else's rights stand against it, and
  whoever receives it treats what it shows of others with the same care.
"""


class Names:
    """Pseudonyms of those who worked on the data, the same within one copy."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    def of(self, user_id: Any) -> str:
        """``person-1``; empty for nobody, which is a program."""
        return "" if user_id is None else self._known.setdefault(user_id, f"person-{len(self._known) + 1}")


def write(person: Participant, bundle: Bundle) -> None:
    """Write everything about a participant."""
    names, seen = Names(), set()
    day = timezone.localdate().isoformat()
    bundle.bytes("README.txt", README.format(code=person.code, study=person.study.name, day=day).encode())
    bundle.json(
        "participant.json", plain(person, names) | {"study": person.study.name, "cohort": str(person.cohort or "")}
    )
    _consents(person, bundle, names)
    for recording in person.recordings.order_by("created_at"):
        folder = f"recordings/{slugify(recording.title)[:40] or 'recording'}-{str(recording.pk)[:8]}"
        _recording(recording, folder, bundle, names)
        seen |= {str(pk) for rows in closure.below(recording).values() for pk in rows}
    for text in person.transcripts.filter(recording=None):
        _text(text, f"documents/{slugify(text.title)[:40] or 'document'}-{str(text.pk)[:8]}", bundle, names)
        seen.add(str(text.pk))
    _reports(person, bundle)
    _privacy(person, bundle)
    _rest(person, bundle, names)
    seen |= {str(person.pk), *(str(pk) for pk in person.consents.values_list("pk", flat=True))}
    _log(person, seen, bundle, names)


def plain(row: models.Model, names: Names) -> dict[str, Any]:
    """A row as plain values, with pseudonyms for members of the team; bytes and file names are left out."""
    said: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if isinstance(field, models.BinaryField | models.FileField):
            continue
        value = field.value_from_object(row)
        member = field.is_relation and field.related_model._meta.label == settings.AUTH_USER_MODEL
        said[field.name] = names.of(value) if member else value
    return said


def _consents(person: Participant, bundle: Bundle, names: Names) -> None:
    known = Consent.objects.filter(participant=person).select_related("form").order_by("given_at")
    for number, consent in enumerate(known, 1):
        said = plain(consent, names) | {
            "form": {"version": consent.form.version, "title": consent.form.title, "body": consent.form.body},
            "withdrawals": [plain(one, names) for one in consent.withdrawals.all()],
        }
        bundle.json(f"consents/{number:02}.json", said)
        _files(consent, f"consents/{number:02}", bundle)


def _files(row: models.Model, folder: str, bundle: Bundle) -> None:
    for field in row._meta.concrete_fields:
        if isinstance(field, models.FileField) and (kept := getattr(row, field.name)):
            bundle.file(f"{folder}/{field.name}{_ending(kept.name)}", closure.located(f"media/{kept.name}"))


def _ending(name: str) -> str:
    return f".{name.rpartition('.')[2]}" if "." in name.rpartition("/")[2] else ""


# --- one recording ---------------------------------------------------------------------------------------------


def _recording(recording: Recording, folder: str, bundle: Bundle, names: Names) -> None:
    bundle.json(f"{folder}/recording.json", plain(recording, names))
    bundle.file(f"{folder}/original{_ending(recording.filename) or '.mp4'}", original_path(recording))
    for marks in ("speakers", "markers"):
        rows = [plain(one, names) for one in getattr(recording, marks).all()]
        if rows:
            bundle.json(f"{folder}/{marks}.json", rows)
    for run in recording.runs.order_by("created_at"):
        _run(run, f"{folder}/analyses/{str(run.pk)[:8]}", bundle, names)
        for layer in run.layers.order_by("created_at"):
            _coding(layer, f"{folder}/codings", bundle, names)
        for reading in run.readings.filter(state=Reading.State.SUCCEEDED):
            _all_of(reading.folder, reading.files, f"{folder}/readings/{str(reading.pk)[:8]}", bundle)
    comments = Comment.objects.filter(run__recording=recording)
    if comments:
        bundle.json(f"{folder}/comments.json", [plain(one, names) for one in comments])
    text = Transcript.objects.filter(recording=recording).first()
    if text is not None:
        _text(text, f"{folder}/transcript", bundle, names)


def _run(run: AnalysisRun, folder: str, bundle: Bundle, names: Names) -> None:
    bundle.json(f"{folder}/analysis.json", plain(run, names) | {"error_detail": ""})
    if run.folder:
        kept = [name for name in (*PUBLIC_FILES, *MEASUREMENT) if name in run.files]
        _all_of(run.folder, kept, folder, bundle)


def _all_of(folder: str, listed: Iterable[str], target: str, bundle: Bundle) -> None:
    for name in listed:
        bundle.file(f"{target}/{name}", closure.located(f"media/{folder}/{name}"))


COLUMNS: Final = ("code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face", "confidence", "note")


def _coding(layer: Layer, folder: str, bundle: Bundle, names: Names) -> None:
    name = f"{folder}/{layer.kind}-{str(layer.pk)[:8]}"
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("event", *COLUMNS))
    for event in current_events(layer):
        writer.writerow((str(event.id), *(safe(getattr(event, column)) for column in COLUMNS)))
    bundle.bytes(f"{name}.csv", out.getvalue().encode())
    states = Revision.objects.filter(event__layer=layer).order_by("event_id", "number")
    rows = [plain(one, names) for one in states]
    bundle.json(f"{name}.json", plain(layer, names) | {"coder": names.of(layer.owner_id), "states": rows})


def _text(text: Transcript, folder: str, bundle: Bundle, names: Names) -> None:
    revisions = [plain(one, names) for one in text.revisions.order_by("number")]
    scores = getattr(text, "scores", None)
    said = {"revisions": revisions, "scores": plain(scores, names) if scores is not None else None}
    bundle.json(f"{folder}/text.json", plain(text, names) | said)
    for file in text.source_files.all():
        ending = f".{file.format}" if file.format else _ending(file.filename)
        bundle.bytes(f"{folder}/file-{file.pk}{ending}", bytes(file.content))


# --- beside recordings -----------------------------------------------------------------------------------------


def _reports(person: Participant, bundle: Bundle) -> None:
    mine = Report.objects.filter(sign_off__layer__run__recording__participant=person)
    for report in mine.select_related("sign_off"):
        bundle.json(f"reports/{report.pk}.json", {"state": report.state, "content": report.sign_off.content})
        if report.pdf:
            bundle.file(f"reports/{report.pk}.pdf", closure.located(f"media/{report.pdf.name}"))
        for one in report.documents.filter(state=Document.State.READY):
            name = f"reports/{report.pk}-{one.kind}-{one.language}.pdf"
            bundle.file(name, closure.located(f"media/{one.pdf.name}"))


def _privacy(person: Participant, bundle: Bundle) -> None:
    erasures = []
    for erasure in Erasure.objects.filter(participant=person):
        tombstones = Tombstone.objects.filter(erasure=erasure).values(
            "kind", "object_id", "rows", "sha256", "hashes", "destroyed_at"
        )
        said = {"why": erasure.why, "scopes": erasure.scopes, "at": erasure.created_at, "state": erasure.state}
        erasures.append(said | {"tombstones": list(tombstones)})
        if erasure.certificate:
            name = f"reports/destruction-certificate-{erasure.pk}.pdf"
            bundle.file(name, closure.located(f"media/{erasure.certificate.name}"))
    bundle.json("privacy.json", erasures)


#: What is written above, or is about copies themselves.
_WRITTEN: Final = {"studies.consent", "recordings.recording", "transcripts.transcript", "privacy.copy"}


def _rest(person: Participant, bundle: Bundle, names: Names) -> None:
    """Rows of any app that hang on the participant and have no place of their own above."""
    for relation in closure.relations(Participant):
        kind = closure.label(relation.related_model)
        if kind in _WRITTEN:
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: person})
        if said := [plain(row, names) for row in rows]:
            bundle.json(f"other/{kind.replace('.', '-')}.json", said)


def _log(person: Participant, ids: set[str], bundle: Bundle, names: Names) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("number", "at", "who", "action", "object", "id", "details"))
    entries = Entry.objects.filter(study_id=person.study_id).order_by("number")
    for entry in entries.iterator():
        if entry.object_id in ids or entry.details.get("participant") == person.code:
            who = names.of(entry.actor_id) if entry.actor_id else "system"
            details = json.dumps(entry.details, ensure_ascii=False)
            about = (entry.action, entry.object_type, entry.object_id, details)
            writer.writerow((entry.number, entry.at.isoformat(), who, *map(safe, about)))
    bundle.bytes("log.csv", out.getvalue().encode())
