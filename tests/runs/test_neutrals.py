"""Whose rest a run is measured against: choosing, borrowing, undoing, and who may."""

from __future__ import annotations

import hashlib
import shutil
import time
from datetime import timedelta

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.interpretation import interpret
from facsweb.audit.models import Entry
from facsweb.runs import attempts, job, neutrals, services
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Consent, Participant
from facsweb.studies.withdrawing import withdraw
from tests.analysis.made import series, smile, write_measurement
from tests.factories import make_recording

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State
TIMES = np.arange(250) * 40_000


def person(*, smiles: bool = False):
    always = {name: np.full(250, v.max() or v.min()) for name, v in smile(TIMES / 1e6).items()} if smiles else {}
    return series(TIMES, noise=0.003, **always)


def analysed(recording, user, faces=None) -> AnalysisRun:
    """A run whose measurement and results were really made, by the second pass."""
    run = AnalysisRun(recording=recording, created_by=user, state="succeeded", finished_at=timezone.now())
    run.parameters = {"neutral_us": None, "max_faces": 4}
    run.folder = f"runs/{run.pk}/1"
    folder = services.result_dir(run)
    folder.mkdir(parents=True)
    write_measurement(folder, faces or {0: person()}, TIMES)
    run.summary = dict(interpret(folder).summary)
    run.files = job.hashes(folder)
    run.save()
    return run


def another(recording, people, title="Baseline"):
    other = make_recording(recording.participant, people["analyst"])
    other.title = title
    other.save()
    return other


@pytest.fixture
def run(recording, people):
    """Somebody who smiles throughout."""
    return analysed(recording, people["analyst"], {0: person(smiles=True)})


@pytest.fixture
def lender(recording, people):
    """Another recording of the same participant, at rest."""
    return analysed(another(recording, people), people["analyst"])


def work(run):
    """Do what a worker does; the run afterwards."""
    job.perform(run.pk, run.attempt, "worker A")
    run.refresh_from_db()
    return run


def smiling(run) -> float:
    import pyarrow.parquet as pq

    return float(np.nanmedian(pq.read_table(services.result_dir(run) / "signals.parquet")["AU12"].to_numpy()))


def text_of(client, run) -> str:
    return client.get(reverse("runs:neutral", args=[run.pk])).content.decode()


def test_borrowing_reads_again_in_seconds_without_opening_the_video(run, lender, people, monkeypatch):
    def opened(*args, **kwargs):
        raise AssertionError("the video was opened")

    monkeypatch.setattr("av.open", opened)
    monkeypatch.setattr("analysis.pipeline.measure", opened)
    assert smiling(run) < 0.5
    start = time.process_time()  # what else the machine does is not part of it
    again = work(neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0)))
    assert time.process_time() - start < 10
    assert again.state == State.SUCCEEDED, again.error_detail
    assert smiling(again) > 4
    (one,) = neutrals.of_run(again)
    assert (one.method, one.lender, one.title, one.by) == ("borrowed", lender, "Baseline", "Analyst Person")
    assert again.summary["neutral"]["source"]["from"] == str(lender.pk)
    run.refresh_from_db()
    assert smiling(run) < 0.5, "the run before stays as it was"
    entry = Entry.objects.get(action="run.neutral")
    assert entry.actor_id == people["analyst"].pk
    assert entry.before["run"] == str(run.pk)
    assert entry.after["neutrals"]["0"]["run"] == str(lender.pk)


def test_undo_brings_the_one_before_back_and_can_itself_be_undone(run, lender, people):
    analyst = people["analyst"]
    with pytest.raises(services.RunRefused, match="no earlier neutral"):
        neutrals.undo(analyst, run)
    changed = work(neutrals.choose(analyst, run, face=0, lender=(lender.pk, 0)))
    back = work(neutrals.undo(analyst, changed))
    assert back.summary["neutral"] == run.summary["neutral"]
    assert smiling(back) < 0.5
    assert Entry.objects.filter(action="run.neutral_undo").count() == 1
    assert smiling(work(neutrals.undo(analyst, back))) > 4


def test_every_person_has_a_neutral_of_their_own(recording, lender, people):
    two = {0: person(smiles=True), 1: person(smiles=True)}
    run = analysed(recording, people["analyst"], two)
    first = work(neutrals.choose(people["analyst"], run, face=1, lender=(lender.pk, 0)))
    second = work(neutrals.choose(people["analyst"], first, face=0, time_us=2_000_000))
    assert [one.method for one in neutrals.of_run(second)] == ["chosen", "borrowed"]
    everybody = work(neutrals.choose(people["analyst"], second, time_us=3_000_000))
    assert [one.method for one in neutrals.of_run(everybody)] == ["chosen", "chosen"]
    with pytest.raises(services.RunRefused, match="not in the recording"):
        neutrals.choose(people["analyst"], everybody, face=7)
    with pytest.raises(services.RunRefused, match="not in the other recording"):
        neutrals.choose(people["analyst"], everybody, face=0, lender=(lender.pk, 3))
    with pytest.raises(services.RunRefused, match="within the recording"):
        neutrals.choose(people["analyst"], everybody, face=0, time_us=99_000_000)


