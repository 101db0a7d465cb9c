"""Who changes what somebody else is at work on waits for them, and keeps nobody from the log meanwhile.

Whoever is at work locks their row first and the log then. Were it the other way round for the other one, both
would wait for each other, and PostgreSQL would end one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from facsweb.accounts import services as accounts
from facsweb.accounts.models import OpenSession
from facsweb.api import delivering, webhooks
from facsweb.assignments import services as assignments
from facsweb.assignments.models import Assignment
from facsweb.audit import services
from facsweb.audit.models import Entry
from facsweb.calibration.models import Version
from facsweb.coding.workflow import open_layer
from facsweb.learning.models import Training
from facsweb.live import services as live
from facsweb.meaning.models import Reading
from facsweb.privacy import services as privacy
from facsweb.privacy.models import Erasure
from facsweb.recordings import services as recordings
from facsweb.recordings import uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.reports import services as reports
from facsweb.reports.models import Document, Package, Report
from facsweb.runs.models import AnalysisRun
from facsweb.studies import services as studies
from facsweb.studies.models import Participant, Role, Setting
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts import services as transcripts
from facsweb.transcripts.models import Recognition, Scores, Transcript
from tests import postgresql
from tests.api.conftest import make_report
from tests.factories import make_assignment, make_finished_run, make_package, make_recording
from tests.programs import wait_until


def test_no_lock_of_a_row_keeps_others_from_writing_what_points_to_it():
    """FOR UPDATE would: their commits, which hold the log by then, would wait for whoever waits for the log."""
    root = Path(settings.BASE_DIR) / "facsweb"
    found = [
        (path.name, call)
        for path in root.rglob("*.py")
        for call in re.findall(r"select_for_update\((?:[^()]|\([^()]*\))*\)", path.read_text())
    ]
    assert len(found) > 40
    assert not [one for one in found if "no_key=True" not in one[1]]


pytestmark_of_all = [postgresql.ONLY, pytest.mark.django_db(transaction=True)]


def of_all(test: Callable[..., Any]) -> Callable[..., Any]:
    for mark in pytestmark_of_all:
        test = mark(test)
    return test


class Undone(Exception):  # noqa: N818
    """What was tried is taken back, so that the next row finds it undone."""


def somebody_waits() -> bool:
    name = connection.settings_dict["NAME"]
    question = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with postgresql.superuser(postgresql.asked()) as beside:
        return beside.execute(question, [name]).fetchone() is not None


def waits_for(row: Any, act: Callable[[], Any], actor: Any, *, undo: bool = False) -> None:
    """Be at work on the row, as a worker is that ends it, while somebody does something that changes it too."""

    def done() -> None:
        try:
            with transaction.atomic():
                act()
                if undo:
                    raise Undone
        except Undone:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            type(row)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
            waiting = beside.submit(done)
            wait_until(lambda: somebody_waits() or waiting.done(), what=f"somebody waits for the {row!r}")
            if waiting.done():
                waiting.result()
                pytest.fail(f"nobody waits for the {row!r}")
            services.record(actor, "thing.do", row)
        waiting.result()


def a_recording(participant, people):
    made = make_recording(participant, people["analyst"])
    return made, "recording.delete", lambda: recordings.delete_recording(people["analyst"], made)


def a_transcript(participant, people):
    made = transcripts.begin(people["coder"], participant, None, title="Interview 1")
    return made, "transcript.delete", lambda: transcripts.delete(people["coder"], made)


def an_assignment(participant, people):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    made = make_assignment(run, people["coder"], people["analyst"])
    return made.layer, "assignment.withdraw", lambda: assignments.withdraw(people["analyst"], made)


@of_all
@pytest.mark.parametrize("make", [a_recording, a_transcript, an_assignment])
def test_who_deletes_waits_without_the_log(make, participant, consent, people):
    row, action, delete = make(participant, people)
    waits_for(row, delete, people["coder"])
    said = list(Entry.objects.order_by("number").values_list("action", flat=True))
    assert said.index("thing.do") < said.index(action)
    assert not type(row).objects.filter(pk=row.pk).exists()


@pytest.fixture
def work(participant, consent, second, people, redis) -> SimpleNamespace:
    """Something of everything that a worker, or somebody at a page, may be at work on."""
    analyst, coder, now = people["analyst"], people["coder"], timezone.now()
    at_work = {"state": "running", "attempt": 1, "worker": "w", "heartbeat_at": now, "started_at": now}
    recording = make_recording(participant, analyst)
    measured = make_finished_run(recording, analyst)
    layer = open_layer(coder, measured)
    other = make_recording(participant, analyst)
    script = transcripts.begin(coder, participant, recording, title="Interview 1")
    transcripts.save(coder, script, [[0, 1000, "A", "We begin."]], expected=1)
    made = SimpleNamespace(
        participant=participant,
        recording=recording,
        layer=layer,
        run=AnalysisRun.objects.create(recording=other, created_by=analyst, **at_work),
        reading=Reading.objects.create(run=measured, created_by=analyst, **at_work),
        upload=uploads.begin_upload(analyst, participant, filename="face.mp4", length=100),
        session=live.begin(analyst, participant, sound=False, kind="video/webm"),
        transcript=script,
        scores=script.scores,
        recognition=Recognition.objects.create(recording=recording, asked_by=coder),
        training=Training.objects.create(number=1, base="au-nets/1.0.0", created_by=analyst, **at_work),
        version=Version.objects.create(number=1, scorer="au-nets/1.0.0", created_by=analyst, **at_work),
    )
    for used, row in (("training", made.training), ("version", made.version)):
        ids = {"layer": layer.pk, "recording": recording.pk, "study": participant.study_id, "coder": coder.pk}
        row.material.create(**{used: row}, participant=participant.pk, **ids)
    return made


@pytest.fixture
def signed(work, people) -> SimpleNamespace:
    """A report of the same participant, one of its documents, and a package that is being made of both."""
    recording = make_recording(work.participant, people["analyst"])
    layer = open_layer(people["coder"], make_finished_run(recording, people["analyst"]))
    report = make_report(layer, people["coder"])
    package = make_package(report, people["administrator"])
    Package.objects.filter(pk=package.pk).update(state="running", attempt=1, worker="w")
    return SimpleNamespace(
        report=report, document=Document.objects.create(report=report, kind="summary"), package=package
    )


@of_all
def test_a_withdrawal_waits_for_everybody_at_work_without_the_log(work, signed, consent, people):
    rows = [work.run, work.reading, work.upload, work.session, work.scores, work.recognition, work.training]
    for row in [*rows, work.version, signed.report, signed.document, signed.package]:
        for act in (
            lambda: withdraw(people["analyst"], consent, reason="not stated"),
            lambda: privacy.erase_everything(people["administrator"], work.participant, reason="by letter"),
        ):
            waits_for(row, act, people["coder"], undo=True)
    withdraw(people["analyst"], consent, reason="not stated")
    ended = (AnalysisRun.objects.get(pk=work.run.pk), Report.objects.get(pk=signed.report.pk))
    assert [one.state for one in ended] == ["cancelled", "revoked"]
    assert not Scores.objects.exists()


@of_all
def test_a_change_of_the_law_waits_for_everybody_at_work_without_the_log(work, signed, study, people):
    now = {name: getattr(study, name) for name in ("name", "purpose", "jurisdiction")}
    allowed = [
        scope for scope in studies.current_form(study).scopes if scope not in ("emotion", "text", "indicators")
    ]
    studies.create_consent_form(people["administrator"], study, title="F", body="B", scopes=allowed)

    def at_a_workplace() -> None:
        studies.change_study(people["administrator"], study, setting=Setting.WORKPLACE, **now)

    for row in (work.reading, work.scores):
        waits_for(row, at_a_workplace, people["coder"], undo=True)


@of_all
def test_others_wait_without_the_log_too(work, signed, study, people):
    administrator, analyst, coder = people["administrator"], people["analyst"], people["coder"]
    erasing = Erasure.objects.create(
        study=study, participant=work.participant, why="narrowed", scopes=["audio"], state="running", attempt=1
    )
    begun = make_assignment(
        make_finished_run(work.recording, analyst), people["stranger"], analyst, state="submitted"
    )
    free = make_assignment(make_finished_run(make_recording(work.participant, analyst), analyst), coder, analyst)
    webhook = webhooks.Webhook.objects.create(
        study=study, url="https://receiver.example.org/", events=[], sealed_secret="", steward=administrator
    )
    delivery = delivering.add(webhook, "run.finished", {})
    now = timezone.now()
    opened = OpenSession.objects.create(user=coder, session_key="k", started_at=now, last_seen_at=now)
    words = [[0, 1000, "A", "We begin again."]]

    def delete(recording: Recording) -> None:
        recordings.delete_recording(analyst, Recording.objects.get(pk=recording.pk))

    acts: list[tuple[Any, Callable[[], Any]]] = [
        (erasing, lambda: privacy.hold(administrator, work.participant, reason="a claim")),
        (work.upload, lambda: uploads.discard(analyst, Upload.objects.get(pk=work.upload.pk))),
        (signed.package, lambda: reports.revoke(administrator, signed.report, "wrong person")),
        (work.scores, lambda: transcripts.save(coder, work.transcript, words, expected=2)),
        (work.scores, lambda: transcripts.describe(coder, work.transcript, title="I", language="de")),
        (work.scores, lambda: transcripts.analysing.again(coder, work.transcript)),
        (work.scores, lambda: transcripts.delete(coder, Transcript.objects.get(pk=work.transcript.pk))),
        (work.reading, lambda: delete(work.recording)),
        (work.layer, lambda: delete(work.recording)),
        (work.run, lambda: delete(work.run.recording)),
        (Assignment.objects.get(pk=begun.pk), lambda: assignments.send_back(analyst, begun, "once more")),
        (Assignment.objects.get(pk=free.pk), lambda: assignments.withdraw(analyst, free)),
        (delivery, lambda: webhooks.remove(administrator, webhook)),
        (opened, lambda: accounts.set_active(people["staff"], coder, active=False)),
    ]
    for row, act in acts:
        waits_for(row, act, administrator, undo=True)
    webhooks.pause(administrator, webhook)
    waits_for(delivery, lambda: webhooks.resume(administrator, webhook), administrator)


@of_all
def test_who_waits_for_the_log_with_a_study_keeps_nobody_from_writing_below_it(study, people):
    """The commit of what was written below the study looks for the study's row, and holds the log."""

    def gone() -> None:
        try:
            studies.remove_member(people["administrator"], study, people["coder"], Role.CODER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            studies.create_participant(people["analyst"], study, code="P-007")
            waiting = beside.submit(gone)
            wait_until(lambda: somebody_waits() or waiting.done(), what="the removal waits for the log")
        waiting.result()
    assert Participant.objects.filter(code="P-007").exists()
    assert not study.memberships.filter(user=people["coder"], role=Role.CODER).exists()
