"""What does not hang on a recording: own answers and links, what the API keeps; and a change of the law."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from facsweb.api.models import Delivery, KeyedRequest
from facsweb.audit.models import Entry
from facsweb.meaning.models import Reading
from facsweb.privacy import certificates, services
from facsweb.privacy.models import Erasure, Tombstone
from facsweb.recordings import services as recordings
from facsweb.reports.models import Report
from facsweb.studies import links
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, ConsentLink, NoticeShown, Scope
from facsweb.studies.withdrawing import withdraw
from tests.privacy import made

pytestmark = pytest.mark.django_db


def test_a_full_erasure_takes_signature_link_and_what_the_api_kept(
    world, participant, consent, people, erase, client
):
    secret = world["secret"]
    stored = links.digest(secret)
    stroke = json.dumps(made.STROKES[0])
    assert made.left(stroke)
    assert made.left(stored)
    services.erase_everything(people["administrator"], participant, reason="By letter")
    erase()
    # The links end, and nothing is left of them. (What is destroyed was in the log only by its id.)
    assert not ConsentLink.objects.filter(participant=participant).exists()
    assert made.left(stroke, stored) == []
    assert client.get(reverse("consent:start", args=[secret])).status_code == 404
    kept = Consent.objects.get()
    assert (kept.signature, kept.strokes, kept.withdrawal_reason) == ("", None, "")
    assert kept.said == consent.said, "the study's words, by which it proves what was agreed to"
    assert NoticeShown.objects.filter(participant=participant).count() == 1
    assert not KeyedRequest.objects.exists()
    assert not Delivery.objects.exclude(ended_at=None).exists()
    kinds = set(Tombstone.objects.values_list("kind", flat=True))
    assert kinds > {"studies.consentlink", "studies.consent:words", "api.keyedrequest", "api.delivery"}
    assert not Tombstone.objects.filter(destroyed_at=None).exists()


def test_a_drawn_signature_that_is_still_there_is_no_success(world, participant, consent, people):
    from facsweb.privacy import people as own

    assert own.CHECKS["studies.consent:words"](str(consent.pk))
    Consent.objects.filter(pk=consent.pk).update(signature="")
    assert own.CHECKS["studies.consent:words"](str(consent.pk)), "it is drawn, too"
    Consent.objects.filter(pk=consent.pk).update(strokes=None)
    assert not own.CHECKS["studies.consent:words"](str(consent.pk))


def test_with_a_recording_go_the_answers_that_name_it_and_no_others(world, participant, consent, erase):
    withdraw(None, consent, scopes=[Scope.VIDEO])
    erase()
    assert [one.key for one in KeyedRequest.objects.all()] == ["key-1"], "of the participant, not of the recording"
    assert ConsentLink.objects.filter(participant=participant).exists(), "by it they fetch the certificate"


# --- the law ----------------------------------------------------------------------------------------------------


def _moved(people, study, setting):
    scopes = [scope for scope in Scope if scope not in (Scope.EMOTION, Scope.INDICATORS)]
    administrator = people["administrator"]
    studies.create_consent_form(administrator, study, title="Less", body="## Why\nLess.", scopes=scopes)
    return studies.change_study(
        administrator, study, name=study.name, purpose=study.purpose, setting=setting, jurisdiction="Germany"
    )


def test_where_the_law_comes_to_prohibit_it_what_was_computed_goes(world, participant, consent, people, erase):
    study, former = participant.study, world["reading"]
    _moved(people, study, "workplace")
    world["report"].refresh_from_db()
    assert world["report"].state == "revoked", "at once"
    assert "law" in world["report"].revoked_reason
    assert not Reading.objects.filter(pk=former.pk).exists(), "at once, too"
    (erasure,) = Erasure.objects.all()
    assert (erasure.why, erasure.scopes, erasure.withdrawal) == ("law", ["emotion", "indicators"], None)
    erase()
    assert made.left(made.EMOTION, made.INDICATORS) == []
    assert not Report.objects.filter(pk=world["report"].pk).exists()
    assert type(world["recording"]).objects.filter(pk=world["recording"].pk).exists()
    assert made.left(made.TEXT), "what may be shown stays"
    trace = erasure.tombstones.get(kind="meaning.reading")
    assert trace.object_id == str(former.pk)
    assert set(trace.hashes) >= {"states.json", "indicators.json"}
    assert trace.destroyed_at is not None


def test_where_nothing_becomes_prohibited_nothing_is_destroyed(world, participant, people):
    _moved(people, participant.study, "research")
    assert not Erasure.objects.exists()


def test_nothing_is_destroyed_of_whom_nothing_was_estimated(participant, consent, people):
    _moved(people, participant.study, "workplace")
    assert not Erasure.objects.exists()


# --- deleted by the team ----------------------------------------------------------------------------------------


def test_a_recording_that_the_team_deletes_leaves_tombstones_and_a_certificate(
    participant, consent, people, erase
):
    from tests.factories import make_finished_run, make_recording

    recording = make_recording(participant, people["analyst"])
    run = make_finished_run(recording, people["analyst"])
    sha256, listed, copy = recording.sha256, dict(run.files), made.a_copy(participant, people["analyst"])
    recordings.delete_recording(people["administrator"], recording)
    (erasure,) = erase()
    assert (erasure.why, erasure.state) == ("deleted", "succeeded")
    assert erasure.tombstones.get(kind="recordings.recording").hashes["sha256"] == sha256
    assert erasure.tombstones.get(kind="runs.analysisrun").hashes.items() >= listed.items()
    assert not type(copy).objects.filter(pk=copy.pk).exists(), "a copy would still hold it"
    assert certificates.of_participant(participant).first() == erasure
    assert {path.split("/")[-2] for path in made.files()} == {"certificates"}


def test_nothing_of_a_participant_on_hold_is_deleted_by_hand(participant, consent, people, client_as):
    from tests.factories import make_recording

    recording = make_recording(participant, people["analyst"])
    services.hold(people["administrator"], participant, reason="A claim")
    with pytest.raises(recordings.NotDeletable, match="on hold"):
        recordings.delete_recording(people["administrator"], recording)
    assert type(recording).objects.filter(pk=recording.pk).exists()
    assert not Erasure.objects.exists()
    assert not Entry.objects.filter(action="recording.delete").exists()


def test_a_recording_that_cannot_be_deleted_leaves_no_tombstone(world, people):
    with pytest.raises(recordings.NotDeletable, match="signed"):
        recordings.delete_recording(people["administrator"], world["recording"])
    assert not Erasure.objects.exists()
