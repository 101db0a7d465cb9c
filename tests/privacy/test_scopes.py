"""Withdrawing each scope destroys what rests on it, and nothing else: a search finds nothing left."""

from __future__ import annotations

import json

import pytest

from facsweb.privacy.models import Erasure, Tombstone
from facsweb.studies.models import Scope
from facsweb.studies.withdrawing import withdraw
from tests.privacy import made

pytestmark = pytest.mark.django_db

#: Scope → words that must be found nowhere afterwards.
GONE = {
    Scope.VIDEO: [made.VIDEO, made.AUDIO, made.EMOTION, made.INDICATORS],
    Scope.AUDIO: [made.AUDIO],
    Scope.TEXT: [made.TEXT],
    Scope.EMOTION: [made.EMOTION],
    Scope.INDICATORS: [made.INDICATORS],
}


def test_the_world_holds_every_word(world):
    """Otherwise the searches below would find nothing anyway."""
    for word in (*made.WORDS[:5], made.PERSON):
        assert made.left(word), word


@pytest.mark.parametrize("scope", list(GONE))
def test_nothing_is_left_of_a_scope(scope, world, participant, consent, erase):
    made.a_copy(participant, consent.recorded_by)
    before = {word: set(made.left(word)) for word in (made.VIDEO, made.TEXT)}
    withdraw(None, consent, scopes=[scope])
    (erasure,) = erase()
    assert made.left(*GONE[scope]) == []
    assert erasure.state == Erasure.State.SUCCEEDED
    assert erasure.certificate_sha256
    if scope != Scope.VIDEO:  # the picture and its coding stay
        assert world["recording"].pk in type(world["recording"]).objects.values_list("pk", flat=True)
        assert made.left(made.VIDEO)
        # The report told nothing of indicators. Of the others it told something: its coder may sign it anew.
        signed = "signed" if scope == Scope.INDICATORS else "open"
        assert type(world["layer"]).objects.get(pk=world["layer"].pk).state == signed
    if scope == Scope.VIDEO:  # a document that was agreed to stays
        assert any("transcripts.Transcript" in name for name in made.left(made.TEXT))
        assert before[made.TEXT]


def test_nothing_is_left_of_a_whole_withdrawal(world, consent, people, erase):
    bytes_before = made.hashes_of_files()
    withdraw(people["administrator"], consent, reason=f"told us {made.VIDEO} on the phone")
    (erasure,) = erase()
    rows = [name for name in made.left(*made.WORDS) if not name.startswith("studies.")]
    assert rows == []
    kept = made.hashes_of_files() & bytes_before
    assert kept == set(), "bytes that were there before"
    assert {path.split("/")[-2] for path in made.files()} == {"certificates"}
    assert erasure.tombstones.filter(destroyed_at=None).count() == 0


def test_with_the_sound_goes_nothing_but_the_sound(world, consent, erase):
    recording = world["recording"]
    former = recording.sha256
    assert made.pictures_of_sound()
    withdraw(None, consent, scopes=[Scope.AUDIO])
    (erasure,) = erase()
    recording.refresh_from_db()
    assert (recording.has_audio, recording.media_info["audio"]) == (False, None)
    assert recording.sha256 != former
    assert made.pictures_of_sound() == []
    trace = erasure.tombstones.get(kind="recordings.sound")
    assert trace.hashes["original"] == former
    assert trace.rows == 1
    assert set(trace.hashes) > {"original"}, "the browser's copy and the outline of the sound too"


def test_calibration_takes_what_learned_from_it(world, consent, erase, settings):
    withdraw(None, consent, scopes=[Scope.CALIBRATION])
    (erasure,) = erase()
    for name in ("training", "version"):
        world[name].refresh_from_db()
        assert world[name].state == "failed"
        assert "destroyed" in world[name].error
    assert list(settings.SCORERS_DIR.iterdir()) == []
    assert (world["training"].learned, world["version"].result) == ({}, {})
    assert set(erasure.tombstones.values_list("kind", flat=True)) == {"learning.training", "calibration.version"}
    assert made.left(made.TEXT)
    assert made.left(made.EMOTION)


def quoted(world, coder):
    """What a report quotes: the participant's words while a strong event stood, by the reports' own code."""
    from facsweb.coding.services import create_event
    from facsweb.reports import comparison, quotations
    from facsweb.transcripts.services import current, save

    layer, transcript = world["layer"], world["transcript"]
    type(layer).objects.filter(pk=layer.pk).update(state="open")
    layer.refresh_from_db()
    said = {"code": "12", "side": "both", "intensity": "D", "onset_us": 200_000, "apex_us": 500_000}
    create_event(coder, layer, {**said, "offset_us": 900_000, "note": ""})
    rows = [[0, 1_500_000, "P-001", f"I liked it {made.QUOTATION}."], [2_000_000, None, "Ben", "Did you?"]]
    save(coder, transcript, rows, expected=current(transcript).number)
    found = quotations.section(world["recording"], comparison.compare(layer))
    assert [row["text"] for row in found] == [rows[0][3]]
    return found