def test_only_this_participants_other_recordings_lend(run, lender, study, people, consent):
    analyst = people["analyst"]
    assert [one.run for one in neutrals.lenders(analyst, run)] == [lender]
    assert neutrals.lenders(people["stranger"], run) == []
    assert neutrals.lenders(people["manager"], run) == []
    other = Participant.objects.create(study=study, code="P-002", created_by=analyst)
    consent_of_other = Consent.objects.get(pk=consent.pk)
    consent_of_other.pk, consent_of_other.participant, consent_of_other._state.adding = None, other, True
    consent_of_other.save()
    foreign = analysed(make_recording(other, analyst), analyst)
    for lending in (foreign, run):
        with pytest.raises(services.RunRefused, match="no longer available"):
            neutrals.choose(analyst, run, face=0, lender=(lending.pk, 0))
    lent_on = work(neutrals.choose(analyst, run, face=0, lender=(lender.pk, 0)))
    assert neutrals.lenders(analyst, lender) == [], "a borrowed neutral is not lent on"
    assert [one.run for one in neutrals.lenders(analyst, lent_on)] == [lender]


def withdrawn_and_given_again(consent, people):
    withdraw(people["analyst"], consent, reason="asked by mail")
    new = Consent.objects.get(pk=consent.pk)
    new.pk, new._state.adding = None, True
    new.withdrawn_at, new.withdrawal_reason, new.withdrawn_scopes = None, "", []
    new.given_at = timezone.now() + timedelta(seconds=1)
    new.save()


def test_withdrawn_consent_makes_the_lender_unavailable_for_good(recording, run, lender, consent, people):
    """Also before a worker begins, and also when the participant consents to something new later."""
    waiting = neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0))
    services.cancel(people["analyst"], waiting)
    Consent.objects.filter(pk=consent.pk).update(given_at=timezone.now() - timedelta(days=1))
    consent.refresh_from_db()
    withdrawn_and_given_again(consent, people)
    assert neutrals.lenders(people["analyst"], run) == []
    with pytest.raises(services.RunRefused, match="consent was withdrawn"):
        neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0))
    AnalysisRun.objects.filter(pk=waiting.pk).update(
        state=State.QUEUED, cancel_requested_at=None, finished_at=None
    )
    failed = work(AnalysisRun.objects.get(pk=waiting.pk))
    assert failed.state == State.FAILED
    assert failed.error == neutrals.GONE


def test_a_lender_whose_file_changed_is_refused_at_work(run, lender, people):
    again = neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0))
    (services.result_dir(lender) / "neutral.json").write_text("{}")
    assert work(again).error == neutrals.GONE


def test_a_lender_that_is_deleted_leaves_the_borrower_whole(run, lender, people, client_as):
    again = work(neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0)))
    lender.recording.delete()
    (one,) = neutrals.of_run(again)
    assert (one.lender, one.title) == (None, "")
    assert "no longer available" in text_of(client_as("analyst"), again)
    assert client_as("coder").get(reverse("runs:neutral_picture", args=[again.pk, 0])).status_code == 404


def test_signed_runs_are_refused(run, lender, people, client_as):
    from facsweb.coding.models import Layer

    Layer.objects.create(run=run, kind="coder", owner=people["coder"], state="signed")
    with pytest.raises(services.RunRefused, match="Coder Person has signed a coding of this analysis"):
        neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0))
    text = text_of(client_as("analyst"), run)
    assert "The neutral face cannot be changed" in text
    assert "Read again with this neutral" not in text
    answer = client_as("analyst").post(
        reverse("runs:interpret", args=[run.pk]), {"choice": "automatic"}, follow=True
    )
    assert b"has signed a coding" in answer.content
    assert AnalysisRun.objects.filter(recording=run.recording).count() == 1


def test_a_second_click_is_the_same_and_another_analysis_is_waited_for(run, lender, people):
    analyst = people["analyst"]
    first = neutrals.choose(analyst, run, face=0, lender=(lender.pk, 0))
    assert neutrals.choose(analyst, run, face=0, lender=(lender.pk, 0)) == first
    assert Entry.objects.filter(action="run.neutral").count() == 1
    services.cancel(analyst, first)
    services.start(analyst, run.recording)
    with pytest.raises(services.RunRefused, match="under way"):
        neutrals.choose(analyst, run, face=0)


