"""Pages of transcripts and documents, as people in each role find them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts import analysing, hooks, services
from facsweb.transcripts.models import Recognition, Transcript, Upload
from tests.transcripts.conftest import ROWS

pytestmark = pytest.mark.django_db


def text_of(response):
    return response.content.decode()


def at(name, transcript, *more):
    return reverse(f"transcripts:{name}", args=[transcript.pk, *more])


def test_the_recording_says_what_there_is(client_as, recording, people):
    page = reverse("recordings:detail", args=[recording.pk])
    said = text_of(client_as("coder").get(page))
    assert "Add a transcript" in said
    assert "Speech recognition: not available. This recording has no sound." in said
    transcript = services.begin(people["coder"], recording.participant, recording, title="x", language="en")
    services.save(people["coder"], transcript, ROWS, expected=1)
    said = text_of(client_as("coder").get(page))
    assert "Anna, Ben" in said
    assert "English" in said
    assert "Being analysed" in said
    assert "Add a transcript" not in said


def test_a_file_that_cannot_be_read_is_refused_where_it_was_chosen(client_as, recording):
    page = reverse("transcripts:add", args=[recording.pk])
    file = SimpleUploadedFile("a.srt", b"nothing")
    response = client_as("coder").post(page, {"do": "file", "file": file})
    assert response.status_code == 422
    assert "holds no cue" in text_of(response)
    assert not Upload.objects.exists()


def test_a_document_is_added_for_a_participant_who_agreed(client_as, study, participant, consent, people):
    page = reverse("transcripts:add_document", args=[study.pk])
    other = type(participant).objects.create(study=study, code="P-002", created_by=people["analyst"])
    client = client_as("coder")
    assert "P-002" not in text_of(client.get(page))
    named = {"do": "type", "type-title": "Diary", "type-language": ""}
    assert client.post(page, named | {"type-participant": other.pk}).status_code == 422
    assert client.post(page, named | {"type-participant": participant.pk}).status_code == 302
    file = SimpleUploadedFile("a.txt", b"I was so happy.")
    response = client.post(
        page, {"do": "file", "file-participant": participant.pk, "file-file": file}, follow=True
    )
    assert "I was so happy." in text_of(response)
    taken = client.post(
        response.redirect_chain[-1][0], {"do": "take", "title": "Answer", "language": "", "seen": "0"}
    )
    document = Transcript.objects.get(title="Answer")
    assert taken.url == at("detail", document)
    assert "Answer" in text_of(client.get(reverse("studies:detail", args=[study.pk])))
    assert "Diary" in text_of(client.get(reverse("transcripts:list", args=[study.pk])))


def test_a_participants_page_leads_to_a_document_of_theirs(client_as, study, participant, consent):
    client = client_as("coder")
    page = f"{reverse('transcripts:add_document', args=[study.pk])}?participant={participant.pk}"
    assert page in text_of(client.get(reverse("studies:participant", args=[participant.pk])))
    assert f'<option value="{participant.pk}" selected>' in text_of(client.get(page))
    for nonsense in ("x", "7"):
        assert client.get(page.replace(str(participant.pk), nonsense)).status_code == 200


def test_a_preview_is_thrown_away(client_as, participant, consent, people):
    upload = services.receive(people["coder"], participant, None, name="a.txt", data=b"Words.")
    client_as("coder").post(reverse("transcripts:preview", args=[upload.pk]), {"do": "throw"})
    assert not Upload.objects.exists()


def test_scores_stand_with_what_they_are_and_their_model(client_as, transcript):
    analysing.compute(transcript.pk, 2)
    said = text_of(client_as("coder").get(at("detail", transcript)))
    assert "say nothing certain about what the person felt" in said
    assert "text-emotion 1.0.0" in said
    assert f"{reverse('model_cards')}#card-text-emotion" in said
    assert "too few for an interval" in said
    assert "gratitude" in said


def test_who_codes_blind_reads_the_words_without_the_scores(client_as, transcript, monkeypatch):
    analysing.compute(transcript.pk, 2)
    monkeypatch.setattr(hooks, "hidden", [lambda user, recording: "You code this recording blind."])
    said = text_of(client_as("coder").get(at("detail", transcript)))
    assert "You code this recording blind." in said
    assert "Good morning." in said
    assert "gratitude" not in said


def test_a_blind_coding_hides_the_scores(people, transcript):
    from facsweb.coding.models import Layer
    from tests.factories import make_finished_run

    run = make_finished_run(transcript.recording, people["analyst"])
    Layer.objects.create(run=run, owner=people["coder"], kind="coder", mode="blind", state="open")
    assert hooks.why_hidden(people["coder"], transcript.recording)
    assert not hooks.why_hidden(people["analyst"], transcript.recording)
    assert not hooks.why_hidden(people["coder"], None)


def test_a_manager_reads_and_is_led_nowhere_else(client_as, transcript):
    client = client_as("manager")
    said = text_of(client.get(at("detail", transcript)))
    assert "Good morning." in said
    for name in ("edit", "history", "change", "delete"):
        assert at(name, transcript) not in said
        assert client.get(at(name, transcript)).status_code == 403
    assert f'"{reverse("studies:detail", args=[transcript.study.pk])}"' not in said
    assert at("detail", transcript) in text_of(client.get(reverse("transcripts:list", args=[transcript.study.pk])))
    assert reverse("transcripts:list", args=[transcript.study.pk]) in text_of(client.get(reverse("studies:list")))


def test_without_consent_the_words_are_shown_nowhere(client_as, transcript, consent, people):
    withdraw(people["analyst"], consent, reason="not stated")
    client = client_as("administrator")
    for address in (
        at("detail", transcript),
        at("history", transcript),
        at("revision", transcript, 2),
        at("edit", transcript),
        at("download", transcript, "txt"),
        reverse("recordings:detail", args=[transcript.recording_id]),
    ):
        response = client.get(address, follow=True)
        assert response.status_code == 200
        assert "Good morning" not in text_of(response), address
    client.post(at("delete", transcript))
    assert not Transcript.objects.exists()


def test_files_go_out_and_the_log_knows(client_as, transcript, people):
    client = client_as("coder")
    vtt = client.get(at("download", transcript, "vtt"))
    assert vtt["Content-Disposition"] == 'attachment; filename="Interview-1.vtt"'
    assert vtt.content.startswith(b"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v Anna>Good morning.")
    assert client.get(at("download", transcript, "original")).status_code == 404
    data = b"Anna: Hello.\r\n"
    upload = services.receive(
        people["coder"], transcript.participant, transcript.recording, name="ä.txt", data=data
    )
    services.take(people["coder"], upload, title="", language="")
    original = client.get(at("download", transcript, "original"))
    assert original.content == data
    assert "%C3%A4.txt" in original["Content-Disposition"]
    assert [
        one.details["kind"] for one in Entry.objects.filter(action="transcript.download").order_by("number")
    ] == [
        "vtt",
        "original",
    ]


def test_saving_answers_in_sentences(client_as, transcript, people):
    client = client_as("coder")

    def save(**body):
        return client.post(at("save", transcript), body, content_type="application/json")

    stored = save(expected=2, units=[[0, None, "", "New."]])
    assert (stored.status_code, stored.json()["revision"]) == (200, 3)
    wrong = save(expected=3, units=[[5, 4, "", "x"]])
    assert (wrong.status_code, wrong.json()["problems"]) == (
        422,
        [{"index": 0, "field": "end", "message": "It ends before it starts."}],
    )
    late = save(expected=2, units=[])
    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (409, "changed", 3)
    for body in (
        {},
        {"expected": True, "units": []},
        {"expected": 3, "units": 3},
        {"expected": 3, "units": [[1]]},
    ):
        assert save(**body).status_code == 400
    assert services.current(Transcript.objects.get()).number == 3


def test_history_shows_every_revision_and_brings_one_back(client_as, transcript, people):
    services.save(people["analyst"], transcript, [], expected=2)
    client = client_as("coder")
    said = text_of(client.get(at("history", transcript)))
    assert "Removed units 1–2." in said
    assert "Analyst Person" in said
    assert "Good morning." in text_of(client.get(at("revision", transcript, 2)))
    assert client.get(at("revision", transcript, 9)).status_code == 404
    client.post(at("restore", transcript), {"number": 2, "expected": 3})
    assert services.current(Transcript.objects.get()).units == ROWS


def test_recognition_under_way_is_shown(client_as, recording, people):
    Recognition.objects.create(
        recording=recording, asked_by=people["coder"], state="running", reached_us=5_000_000
    )
    client = client_as("coder")
    said = text_of(client.get(reverse("transcripts:add", args=[recording.pk])))
    assert "00:00:05.000 of 00:00:10.000" in said
    assert "The speech is being recognised" in text_of(
        client.get(reverse("recordings:detail", args=[recording.pk]))
    )