def test_quotation_takes_reports_that_quote(world, consent, erase):
    from facsweb.reports.models import Report, SignOff

    withdraw(None, consent, scopes=[Scope.QUOTATION])
    erase()
    assert Report.objects.filter(pk=world["report"].pk).exists(), "it quotes nothing"
    type(consent).objects.filter(pk=consent.pk).update(withdrawn_scopes=[])
    consent.refresh_from_db()
    said = world["sign_off"].content | {"quotations": quoted(world, world["layer"].owner)}
    SignOff.objects.filter(pk=world["sign_off"].pk).update(content=said)
    world["transcript"].delete()
    assert made.left(made.QUOTATION)
    withdraw(None, consent, scopes=[Scope.QUOTATION])
    erase()
    assert made.left(made.QUOTATION) == []
    assert not Report.objects.filter(pk=world["report"].pk).exists()


def test_longer_keeping_destroys_nothing_at_once(world, consent, erase):
    before = made.hashes_of_files()
    withdraw(None, consent, scopes=[Scope.RETENTION])
    erasures = erase()
    assert before <= made.hashes_of_files()
    assert all(not erasure.tombstones.exists() for erasure in erasures)


def test_agreeing_to_less_is_a_withdrawal(world, participant, consent, people, erase):
    from facsweb.studies.services import record_consent

    kept = [scope for scope in consent.scopes if scope != Scope.TEXT]
    record_consent(people["analyst"], participant, consent.form, scopes=kept, method="paper", signature="folder 1")
    (erasure,) = erase()
    assert (erasure.why, erasure.withdrawal) == (Erasure.Why.NARROWED, None)
    assert made.left(made.TEXT) == []
    assert made.left(made.VIDEO)


def test_what_came_after_another_consent_stays(world, participant, consent, people, erase, clip):
    """Somebody withdraws and agrees anew before a worker came to it: what is new is not destroyed."""
    from facsweb.studies.services import record_consent
    from tests.factories import make_recording

    withdraw(None, consent)
    record_consent(
        people["analyst"], participant, consent.form, scopes=consent.scopes, method="paper", signature="folder 2"
    )
    fresh = make_recording(participant, people["analyst"])
    erase()
    kept = type(fresh).objects.filter(participant=participant)
    assert [one.pk for one in kept] == [fresh.pk]
    assert made.left(made.VIDEO, made.TEXT) == []


def test_tombstones_say_what_and_nothing_of_what_it_said(world, consent, erase):
    recording, files = world["recording"], dict(world["run"].files)
    withdraw(None, consent)
    (erasure,) = erase()
    kinds = set(erasure.tombstones.values_list("kind", flat=True))
    assert kinds > {
        *("recordings.recording", "recordings.upload", "runs.analysisrun", "coding.layer", "coding.event"),
        *("coding.comment", "meaning.reading", "transcripts.transcript", "transcripts.revision"),
        *("transcripts.upload", "transcripts.scores", "agreement.comparison", "practice.segment"),
        *("exchange.upload", "reports.report", "reports.signoff", "learning.training", "calibration.version"),
        *("reports.document", "reports.countersignature", "reports.package"),
    }
    assert erasure.tombstones.get(kind="recordings.recording").hashes["sha256"] == recording.sha256
    assert erasure.tombstones.get(kind="runs.analysisrun").hashes.items() >= files.items()
    assert erasure.withdrawal == consent.withdrawals.get()
    said = json.dumps(list(Tombstone.objects.values()), default=str)
    assert not [word for word in made.WORDS if word in said]
    report = erasure.tombstones.get(kind="reports.report")
    assert report.hashes["pdf_sha256"] == world["report"].pdf_sha256
    summary = erasure.tombstones.get(kind="reports.document")
    assert summary.hashes["pdf_sha256"] == world["summary"].pdf_sha256
    packed = erasure.tombstones.filter(kind="reports.package").values_list("hashes__sha256", flat=True)
    assert list(packed) == [world["reports"].sha256, world["bundle"].sha256]


def test_withdrawing_twice_is_once(world, consent, erase):
    withdraw(None, consent)
    assert withdraw(None, consent) is None
    assert len(erase()) == 1
    assert erase() == []
    assert Erasure.objects.count() == 1
