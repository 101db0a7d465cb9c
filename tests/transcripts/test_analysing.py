"""Scores by a worker: of the newest revision only, once, and never without consent or against the law."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from analysis.types import AnalysisError
from facsweb.studies.models import Study
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts import analysing, asking, presentation, services, speech
from facsweb.transcripts.models import Recognition, Scores, Transcript
from tests.transcripts.conftest import ROWS

pytestmark = pytest.mark.django_db
SAID = [
    [0, 2_000_000, "Anna", "Thank you so much, I loved it! It was awful."],
    [2_000_000, 4_000_000, "Ben", "Ich habe mich sehr über den schnellen Versand gefreut."],
    [None, None, "", ""],
]


def test_a_worker_scores_every_sentence_of_a_language_that_it_knows(transcript, people):
    services.save(people["coder"], transcript, SAID, expected=2)
    transcript.refresh_from_db()
    analysing.compute(transcript.pk, 3)
    found = asking.current_scores(transcript.recording)
    assert [(one["text"], one["language"], one["start_us"] is not None) for one in found["units"]] == [
        ("Thank you so much, I loved it!", "en", True),
        ("It was awful.", "en", True),
        ("Ich habe mich sehr über den schnellen Versand gefreut.", "de", True),
    ]
    assert [one["text"] for one in found["units"]] == [
        one.text for one in asking.current_units(transcript.recording)
    ]
    thanks = found["units"][0]["scores"]
    assert max(thanks, key=thanks.get) in ("gratitude", "love")
    assert found["units"][2]["scores"] is None
    shown = presentation.Shown.of(transcript, services.current(transcript), hidden="")
    assert (shown.state, shown.older, shown.scored, shown.unscored) == ("ready", None, 2, 1)
    first, second = (presentation.unit(SAID, index, shown)["parts"] for index in (0, 1))
    assert {label for label, _ in first[0]["labels"]} & {"gratitude", "love"}
    assert len(first) == 2
    assert second[0]["why"] == "Not scored: this is taken for German, which the classifier does not know."
    assert shown.model == "text-emotion 1.0.0"
    assert shown.session[0]["interval"] is None, "two sentences are too few for an interval"


def test_no_probability_is_shown_as_certain():
    shown = [presentation.percent(value) for value in (0.0, 0.004, 0.011, 0.5, 0.99, 0.9991)]
    assert shown == ["under 1 %", "under 1 %", "1 %", "50 %", "99 %", "over 99 %"]


def test_the_queue_finds_the_tasks_by_their_names(transcript, recording, people):
    import_string(analysing.TASK)(str(transcript.pk), 2)
    assert Scores.objects.get().state == "ready"
    Recognition.objects.create(recording=recording, asked_by=people["coder"])
    import_string(speech.TASK)(str(recording.pk))
    assert Recognition.objects.get().state == "failed"


def test_a_job_about_an_older_revision_does_nothing(transcript):
    analysing.compute(transcript.pk, 1)
    scores = Scores.objects.get()
    assert (scores.state, scores.attempts, scores.revision) == ("waiting", 0, 2)


def test_a_save_while_the_worker_computes_wins(transcript, people, monkeypatch):
    def meanwhile(*arguments):
        services.save(people["coder"], Transcript.objects.get(), SAID, expected=2)
        return {"units": []}

    monkeypatch.setattr(analysing, "_result", meanwhile)
    analysing.compute(transcript.pk, 2)
    scores = Scores.objects.get()
    assert (scores.state, scores.revision, scores.scored) == ("waiting", 3, None)


def test_a_withdrawal_while_the_worker_computes_wins(transcript, consent, people, monkeypatch):
    def meanwhile(*arguments):
        withdraw(people["analyst"], consent, reason="not stated")
        return {"units": []}

    monkeypatch.setattr(analysing, "_result", meanwhile)
    analysing.compute(transcript.pk, 2)
    assert not Scores.objects.exists()


def test_carried_twice_is_once(transcript):
    analysing.compute(transcript.pk, 2)
    first = Scores.objects.get()
    analysing.compute(transcript.pk, 2)
    assert Scores.objects.get().computed_at == first.computed_at


@pytest.mark.parametrize(
    ("error", "said"), [(AnalysisError("Do this."), "Do this."), (KeyError("x"), analysing.UNEXPECTED)]
)
def test_what_went_wrong_is_said_and_can_be_asked_again(transcript, people, monkeypatch, error, said):
    def broken(*arguments):
        raise error

    monkeypatch.setattr(analysing, "_result", broken)
    analysing.compute(transcript.pk, 2)
    scores = Scores.objects.get()
    assert (scores.state, scores.error) == ("failed", said)
    analysing.again(people["coder"], transcript)
    assert Scores.objects.get().state == "waiting"


def test_a_text_that_kills_its_worker_is_given_up(transcript):
    Scores.objects.update(attempts=3)
    analysing.compute(transcript.pk, 2)
    assert Scores.objects.get().error == analysing.GIVEN_UP


def test_what_the_queue_lost_is_put_back_and_typing_waits_for_a_pause(one_moment, transcript, people, redis):
    from facsweb.processes import queue
    from facsweb.processes.models import Ticket

    assert analysing.recover() == 0, "just saved: its own job may be on the way"
    Scores.objects.update(due_at=timezone.now() - timedelta(seconds=10))
    assert analysing.recover() == 0, "it has its ticket"
    Ticket.objects.all().delete()
    assert analysing.recover() == 1
    assert queue.is_waiting(analysing.job_id(transcript.pk, 2))
    assert analysing.recover() == 0, "it stands in the queue"
    services.save(people["coder"], transcript, SAID, expected=2, pause=True)
    assert Scores.objects.get().due_at > timezone.now() + timedelta(seconds=20)
    assert analysing.recover() == 0


def test_no_words_no_scores(transcript, people):
    services.save(people["coder"], transcript, [], expected=2)
    assert not Scores.objects.exists()


def test_where_the_law_prohibits_estimating_emotions_nothing_is_scored(transcript, people):
    analysing.compute(transcript.pk, 2)
    Study.objects.update(setting="workplace")
    transcript = Transcript.objects.select_related("participant__study").get()
    assert asking.current_scores(transcript.recording) is None
    assert presentation.Shown.of(transcript, services.current(transcript), hidden="").why == analysing.PROHIBITED
    services.save(people["coder"], transcript, SAID, expected=2)
    assert not Scores.objects.exists()


def test_while_the_newest_waits_what_did_not_change_keeps_its_scores(transcript, people):
    analysing.compute(transcript.pk, 2)
    changed = [[*ROWS[0][:3], "Bad morning."], ROWS[1]]
    services.save(people["coder"], transcript, changed, expected=2)
    transcript.refresh_from_db()
    assert asking.current_scores(transcript.recording) is None
    shown = presentation.Shown.of(transcript, services.current(transcript), hidden="")
    assert (shown.state, shown.older) == ("waiting", 2)
    parts = [presentation.unit(changed, index, shown)["parts"] for index in (0, 1)]
    assert "known" not in parts[0][0]
    assert parts[1][0]["known"]
