"""Further documents of a report, made by a program: asked for, once, by whom, and what became of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from facsweb.api import tokens
from facsweb.api.models import Delivery, Webhook
from facsweb.audit.models import Entry
from facsweb.audit.services import record
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Layer
from facsweb.coding.services import open_layer
from facsweb.reports import documents, tasks
from facsweb.reports.models import Document, Report, SignOff
from facsweb.studies.models import Membership
from tests.api.conftest import Caller, make_report
from tests.api.test_operations import is_problem
from tests.at_once import at_once
from tests.factories import make_coder_at_work, make_finished_run, make_recording

GERMAN = {"kind": "participant", "language": "de"}


@pytest.fixture
def path(seeded) -> str:
    return f"/reports/{seeded.report.pk}/documents"


def test_a_document_is_made_by_a_worker(seeded, caller, path, people, monkeypatch):
    """Asked for by a program, made by the function that workers call, listed and downloaded."""
    monkeypatch.setattr(documents, "make", lambda wanted: (b"%PDF-1.7 deutsch", "ab" * 32))
    program = caller("coder")
    asked = program.post(path, json=GERMAN)
    assert asked.status_code == 202
    told = asked.json()
    assert (told["kind"], told["language"], told["state"], told["report"]) == (
        *("participant", "de", "waiting"),
        str(seeded.report.pk),
    )
    entry = Entry.objects.get(action="report.document")
    assert (entry.actor, entry.details) == (people["coder"], {"kind": "participant", "language": "de"})
    assert entry.via.startswith("API token Program (fsw_")
    tasks.render_document(told["id"])
    listed = {one["id"]: one for one in program.get(path).json()["items"]}
    assert listed[told["id"]]["state"] == "ready"
    assert program.get(f"/documents/{told['id']}/pdf").content == b"%PDF-1.7 deutsch"
    again = program.post(path, json=GERMAN)
    assert (again.status_code, again.json()) == (200, listed[told["id"]])
    assert Entry.objects.filter(action="report.document").count() == 1


def test_what_failed_is_begun_anew(seeded, caller, path):
    Document.objects.filter(pk=seeded.document.pk).update(state="failed", error="It could not be made.")
    program = caller("analyst")
    assert program.get(path).json()["items"][0]["error"] == "It could not be made."
    asked = program.post(path, json={"kind": "participant"})
    assert (asked.status_code, asked.json()["state"], asked.json()["error"]) == (202, "waiting", "")
    assert asked.json()["id"] == str(seeded.document.pk)


def test_what_is_no_document(seeded, caller, path):
    program = caller("analyst")
    is_problem(program.post(path, json={"kind": "summary", "language": "de"}), 422, "English alone")
    for wrong in ({}, {"kind": "full"}, {"kind": "participant", "language": "fr"}, GERMAN | {"more": 1}):
        is_problem(program.post(path, json=wrong), 422)
    assert Document.objects.count() == 1


@pytest.mark.parametrize("state", ["waiting", "awaiting", "returned", "failed"])
def test_only_of_a_signed_report(seeded, caller, path, state):
    Report.objects.update(state=state)
    is_problem(caller("coder").post(path, json=GERMAN), 409, "signed reports")
    assert Document.objects.count() == 1


def test_nothing_is_made_of_what_was_revoked_or_destroyed(seeded, caller, path):
    Report.objects.update(state="revoked")
    is_problem(caller("coder").post(path, json=GERMAN), 403, "revoked")
    is_problem(caller("administrator").post(path, json=GERMAN), 409, "signed reports")
    Report.objects.update(state="ready")
    SignOff.objects.update(content={})
    is_problem(caller("administrator").post(path, json=GERMAN), 404)
    assert Document.objects.count() == 1


def test_a_kept_answer_is_told_to_nobody_who_may_no_longer_know_of_the_report(seeded, caller, path, people):
    program = caller("coder")
    keyed = {"json": GERMAN, "headers": {"Idempotency-Key": "d-1"}}
    first = program.post(path, **keyed)
    assert first.status_code == 202
    again = program.post(path, **keyed)
    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (202, first.json(), "true")
    Layer.objects.filter(pk=seeded.layer.pk).update(state="open", mode="blind")
    is_problem(program.post(path, **keyed), 403, "blind")
    Layer.objects.filter(pk=seeded.layer.pk).update(state="signed", mode="assisted")
    mine = Membership.objects.filter(user=people["coder"], study=seeded.study)
    mine.update(role="manager")
    is_problem(program.post(path, **keyed), 403)
    mine.delete()
    is_problem(program.post(path, **keyed), 404)


@pytest.mark.django_db(transaction=True)
def test_asked_for_by_several_at_once_there_is_one():
    owner, participant = make_coder_at_work()
    run = make_finished_run(make_recording(participant, owner), owner)
    make_machine_layer(run)
    report = make_report(open_layer(owner, run), owner)
    secret = tokens.create(owner, name="P", scopes=["reports:write"], lifetime=timedelta(days=1))[1]

    def ask() -> tuple[int, str]:
        answer = Caller(secret).post(f"/reports/{report.pk}/documents", json=GERMAN)
        return answer.status_code, answer.json()["id"]

    answers = at_once(ask)
    assert {status for status, _ in answers} <= {200, 202}
    assert len({pk for _, pk in answers}) == 1
    assert Document.objects.count() == 1
    assert Entry.objects.filter(action="report.document").count() == 1


@pytest.mark.parametrize(
    ("action", "event"),
    [("report.document_finish", "document.ready"), ("report.document_fail", "document.failed")],
)
def test_other_systems_are_told(seeded, action, event):
    Webhook.objects.update(events=[event])
    record(None, action, seeded.report)
    assert Delivery.objects.get(event=event).payload["data"]["report"] == str(seeded.report.pk)
