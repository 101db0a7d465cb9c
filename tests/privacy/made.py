"""A participant of whom every table and every folder holds something, and a search that finds whatever is left.

What rests on a scope carries that scope's word, so that a search tells what should be gone from what should stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from tests.conftest import MEDIA, PASSWORD
from tests.factories import CLIP, make_finished_run, make_recording

#: Words that stand in whatever rests on a scope.
VIDEO, AUDIO, TEXT, EMOTION = "vidqzx", "audqzx", "txtqzx", "emoqzx"
INDICATORS, QUOTATION, PERSON = "indqzx", "quoqzx", "Perqzx"
WORDS = (VIDEO, AUDIO, TEXT, EMOTION, INDICATORS, QUOTATION, PERSON)
STROKES = [[[987, 123], [986, 124]]]
ROWS = [[0, 1_500_000, "Anna", f"Good morning {TEXT}."], [2_000_000, None, "Ben", "It went very well!"]]


def talking(target: Path) -> Path:
    """The short clip with a tone of two seconds, and its name and tags with the video's word."""
    with av.open(str(MEDIA / f"{CLIP}.mp4")) as source, av.open(str(target), "w", format="mp4") as output:
        output.metadata["title"] = f"{VIDEO} {AUDIO}"
        picture = source.streams.video[0]
        video = output.add_stream_from_template(picture)
        sound = output.add_stream("aac", rate=48_000, layout="mono")
        for packet in source.demux(picture):
            if packet.dts is not None:
                packet.stream = video
                output.mux(packet)
        tone = (0.3 * np.sin(np.arange(96_000) * 440 * 2 * np.pi / 48_000)).astype(np.float32)
        for start in range(0, len(tone) - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), start
            for packet in sound.encode(frame):
                output.mux(packet)
        for packet in sound.encode(None):
            output.mux(packet)
    return target


def everything(participant: Any, people: dict[str, Any], clip: Path) -> dict[str, Any]:
    """Fill every table with something of the participant; the rows that tests ask for, by name."""
    coder, analyst = people["coder"], people["analyst"]
    recording = _recording(participant, analyst, clip)
    run = make_finished_run(recording, analyst)
    screen = Path(settings.MEDIA_ROOT) / run.folder / "screen"
    screen.mkdir()
    (screen / "waveform.npy").write_bytes(f"{VIDEO} {AUDIO}".encode())
    reading = _reading(run)
    found = {"recording": recording, "run": run, "reading": reading}
    found |= _said(recording, coder)
    found |= _coded(run, people)
    found |= _figures(run, found["layer"], coder)
    found |= _report(found["layer"], coder)
    found |= _beside(found["report"], people)
    _practice(run, coder, analyst)
    found |= _learned(participant, recording, found["layer"], coder)
    found |= _own_answers(participant, coder)
    _told_to_programs(participant, recording, people)
    return found


def _recording(participant: Any, analyst: Any, clip: Path) -> Any:
    from facsweb.recordings import services
    from facsweb.recordings.files import upload_folder
    from facsweb.recordings.models import Recording, Upload

    recording = make_recording(participant, analyst)
    folder = Path(settings.MEDIA_ROOT) / "recordings" / str(recording.pk)
    (folder / "original").write_bytes(clip.read_bytes())
    sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    known = {"sha256": sha256, "size": clip.stat().st_size, "has_audio": True, "filename": f"{VIDEO}.mp4"}
    info = {"audio": {"codec": "aac", "word": AUDIO}}
    Recording.objects.filter(pk=recording.pk).update(media_info=recording.media_info | info, **known)
    recording.refresh_from_db()
    services.rename(analyst, recording, title=f"Interview {VIDEO}")
    services.poster(recording)
    (folder / "proxy.mp4").write_bytes(f"{VIDEO} {AUDIO} copy".encode())
    upload = services.begin_upload(analyst, participant, filename=f"second {VIDEO}.mp4", length=100)
    upload_folder(upload.pk).mkdir(parents=True, exist_ok=True)
    (upload_folder(upload.pk) / "data").write_bytes(f"part of {VIDEO}".encode())
    Upload.objects.filter(pk=upload.pk).update(offset=10)
    marks = [{"name": f"asked {VIDEO}"}]
    participant.live_sessions.create(upload=upload, has_sound=False, markers=marks, created_by=analyst)
    return recording


