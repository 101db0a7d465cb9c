"""Objects for tests of what happens after the analysis, without running it.

The signals and events come from the exact labels of a rendered clip (``tests/media``), written in the public
format of ``python -m analysis analyze``, so pages and reports are tested on plausible material.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.utils import timezone

from analysis.facs.codes import CATALOGUE

MEDIA = Path(__file__).parent / "media"
CLIP = "d1_smile_6_12_then_12"
ALL_AUS = [1, 2, *range(4, 29), *range(29, 40), *range(41, 47)]
LETTERS = "ABCDE"


def make_consent(participant: Any, recorded_by: Any) -> Any:
    """A current consent of a participant to everything."""
    from facsweb.studies.models import Consent, ConsentForm, Scope

    scopes = [str(scope) for scope in Scope]
    form = ConsentForm.objects.create(
        study=participant.study,
        version=1,
        title="Consent",
        body="We record your face.",
        scopes=scopes,
        created_by=participant.study.created_by,
    )
    return Consent.objects.create(
        participant=participant,
        form=form,
        scopes=scopes,
        method="on_screen",
        signature="P. One",
        given_at=timezone.now(),
        recorded_by=recorded_by,
    )


def make_coder_at_work() -> tuple[Any, Any]:
    """A coder with every role in a study of their own, and its participant, who agreed to everything."""
    from facsweb.accounts.models import User
    from facsweb.studies.models import Membership, Participant, Role, Study

    coder = User.objects.create_user("coder@example.org", "Coder Person", "correct horse battery staple")
    study = Study.objects.create(
        name="Of one coder", purpose="To see.", setting="usability", jurisdiction="Germany", created_by=coder
    )
    Membership.objects.bulk_create(Membership(study=study, user=coder, role=role) for role in Role)
    participant = Participant.objects.create(study=study, code="P-001", created_by=coder)
    make_consent(participant, coder)
    return coder, participant


def session_of(user: Any) -> str:
    """Session cookie of a signed-in user."""
    from django.test import Client

    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def make_recording(participant: Any, user: Any, clip: str = CLIP) -> Any:
    """A stored recording of a participant (640×480, 25 frames/s, 10 s)."""
    from facsweb.recordings.models import Recording

    source = MEDIA / f"{clip}.mp4"
    recording = Recording(
        participant=participant,
        title="Interview 1",
        filename=source.name,
        size=source.stat().st_size,
        sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
        duration_us=10_000_000,
        width=640,
        height=480,
        has_audio=False,
        media_info={"container": "mp4", "video": {"codec": "h264", "frame_rate": 25.0}},
        created_by=user,
    )
    recording.original.name = f"recordings/{recording.id}/original"
    target = Path(settings.MEDIA_ROOT) / recording.original.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    recording.save()
    return recording


def write_result(folder: Path, clip: str = CLIP) -> dict[str, Any]:
    """Write signals.parquet, events.csv and summary.json from a clip's labels; return the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    files = _result(clip)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    summary: dict[str, Any] = json.loads(files["summary.json"])
    return summary


@functools.cache
def _result(clip: str) -> dict[str, bytes]:
    """Name and content of each file."""
    rows = list(csv.DictReader((MEDIA / f"{clip}.csv").open()))
    columns: dict[str, Any] = {
        "time_us": np.array([round(float(row["time_s"]) * 1e6) for row in rows], np.int64),
        "face": np.zeros(len(rows), np.int16),
        "quality": np.full(len(rows), 0.9, np.float32),
    }
    for axis in ("yaw", "pitch", "roll"):
        columns[f"{axis}_deg"] = np.array([float(row[axis]) for row in rows], np.float32)
    tiers = {}
    for au in ALL_AUS:
        for suffix in ("", "_L", "_R"):
            label = f"AU{au:02d}{suffix}"
            if label in rows[0]:
                columns[f"AU{au}{suffix}"] = np.array([float(row[label]) for row in rows], np.float32)
        tiers[str(au)] = "measured" if f"AU{au}" in columns else "human-coded only"
        columns.setdefault(f"AU{au}", np.full(len(rows), np.nan, np.float32))
    signals = io.BytesIO()
    pq.write_table(pa.table(columns), signals)

    events = [row for row in csv.DictReader((MEDIA / "events.csv").open()) if row["clip"] == clip]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["code", "side", "intensity", "onset_us", "apex_us", "offset_us", "confidence", "face"])
    for row in events:
        letter = LETTERS[min(4, max(0, int(np.ceil(float(row["peak_intensity"]))) - 1))]
        times = [round(float(row[key]) * 1e6) for key in ("onset_start_s", "apex_start_s", "offset_end_s")]
        side = row["side"] if CATALOGUE[row["au"]].sided else ""
        writer.writerow([row["au"], side, letter, *times, 0.8, 0])

    summary: dict[str, Any] = {
        "schema": 1,
        "video": {
            "width": 640,
            "height": 480,
            "duration_us": 10_000_000,
            "frames": len(rows),
            "frame_rate": 25.0,
        },
        "models": [{"id": "face-mesh", "version": "1", "sha256": "0" * 64, "licence": "Apache-2.0"}],
        "scorer": {"id": "au-rules", "version": "1"},
        "neutral": {"method": "automatic", "time_us": 0, "frames": 20},
        "tiers": tiers,
        "faces": [{"face": 0, "frames": len(rows), "seen_frames": len(rows), "aus": {}}],
        "warnings": [],
    }
    return {
        "signals.parquet": signals.getvalue(),
        "events.csv": file.getvalue().encode(),
        "summary.json": json.dumps(summary).encode(),
    }


def make_finished_run(recording: Any, user: Any, clip: str = CLIP) -> Any:
    """A succeeded run with result files in place, before any layer was made."""
    from facsweb.runs.models import AnalysisRun

    now = timezone.now()
    run = AnalysisRun(recording=recording, created_by=user, state="succeeded", started_at=now, finished_at=now)
    run.folder = f"runs/{run.id}/1"
    folder = Path(settings.MEDIA_ROOT) / run.folder
    run.summary = write_result(folder, clip)
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    run.save()
    return run


def make_assignment(run: Any, coder: Any, lead: Any, **more: Any) -> Any:
    """A coding of a run that somebody was asked for; `due`, `instructions`, and fields of its layer."""
    from facsweb.assignments.models import Assignment, Batch
    from facsweb.coding.models import Layer

    own = {name: more.pop(name) for name in ("due", "instructions", "batch") if name in more}
    if "batch" not in own:
        said = {
            "what": "whole",
            "mode": more.get("mode", "assisted"),
            "seed": 1,
            "each": 2,
            "coders": [str(coder.pk)],
        }
        own["batch"] = Batch.objects.create(study=run.study, name="Round 1", created_by=lead, parameters=said)
    layer = Layer.objects.create(run=run, owner=coder, kind="coder", **{"state": "assigned", **more})
    return Assignment.objects.create(layer=layer, assigned_by=lead, **own)


def make_package(report: Any, user: Any) -> Any:
    """A finished package of one report, with an empty zip file."""
    name = f"packages/{report.pk}/1.zip"
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PK\x05\x06" + bytes(18))
    asked = {"reports": [str(report.pk)], "documents": ["full-en"]}
    made = {"state": "succeeded", "file": name, "size": 22, "summary": {"reports": 1}, "created_by": user}
    return report.study.packages.create(kind="reports", asked=asked, **made)
