"""The third demonstration study: what a lawyer finds there, who wrote it, and that a stop is made up for."""

from __future__ import annotations

import pytest

from facsweb.audit.models import Entry
from facsweb.demo import rights
from facsweb.demo import seed as seeding
from facsweb.demo.visitor import StepFailed
from facsweb.privacy.models import Erasure
from facsweb.reports import services as reports
from facsweb.reports.models import Document, Report
from facsweb.studies.models import Consent, ConsentLink, Participant, Role, Scope, Study
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db(transaction=True)
URL = "http://127.0.0.1:9/"  # nobody answers there, and nobody has to


@pytest.fixture
def demonstration(settings, tmp_path):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    made = seeding.seed()
    participant = Participant.objects.get(pk=made.participant_id)
    analyst = participant.study.created_by
    make_finished_run(make_recording(participant, analyst), analyst)
    return made


@pytest.fixture
def stopped(demonstration):
    """What there is when no worker was there to make the report."""
    said: list[str] = []
    with pytest.raises(StepFailed):
        rights.seed_rights(URL, demonstration, said.append, patience_s=0)
    return demonstration, Study.objects.get(name=rights.STUDY_NAME), said


def at_work():
    """A worker that makes the report and its documents as soon as somebody waits for them."""
    from facsweb.reports.tasks import render_report

    def wait(_seconds: float) -> None:
        for report in Report.objects.filter(state=Report.State.WAITING):
            render_report(str(report.pk))

    return wait


def test_it_holds_an_answer_by_link_a_withdrawal_by_scope_and_an_open_link(stopped, client):
    _, study, said = stopped
    own = Consent.objects.get(participant__study=study, participant__code=rights.BY_LINK)
    assert (own.method, own.language, own.recorded_by) == (Consent.Method.LINK, "de", None)
    assert own.signature == rights.SIGNATURE
    assert own.participant.notices.filter(language="de").exists()
    narrowed = Consent.objects.get(participant__study=study, participant__code=rights.NARROWED)
    assert narrowed.withdrawn_scopes == [Scope.TEXT]
    assert Scope.VIDEO in narrowed.granted
    assert Erasure.objects.get(participant=narrowed.participant).scopes == [Scope.TEXT]
    waiting = ConsentLink.objects.get(participant__study=study, answered_at=None)
    assert waiting.participant.code == rights.ASKED
    address = next(line for line in said if "/c/" in line).split()[-1]
    assert client.get(address.removeprefix(URL.rstrip("/"))).status_code == 200
    assert study.retention_days == rights.RETENTION_DAYS
    assert "no person agreed" in study.purpose
    actions = set(Entry.objects.filter(study_id=study.pk).values_list("action", flat=True))
    assert {"notice.show", "consent.narrow", "erasure.begin", "layer.sign", "study.report_options"} <= actions


def test_the_next_start_finishes_what_a_stop_interrupted_and_then_nothing(stopped):
    demonstration, study, _ = stopped
    assert rights.seed_rights(URL, demonstration, print, wait=at_work()) == study
    report = Report.objects.get(sign_off__layer__run__recording__participant__study=study)
    assert report.state == Report.State.READY, report.error
    names = {report.sign_off.signer.email, report.second.by.email}
    assert names == {demonstration.login(role).email for role in (Role.ADMINISTRATOR, Role.CODER)}
    assert set(report.documents.values_list("kind", "language")) == {
        (Document.Kind.SUMMARY, Document.Language.ENGLISH),
        (Document.Kind.PARTICIPANT, Document.Language.GERMAN),
    }
    assert rights.seed_rights(URL, demonstration, print) is None
    assert Study.objects.filter(name=rights.STUDY_NAME).count() == 1


def test_a_report_that_a_visitor_revoked_is_left_alone(stopped):
    demonstration, study, _ = stopped
    report = Report.objects.get(sign_off__layer__run__recording__participant__study=study)
    reports.revoke(report.sign_off.signer, report, "To see what happens.")
    assert rights.seed_rights(URL, demonstration, print) is None


def test_without_an_analysis_there_is_nothing_to_show(settings, tmp_path, db):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    assert rights.seed_rights(URL, seeding.seed(), print) is None
    assert not Study.objects.filter(name=rights.STUDY_NAME).exists()