def _reading(run: Any) -> Any:
    from facsweb.meaning import attempts, inputs
    from facsweb.meaning.models import Markers, Reading, Speakers
    from facsweb.studies.models import Scope

    reading = Reading(run=run, state="succeeded", finished_at=timezone.now())
    reading.inputs = inputs.gather(run)
    reading.inputs["scopes"] = [str(one) for one in (Scope.VIDEO, Scope.AUDIO, Scope.TEXT, Scope.EMOTION)]
    folder = attempts.folder(reading.pk) / "1"
    folder.mkdir(parents=True)
    face = {"face": 0, "measured_s": 9.0, "session": {EMOTION: {"value": 0.5, "low": 0.4, "high": 0.6, "why": ""}}}
    told = {
        "states.json": {"word": f"{EMOTION} {VIDEO}", "faces": [face]},
        "voice.json": {"word": f"{AUDIO} {VIDEO}"},
        "words.json": {"word": f"{TEXT} {VIDEO}"},
        "indicators.json": {"word": f"{INDICATORS} {VIDEO}", "faces": [], "statement": "", "covers": ""},
    }
    for name, value in told.items():
        (folder / name).write_text(json.dumps(value))
    reading.folder = f"readings/{reading.pk}/1"
    reading.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    reading.summary = {"versions": {"states": "1"}, "words": f"{EMOTION} {AUDIO} {TEXT} {INDICATORS} {VIDEO}"}
    reading.save()
    coder = run.created_by
    mark = {"start_us": 0, "end_us": 1_000_000, "speaker": AUDIO}
    Speakers.objects.create(recording=run.recording, number=1, marks=[mark], author=coder)
    task = {"id": "1", "name": f"Task {VIDEO}", "kind": "task", "start_us": 0, "end_us": None}
    Markers.objects.create(recording=run.recording, number=1, marks=[task], author=coder)
    return reading


def _said(recording: Any, coder: Any) -> dict[str, Any]:
    from facsweb.transcripts.models import Recognition, Scores, Transcript
    from facsweb.transcripts.services import begin, receive, save, take

    transcript = begin(coder, recording.participant, recording, title=f"Interview {TEXT}")
    save(coder, transcript, ROWS, expected=1)
    said = f"Anna: Hello {TEXT}.\nBen: Hi.\n".encode()
    upload = receive(coder, recording.participant, None, name=f"{TEXT}.txt", data=said)
    document = take(coder, upload, title=f"Diary {TEXT}", language="en")
    receive(coder, recording.participant, None, name=f"waiting {TEXT}.txt", data=said)
    scores = {"revision": 2, "scored": 2, "state": "ready", "result": {"units": [TEXT]}}
    Scores.objects.update_or_create(transcript=transcript, defaults=scores | {"computed_at": timezone.now()})
    Recognition.objects.create(recording=recording, asked_by=coder, error=f"{AUDIO} {TEXT}")
    return {"transcript": Transcript.objects.get(pk=transcript.pk), "document": document}


def _coded(run: Any, people: dict[str, Any]) -> dict[str, Any]:
    from facsweb.coding.comments import add
    from facsweb.coding.services import accept_event, create_event, open_layer
    from facsweb.exchange.services import receive

    coder = people["coder"]
    layer = open_layer(coder, run)
    for event in list(layer.events.all()):
        accept_event(coder, event, expected=1)
    said = {"code": "14", "side": "left", "intensity": "B", "onset_us": 2_000_000, "apex_us": 2_500_000}
    create_event(coder, layer, {**said, "offset_us": 3_000_000, "note": f"A {VIDEO} dimple"})
    add(coder, run, f"Is this {VIDEO}?")
    receive(coder, run, f"{VIDEO}.csv", f"code,onset_s,offset_s\n12,1,2\n{VIDEO},1,2\n".encode())
    layer.refresh_from_db()
    return {"layer": layer}


