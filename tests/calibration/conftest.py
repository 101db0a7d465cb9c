"""Two cohorts with signed codings, as an installation has them after people did their work."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from analysis.calibration.cohorts import starter_cohorts
from analysis.scoring import package
from tests.analysis.calibration import runs
from tests.factories import make_recording

PEOPLE = {"de-de": 9, "jp-ja-40-on": 9}


def starter(key: str) -> Any:
    """A starter cohort, also where a test that commits has emptied the database."""
    from facsweb.studies.models import Cohort

    (one,) = (one for one in starter_cohorts() if one.id == key)
    fields = ("country", "country_name", "language", "name", "description")
    said = {name: getattr(one, name) for name in fields}
    return Cohort.objects.get_or_create(key=key, defaults={**said, "starter": True})[0]


def signed_layer(participant: Any, coder: Any, analyst: Any, session: Any, *, undecided: str = "") -> Any:
    """A finished run with the session's files, and its coder's signed layer; rows only, no PDF."""
    from facsweb.coding.models import Event, Layer, Revision
    from facsweb.learning.material import READ
    from facsweb.reports.models import Report, SignOff
    from facsweb.runs.models import AnalysisRun

    now = timezone.now()
    run = AnalysisRun(recording=make_recording(participant, analyst), created_by=analyst, state="succeeded")
    run.folder, run.finished_at = f"runs/{run.id}/1", now
    folder = Path(settings.MEDIA_ROOT) / run.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    session.coding.folder.rename(folder)
    summary = json.loads((folder / "summary.json").read_text())
    default = package.default()
    summary["scorer"] = {"id": default.id, "version": default.version}
    (folder / "summary.json").write_text(json.dumps(summary))
    for name in READ:
        (folder / name).write_text(json.dumps({"encoder": default.encoder_sha256}))
    run.summary = summary
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    run.save()
    layer = Layer.objects.create(run=run, kind="coder", owner=coder, state="signed")
    for number, said in enumerate(session.coding.events, start=1):
        machine = Event.objects.create(layer=layer) if said.rejected else None
        event = Event.objects.create(layer=layer, source=machine)
        content = {name: getattr(said, name) for name in ("code", "side", "intensity", "onset_us", "apex_us")}
        content |= {"offset_us": said.offset_us, "at": now, "author": coder, "deleted": said.rejected}
        for one in (event, machine) if machine else (event,):
            standing = "proposed" if said.rejected or said.code == undecided else "added"
            Revision.objects.create(
                event=one, number=1, layer_revision=number, action="create", standing=standing, **content
            )
    sign_off = SignOff.objects.create(
        layer=layer, signer=coder, signed_at=now, statement="Yes.", content={}, content_sha256="0" * 64
    )
    Report.objects.create(sign_off=sign_off, state="ready")
    return layer


@pytest.fixture
def eighteen(study, people, consent, tmp_path):
    """Signed codings of nine participants in each of two cohorts; consent to everything."""
    from facsweb.studies.models import Consent, Participant

    made = {session.coding.participant: session for session in runs.sessions(tmp_path / "made")}
    layers = []
    for key, count in PEOPLE.items():
        for number in range(count):
            name = f"{key}-{number}"
            participant = Participant.objects.create(
                study=study, code=name, cohort=starter(key), created_by=people["analyst"]
            )
            Consent.objects.create(
                participant=participant,
                form=consent.form,
                scopes=consent.scopes,
                method="paper",
                given_at=timezone.now(),
                recorded_by=people["analyst"],
            )
            open_code = "4" if number == 0 else ""
            layers.append(
                signed_layer(participant, people["coder"], people["analyst"], made[name], undecided=open_code)
            )
    return layers


@lru_cache(maxsize=1)
def result() -> dict[str, Any]:
    """Plain values of a calibration by the real engine, of made cohorts."""
    from analysis.calibration import calibrate

    with TemporaryDirectory() as folder:
        return calibrate(runs.sessions(Path(folder) / "made"), version="1").as_dict()


def finished(user: Any, **changes: Any) -> Any:
    """A finished version with the made result."""
    from facsweb.calibration.models import Version

    said = {"number": 1, "scorer": runs.SCORER, "state": "succeeded", "finished_at": timezone.now()}
    return Version.objects.create(created_by=user, result=result() | {"coders": []}, **(said | changes))
