"""Calibrations with the real engine, started, stopped, lapsed; by workers that may die."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.calibration.material import read_sessions
from facsweb.audit.models import Entry
from facsweb.calibration import attempts, job, lapses, material, recovery, services
from facsweb.calibration.models import Choice, Used, Version
from facsweb.calibration.services import CalibrationRefused
from facsweb.meaning import hooks
from facsweb.processes import queue
from facsweb.reports.models import Report
from facsweb.studies.cohorts import state_cohort
from facsweb.studies.models import Participant
from facsweb.studies.services import record_consent
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once
from tests.calibration.conftest import finished, starter
from tests.factories import make_recording

State = Version.State


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis")
def test_from_signed_codings_to_a_calibration_that_is_applied_until_consent_ends(
    eighteen, people, tmp_path, client_as, monkeypatch
):
    """One story, because making eighteen signed codings takes longer than all of it."""
    first, last = eighteen[0], eighteen[-1]
    person = last.run.recording.participant
    # Who revoked, coded stretches only or was read by another scorer is left out, with the reason.
    Report.objects.filter(sign_off__layer=first).update(state="revoked")
    found = material.candidates(material.scorer())
    assert [one.why_not for one in found if one.layer == first] == ["revoked"]
    run = eighteen[1].run
    kept = run.summary
    run.summary = kept | {"scorer": {"id": "au-rules", "version": "1.0.0"}}
    run.save()
    assert [one.why_not for one in material.candidates(material.scorer()) if one.layer == eighteen[1]] == [
        "scorer"
    ]
    run.summary = kept
    run.save()
    Report.objects.filter(sign_off__layer=first).update(state="ready")
    usable = [one for one in material.candidates(material.scorer()) if not one.why_not]
    assert len(usable) == 18
    told = material.sessions(usable)
    assert {one.cohort for one in told} == {"de-de", "jp-ja-40-on"}
    assert [one.undecided for one in told].count(frozenset({"4"})) == 2

    # The file for the command line holds the same.
    out = StringIO()
    call_command("calibrate", "--file", str(tmp_path / "codings.json"), stderr=out)
    assert {one.cohort for one in read_sessions(tmp_path / "codings.json")} == {"de-de", "jp-ja-40-on"}
    assert "18 codings written" in out.getvalue()

    # Started twice it is one; a worker calibrates it.
    answer = client_as("staff").post("/cohorts/calibrate")
    version = Version.objects.get()
    assert answer.url == f"/cohorts/calibrations/{version.pk}/"
    assert services.start(people["staff"]) == version
    assert queue.is_waiting(attempts.FENCE.job_id(version.pk, 1))
    job.perform(version.pk, 1, worker="worker A")
    version.refresh_from_db()
    assert version.state == State.SUCCEEDED, version.error + version.error_detail
    assert version.material.count() == 18
    said = services.content(version)
    assert said.for_cohort("jp-ja-40-on").units["12"].rest.value == pytest.approx(0.9, abs=0.1)
    assert said.coders == (str(people["coder"].pk),)
    assert Entry.objects.get(action="calibration.succeed").details["participants"] == 18
    page = client_as("staff").get(f"/cohorts/calibrations/{version.pk}/").content.decode()
    assert "Coder Person" in page
    assert "Germany, German" in page

    # Nothing is applied before somebody says so; whoever says it together with others says it once.
    assert hooks.calibration(person) == ("", None)
    at_once(lambda: services.choose(people["staff"], version))
    services.choose(people["staff"], version)
    name, mine = hooks.calibration(person)
    assert (name, mine.id, mine.calibrated) == ("jp-ja-40-on, calibration 1", "jp-ja-40-on", True)
    assert Choice.objects.count() == 1
    state_cohort(people["analyst"], person, starter("us-es"))
    assert hooks.calibration(Participant.objects.get(pk=person.pk)) == ("", None), "theirs is not in it"
    state_cohort(people["analyst"], person, None)
    assert hooks.calibration(Participant.objects.get(pk=person.pk)) == ("", None)

    # A withdrawal takes it out of use, marks it, and leaves the person out of the next one.
    withdraw(people["analyst"], person.consents.get(), reason="not stated")
    assert services.applied() is None
    assert "calibration 1 used withdrew consent" in services.chosen().reason
    assert "a participant whose consent has been withdrawn" in lapses.sentence(version)
    with pytest.raises(CalibrationRefused, match="withdrawn since"):
        services.choose(people["staff"], version)
    assert Entry.objects.filter(action="calibration.consent_withdrawn").count() == 1
    listed = client_as("staff").get("/cohorts/").content.decode()
    assert "Consent withdrawn since" in listed
    assert "A calibration is not applied any more" in listed

    # One that is under way at a withdrawal loses its work, also at its last moment.
    second = services.start(people["staff"])
    other = eighteen[-2].run.recording.participant
    keep = attempts.succeed

    def late(version, result):
        withdraw(people["analyst"], other.consents.get(), reason="not stated")
        return keep(version, result)

    monkeypatch.setattr(attempts, "succeed", late)
    job.perform(second.pk, 1, worker="worker A")
    second.refresh_from_db()
    assert (second.state, second.error, second.result) == (State.FAILED, lapses.WHILE_CALIBRATING, {})
    assert str(person.pk) not in {str(pk) for pk in second.material.values_list("participant", flat=True)}
    monkeypatch.setattr(attempts, "succeed", keep)
    text = StringIO()
    call_command("calibrate", stdout=text)
    assert "Calibrated: de-de" in text.getvalue()
    assert "jp-ja-40-on" not in text.getvalue(), "seven are left of it"
    third = Version.objects.get(number=3)
    assert "7 of 8 participants" in services.content(third).for_cohort("jp-ja-40-on").why
    assert third.material.count() == 16


@pytest.mark.django_db
def test_without_enough_participants_nothing_starts(people, client_as):
    with pytest.raises(CalibrationRefused, match="8 participants"):
        services.start(people["staff"])
    answer = client_as("staff").post("/cohorts/calibrate", follow=True)
    assert "nothing was started" in answer.content.decode()
    with pytest.raises(CommandError, match="8 participants"):
        call_command("calibrate")
    with pytest.raises(CommandError, match="no signed coding"):
        call_command("calibrate", "--file", "nowhere.json", stderr=StringIO())
    assert not Version.objects.exists()


@pytest.mark.django_db
def test_the_database_allows_one_active_calibration(people):
    made = {"scorer": "au-nets/1.0.0", "created_by": people["staff"]}
    Version.objects.create(number=1, **made)
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.create(number=2, **made)
    Version.objects.update(state=State.FAILED)
    Version.objects.create(number=2, **made)


@pytest.mark.django_db
def test_stopping_waits_for_nobody_and_a_second_click_changes_nothing(people, client_as):
    version = Version.objects.create(number=1, scorer="au-nets/1.0.0", created_by=people["staff"])
    client = client_as("staff")
    page = client.get(f"/cohorts/calibrations/{version.pk}/").content.decode()
    assert "It starts when a worker is free" in page
    assert "Stop the calibration" in page
    for _ in range(2):
        client.post(f"/cohorts/calibrations/{version.pk}/stop")
    version.refresh_from_db()
    assert version.state == State.CANCELLED
    assert Entry.objects.filter(action="calibration.cancel").count() == 1
    assert attempts.claim(version.pk, 1, "worker A") is None
    assert "Nothing came of it" in client.get(f"/cohorts/calibrations/{version.pk}/").content.decode()
    running = Version.objects.create(number=2, scorer="au-nets/1.0.0", state=State.RUNNING)
    services.cancel(people["staff"], running)
    assert running.cancel_requested_at is not None
    assert attempts.succeed(running, {}) is False
    attempts.FENCE.confirm_cancel(running.pk, 1)
    running.refresh_from_db()
    assert running.state == State.CANCELLED


@pytest.mark.django_db
def test_a_silent_worker_s_calibration_goes_to_another_and_the_third_crash_ends_it(people):
    long_ago = timezone.now() - timedelta(minutes=5)
    version = Version.objects.create(number=1, scorer="au-nets/1.0.0", state=State.RUNNING, heartbeat_at=long_ago)
    for attempt in (1, 2):
        assert recovery.recover() >= 1
        version.refresh_from_db()
        assert (version.state, version.attempt, version.crashes) == (State.QUEUED, attempt + 1, attempt)
        Version.objects.update(state=State.RUNNING, heartbeat_at=long_ago)
    assert attempts.succeed(Version(pk=version.pk, attempt=1), {}) is False, "the dead one's attempt is over"
    recovery.recover()
    version.refresh_from_db()
    assert (version.state, version.error) == (State.FAILED, recovery.GIVEN_UP)


@pytest.mark.django_db
def test_agreeing_to_less_is_a_withdrawal_too_and_deleted_people_lapse(people, participant, consent):
    version = finished(people["staff"])
    recording = make_recording(participant, people["analyst"])
    ids = {"layer": recording.pk, "recording": recording.pk, "study": participant.study_id}
    Used.objects.create(version=version, participant=participant.pk, coder=people["coder"].pk, **ids)
    services.choose(people["staff"], version)
    assert services.applied() == version
    scopes = ["video", "emotion"]
    record_consent(people["analyst"], participant, consent.form, scopes=scopes, method="paper", signature="")
    assert services.applied() is None
    assert lapses.of_version(version) == 1


@pytest.mark.django_db
def test_what_calibrates_nobody_or_did_not_finish_is_never_applied(people, client_as):
    empty = finished(people["staff"])
    empty.result = json.loads(json.dumps(empty.result))
    for one in empty.result["cohorts"]:
        one["calibrated"] = False
    empty.save()
    failed = Version.objects.create(number=2, scorer="au-nets/1.0.0", state=State.FAILED, error="It broke.")
    client = client_as("staff")
    for version, words in ((empty, "It calibrates no cohort."), (failed, "It did not finish.")):
        page = client.post("/cohorts/apply", {"version": str(version.pk)}, follow=True).content.decode()
        assert words in page
    assert client.post("/cohorts/apply", {"version": "x"}).status_code == 404
    assert services.applied() is None
    assert "It broke." in client.get(f"/cohorts/calibrations/{failed.pk}/").content.decode()