def test_the_page_shows_the_neutral_and_the_choice(run, lender, client_as):
    text = text_of(client_as("analyst"), run)
    for words in ("found automatically", "spreads", "From “Baseline”", "This frame", "supportive indicators"):
        assert words in text, words
    assert f'value="{lender.pk}:0"' in text
    assert reverse("runs:neutral_picture", args=[lender.pk, 0]) in text
    assert "Undo" not in text
    seen = text_of(client_as("coder"), run)
    assert "found automatically" in seen
    assert "Read again with this neutral" not in seen
    page = client_as("analyst").get(reverse("runs:detail", args=[run.pk])).content.decode()
    assert reverse("runs:neutral", args=[run.pk]) in page


def test_the_page_takes_the_moment_of_the_review_along(run, client_as):
    address = reverse("runs:neutral", args=[run.pk])
    assert "00:00:02.500" in client_as("analyst").get(address, {"at": "2500000"}).content.decode()
    for nonsense in ("x", "-1", "9" * 40, "²"):
        assert client_as("analyst").get(address, {"at": nonsense}).status_code == 200


def test_nobody_at_rest_is_warned_of(recording, people, client_as):
    grin = {"corner_bend_L": 1.0, "corner_bend_R": 1.0, "mouth_width": 1.2, "lips_height": -0.8}
    faces = {0: series(TIMES, **{name: np.full(250, value) for name, value in grin.items()})}
    text = text_of(client_as("analyst"), analysed(recording, people["analyst"], faces))
    assert "Nobody rests here" in text
    assert "far from a usual resting face" in text


@pytest.mark.parametrize(
    ("data", "method"),
    [
        ({"face": "0", "choice": "automatic", "neutral": "2"}, "automatic"),
        ({"face": "0", "choice": "frame", "neutral": "0:02"}, "chosen"),
        ({"face": "0", "choice": "lender"}, "borrowed"),
        ({"neutral": "2"}, "chosen"),
        ({}, "automatic"),
    ],
)
def test_the_form_is_what_is_read(run, lender, client_as, data, method):
    if data.get("choice") == "lender":
        data = {**data, "choice": f"{lender.pk}:0"}
    answer = client_as("analyst").post(reverse("runs:interpret", args=[run.pk]), data)
    again = AnalysisRun.objects.exclude(pk__in=[run.pk, lender.pk]).get()
    assert answer.url == reverse("runs:detail", args=[again.pk])
    assert work(again).summary["neutral"]["method"] == method


@pytest.mark.parametrize(
    "data",
    [
        {"choice": "frame"},
        {"choice": "frame", "neutral": "soon"},
        {"choice": "something"},
        {"choice": "-" * 36 + ":0"},
        {"face": "-1"},
        {"face": "5"},
    ],
)
def test_nonsense_changes_nothing(run, client_as, data):
    answer = client_as("analyst").post(reverse("runs:interpret", args=[run.pk]), data, follow=True)
    assert answer.redirect_chain[0][0] == reverse("runs:neutral", args=[run.pk])
    assert 'role="alert"' in answer.content.decode()
    assert AnalysisRun.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "seen", "changed"), [("stranger", 404, 404), ("manager", 403, 403), ("coder", 200, 403)]
)
def test_who_may_see_and_who_may_change(run, client_as, role, seen, changed):
    client = client_as(role)
    assert client.get(reverse("runs:neutral", args=[run.pk])).status_code == seen
    assert client.get(reverse("runs:neutral_picture", args=[run.pk, 0]), follow=True).status_code == seen
    for page in ("interpret", "neutral_undo"):
        assert client.post(reverse(f"runs:{page}", args=[run.pk])).status_code == changed
        assert client_as("analyst").get(reverse(f"runs:{page}", args=[run.pk])).status_code == 405
    assert AnalysisRun.objects.count() == 1


def test_the_picture_is_the_face_and_is_made_once(run, client_as):
    import cv2

    address = reverse("runs:neutral_picture", args=[run.pk, 0])
    answer = client_as("coder").get(address, follow=True)
    picture = b"".join(answer.streaming_content)
    height, width = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    assert (width, height) == (454, 477), "the made face's box, 220 × 260 at (200, 120), and its margin"
    assert "no-store" in answer.headers["Cache-Control"]
    shutil.copyfile(neutrals.picture(run, 0), kept := attempts.folder(run.pk) / "kept.jpg")
    run.recording.original.delete()
    assert (
        hashlib.sha256(neutrals.picture(run, 0).read_bytes()).digest()
        == hashlib.sha256(kept.read_bytes()).digest()
    )
    assert client_as("coder").get(reverse("runs:neutral_picture", args=[run.pk, 3])).status_code == 404


def test_the_report_says_who_chose_what(run, lender, people):
    again = work(neutrals.choose(people["analyst"], run, face=0, lender=(lender.pk, 0)))
    (told,) = neutrals.for_report(again)
    assert told["method"] == "borrowed"
    assert told["recording"] == "Baseline"
    assert told["by"] == "Analyst Person"
    assert told["distance"] == again.summary["neutral"]["distance"]