def _figures(run: Any, layer: Any, coder: Any) -> dict[str, Any]:
    from facsweb.agreement.models import Comparison

    row = [str(layer.pk), layer.revision, str(run.layers.get(kind="machine").pk), 0]
    asked = {"pairs": [{"first": str(coder.pk), "second": "machine", "layers": [row]}], "word": VIDEO}
    made = Comparison.objects.create(
        study=run.study, key="a" * 64, asked=asked, state="ready", result={"w": VIDEO, "pairs": []}
    )
    return {"comparison": made}


def _report(layer: Any, coder: Any) -> dict[str, Any]:
    from facsweb.reports import services
    from facsweb.reports.tasks import render_report

    sign_off = services.sign(coder, layer, password=PASSWORD, statement=services.STATEMENT)
    render_report(str(sign_off.report.pk))
    sign_off.report.refresh_from_db()
    assert sign_off.report.state == "ready", sign_off.report.error
    return {"sign_off": sign_off, "report": sign_off.report}


def _beside(report: Any, people: dict[str, Any]) -> dict[str, Any]:
    """What hangs on a report: a second person's word, a document, a draft that no worker published, packages."""
    from facsweb.reports import packages
    from facsweb.reports.models import Countersignature, Document, Package

    second = people["administrator"]
    said = {"by": second, "at": timezone.now(), "decision": "signed", "statement": f"Seen {VIDEO}"}
    Countersignature.objects.create(report=report, **said)
    body = f"%PDF-1.7 {VIDEO} {EMOTION}".encode()
    digest = hashlib.sha256(body).hexdigest()
    summary = Document(report=report, kind="summary", state="ready", pdf_sha256=digest)
    summary.pdf.save(f"{summary.pk}.pdf", ContentFile(body))
    (Path(settings.MEDIA_ROOT) / "reports" / f"{report.pk}_draft.pdf").write_bytes(body)
    made = {"summary": summary}
    for kind in Package.Kind.values:
        package = Package(study=report.study, kind=kind, asked={"reports": [str(report.pk)]}, created_by=second)
        here = packages.folder(package)
        here.mkdir(parents=True)
        (here / "1.zip").write_bytes(body)
        package.state, package.file, package.sha256 = "succeeded", f"packages/{package.pk}/1.zip", digest
        package.finished_at = timezone.now()
        package.save()
        made[kind] = package
    return made


def _practice(run: Any, coder: Any, analyst: Any) -> None:
    from facsweb.coding.models import Layer
    from facsweb.practice.services import add_segment, start

    gold = Layer.objects.create(run=run, owner=analyst, kind="coder", state="signed", name=VIDEO)
    start(coder, add_segment(analyst, gold, name=f"Smile {VIDEO}", from_us=0, to_us=5_000_000))


def _learned(participant: Any, recording: Any, layer: Any, coder: Any) -> dict[str, Any]:
    from facsweb.calibration.models import Used as CalibrationUsed
    from facsweb.calibration.models import Version
    from facsweb.learning.models import Training, Used

    package = Path(settings.SCORERS_DIR) / "1"
    package.mkdir(parents=True)
    (package / "scorer.json").write_text(json.dumps({"learned": VIDEO}))
    files = {"scorer.json": hashlib.sha256((package / "scorer.json").read_bytes()).hexdigest()}
    done = {"state": "succeeded", "finished_at": timezone.now()}
    training = Training.objects.create(number=1, base="au-nets/1.0.0", learned={"w": VIDEO}, files=files, **done)
    version = Version.objects.create(number=1, scorer="au-nets/1.0.0", result={"w": VIDEO, "cohorts": []}, **done)
    used = {
        "layer": layer.pk,
        "recording": recording.pk,
        "study": participant.study_id,
        "participant": participant.pk,
        "coder": coder.pk,
    }
    Used.objects.create(training=training, **used)
    CalibrationUsed.objects.create(version=version, **used)
    return {"training": training, "version": version}


