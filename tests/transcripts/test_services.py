"""Transcripts are begun, taken, saved, brought back and deleted; consent comes first, and nothing is lost."""

from __future__ import annotations

import pytest

from analysis.types import AnalysisError
from facsweb.audit.models import Entry
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts import asking, services
from facsweb.transcripts.models import Revision, Scores, SourceFile, Transcript, Upload
from tests.transcripts.conftest import ROWS

pytestmark = pytest.mark.django_db
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>I am so glad.\n\n00:03.000 --> 00:04.500\n<v Ben>So am I.\n"


def uploaded(people, transcript):
    return services.receive(people["coder"], transcript.participant, transcript.recording, name="a.vtt", data=VTT)


def logged(action):
    return list(Entry.objects.filter(action=action).order_by("number"))


def test_typing_begins_with_nothing_and_every_save_is_a_revision(transcript, people):
    assert [(one.number, one.action, one.words, one.unit_count) for one in transcript.revisions.all()] == [
        (2, "edit", "Added 2 units at the beginning.", 2),
        (1, "type", "Began to type.", 0),
    ]
    changed = [ROWS[0], [*ROWS[1][:3], "It went badly."]]
    services.save(people["analyst"], transcript, changed, expected=2)
    newest = services.current(transcript.__class__.objects.get())
    assert (newest.number, newest.words, newest.author) == (3, "Changed unit 2.", people["analyst"])
    assert transcript.revisions.get(number=2).units == ROWS
    entry = logged("transcript.edit")[-1]
    assert entry.details["revision"] == 3
    assert "badly" not in str(entry.details)


def test_beginning_twice_is_once(recording, people):
    begun = [services.begin(people["coder"], recording.participant, recording, title="x") for _ in range(2)]
    assert begun[0] == begun[1]
    assert Revision.objects.count() == 1


def test_a_save_sent_twice_is_one_and_the_same_text_is_none(transcript, people):
    again = services.save(people["coder"], transcript, ROWS, expected=1)
    assert again.number == 2
    assert Revision.objects.count() == 2


def test_of_two_who_save_at_once_the_second_is_told(transcript, people):
    services.save(people["analyst"], transcript, ROWS[:1], expected=2)
    with pytest.raises(services.Changed, match="Analyst Person saved this transcript in the meantime"):
        services.save(people["coder"], transcript, ROWS[1:], expected=2)
    assert services.save(people["coder"], transcript, ROWS[1:], expected=3).number == 4


def test_an_earlier_revision_comes_back_as_a_new_one(transcript, people):
    services.save(people["coder"], transcript, [], expected=2)
    restored = services.restore(people["analyst"], transcript, number=2, expected=3)
    assert (restored.number, restored.restores, restored.units) == (4, 2, ROWS)
    with pytest.raises(services.Refused, match="says the same"):
        services.restore(people["analyst"], transcript, number=2, expected=4)
    with pytest.raises(services.Changed):
        services.restore(people["analyst"], transcript, number=3, expected=3)


def test_a_file_is_looked_at_then_taken_and_kept_as_it_came(recording, people):
    upload = services.receive(people["coder"], recording.participant, recording, name="C:\\x\\a.vtt", data=VTT)
    assert not Transcript.objects.exists()
    found = services.look(upload, shift_us=500_000)
    assert found.rows == [
        [1_500_000, 2_500_000, "Anna", "I am so glad."],
        [3_500_000, 5_000_000, "Ben", "So am I."],
    ]
    transcript = services.take(people["coder"], upload, title="", language="en", shift_us=500_000)
    newest = services.current(transcript)
    assert newest.units == found.rows
    assert bytes(newest.file.content) == VTT
    assert (newest.file.filename, newest.file.format) == ("a.vtt", "vtt")
    assert (transcript.language, transcript.recording, transcript.source) == ("en", recording, "file")
    assert logged("transcript.upload")[0].details["file_sha256"] == upload.sha256
    with pytest.raises(services.Refused, match="taken already"):
        services.take(people["coder"], upload, title="", language="")


def test_a_file_for_a_recording_that_has_a_transcript_is_its_next_revision(transcript, people):
    upload = services.receive(
        people["coder"], transcript.participant, transcript.recording, name="a.vtt", data=VTT
    )
    assert services.take(people["coder"], upload, title="", language="") == transcript
    assert [one.action for one in transcript.revisions.all()] == ["upload", "edit", "type"]