def _own_answers(participant: Any, coder: Any) -> dict[str, Any]:
    """What came with the participant's own link: the link, the notice, a drawn signature."""
    from facsweb.studies import links
    from facsweb.studies.models import Consent

    link, secret = links.make(coder, participant, language="de")
    links.show_notice(link, participant.consents.get().form, "de")
    Consent.objects.filter(participant=participant).update(strokes=STROKES)
    return {"link": link, "secret": secret}


def _told_to_programs(participant: Any, recording: Any, people: dict[str, Any]) -> None:
    """An answer that the API keeps, with the name of a file in it, and messages to another program."""
    from datetime import timedelta

    from facsweb.api import idempotency, sealing
    from facsweb.api.models import Delivery, KeyedRequest, Token, Webhook

    known = {"owner": people["analyst"], "name": "A robot", "prefix": "fs", "digest": "d" * 64}
    token = Token.objects.create(expires_at=timezone.now() + timedelta(days=1), **known)
    hook = Webhook.objects.create(
        study=participant.study, url="https://robot.example/", sealed_secret="x", steward=people["analyst"]
    )
    for number, row in enumerate((recording, participant)):
        body = sealing.seal(idempotency._PURPOSE, json.dumps({"id": str(row.pk), "title": VIDEO}).encode())
        KeyedRequest.objects.create(token=token, key=f"key-{number}", fingerprint="f", status=201, body=body)
        payload = {"data": {row._meta.model_name: str(row.pk)}}
        Delivery.objects.create(webhook=hook, event="x", payload=payload, ended_at=timezone.now())


def a_copy(participant: Any, user: Any) -> Any:
    """A finished copy of everything, as a worker would have left it."""
    from facsweb.privacy.copying import folder
    from facsweb.privacy.models import Copy

    made = Copy(participant=participant, created_by=user, state="succeeded", expires_at=timezone.now())
    folder(made.pk).mkdir(parents=True)
    made.file.name = f"copies/{made.pk}/copy.zip"
    (Path(settings.MEDIA_ROOT) / made.file.name).write_bytes(" ".join(WORDS).encode())
    made.save()
    return made


# --- searching -------------------------------------------------------------------------------------------------


def files() -> dict[str, bytes]:
    """Every file of the installation that may hold something of a participant, by path."""
    roots = (settings.MEDIA_ROOT, settings.UPLOAD_DIR, settings.SCORERS_DIR)
    return {str(path): path.read_bytes() for root in roots for path in Path(root).rglob("*") if path.is_file()}


def hashes_of_files() -> set[str]:
    """SHA-256 of every file."""
    return {hashlib.sha256(content).hexdigest() for content in files().values()}


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, with the name of its model."""
    tables = set(connection.introspection.table_names())
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table not in tables:
            continue  # no table of this database
        for row in model._base_manager.all():
            said = []
            for field in model._meta.concrete_fields:
                value = field.value_from_object(row)
                value = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value
                said.append(json.dumps(value, default=str, ensure_ascii=False))
            yield f"{model._meta.label} {row.pk}", " ".join(said)


def left(*words: str) -> list[str]:
    """Rows and files in which one of the words stands."""
    found = [name for name, said in rows() if any(word in said for word in words)]
    return found + [name for name, content in files().items() if any(word.encode() in content for word in words)]


def pictures_of_sound() -> list[str]:
    """Files in which FFmpeg still hears something."""
    heard = []
    for name, content in files().items():
        if content[4:8] == b"ftyp":
            with av.open(name) as container:
                if container.streams.audio:
                    heard.append(name)
    return heard