def test_documents_stand_alone_and_there_may_be_many(recording, people):
    for _ in range(2):
        upload = services.receive(people["coder"], recording.participant, None, name="a.txt", data=b"I was late.")
        services.take(people["coder"], upload, title="Diary", language="")
    assert Transcript.objects.filter(recording=None, title="Diary").count() == 2


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.vtt", b"", "empty"),
        ("a.vtt", b"x" * 10_000_001, "at most 10 MB"),
        ("a.exe", b"MZ", "no kind that is read here"),
        ("a.docx", b"PK\x03\x04 broken", "cannot be read as a Word document"),
        ("a.pdf", b"%PDF-1.7 broken", "a.pdf"),
        ("a.srt", b"no cue at all", "holds no cue"),
        ("a.txt", b" \n ", "no words"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(recording, people, name, data, said):
    with pytest.raises((services.Refused, AnalysisError), match=said):
        services.receive(people["coder"], recording.participant, recording, name=name, data=data)
    assert not Upload.objects.exists()


def test_a_second_upload_takes_the_place_of_the_first(recording, people):
    for name in ("a.vtt", "b.vtt"):
        services.receive(people["coder"], recording.participant, recording, name=name, data=VTT)
    services.receive(people["analyst"], recording.participant, recording, name="c.vtt", data=VTT)
    assert sorted(Upload.objects.values_list("filename", flat=True)) == ["b.vtt", "c.vtt"]
    assert services.waiting(people["coder"], recording.participant, recording).filename == "b.vtt"


def test_nothing_without_consent(participant, people):
    for attempt in (
        lambda: services.begin(people["coder"], participant, None, title="x"),
        lambda: services.receive(people["coder"], participant, None, name="a.vtt", data=VTT),
    ):
        with pytest.raises(ConsentMissing):
            attempt()


def test_a_withdrawal_forgets_uploads_and_scores_and_closes_the_words(transcript, consent, people):
    upload = services.receive(
        people["coder"], transcript.participant, transcript.recording, name="a.vtt", data=VTT
    )
    assert len(asking.current_units(transcript.recording)) == 2
    withdraw(people["analyst"], consent, reason="not stated")
    assert not Upload.objects.exists()
    assert not Scores.objects.exists()
    assert asking.current_units(transcript.recording) == []
    assert asking.current_scores(transcript.recording) is None
    participant = type(transcript.participant).objects.get()
    transcript = Transcript.objects.get()
    upload.participant = participant
    for attempt in (
        lambda: services.save(people["coder"], transcript, [], expected=2),
        lambda: services.restore(people["coder"], transcript, number=1, expected=2),
        lambda: services.take(people["coder"], upload, title="", language=""),
    ):
        with pytest.raises(ConsentMissing):
            attempt()
    assert transcript.revisions.count() == 2, "deleting is a decision of its own"


def test_units_for_others_have_words_and_both_times_or_none(transcript, people):
    rows = [*ROWS, [None, None, "", "Two\nlines"], [None, None, "", ""]]
    services.save(people["coder"], transcript, rows, expected=2)
    found = [
        (one.start_us, one.end_us, one.speaker, one.text) for one in asking.current_units(transcript.recording)
    ]
    assert found == [
        (0, 1_500_000, "Anna", "Good morning."),
        (2_000_000, 6_000_000, "Ben", "It went very well, thank you!"),
        (None, None, "", "Two lines"),
    ]


def test_deleting_takes_history_files_and_scores_and_the_log_keeps_the_hashes(transcript, people):
    upload = services.receive(
        people["coder"], transcript.participant, transcript.recording, name="a.vtt", data=VTT
    )
    services.take(people["coder"], upload, title="", language="")
    transcript.refresh_from_db()
    services.delete(people["administrator"], transcript)
    assert not any(model.objects.exists() for model in (Revision, SourceFile, Scores))
    assert logged("transcript.delete")[0].details["files"] == [upload.sha256]


def test_a_transcript_goes_with_its_recording_and_the_log_says_so(transcript, people):
    from facsweb.recordings.services import delete_recording

    upload = services.receive(
        people["coder"], transcript.participant, transcript.recording, name="a.vtt", data=VTT
    )
    services.take(people["coder"], upload, title="", language="")
    delete_recording(people["administrator"], transcript.recording)
    assert not Transcript.objects.exists()
    assert logged("transcript.delete")[0].details["with_recording"]


def test_title_and_language(transcript, people):
    services.describe(people["coder"], transcript, title=" New ", language="de")
    transcript.refresh_from_db()
    assert (transcript.title, transcript.language) == ("New", "de")
    services.describe(people["coder"], transcript, title="New", language="de")
    assert len(logged("transcript.change")) == 1
