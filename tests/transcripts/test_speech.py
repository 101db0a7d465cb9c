"""Speech recognition: asked for, done once, kept as a revision. The library is a stand-in: no weights ship."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from facsweb.recordings.models import Recording
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts import services, speech
from facsweb.transcripts.models import Recognition, Transcript

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(recording, monkeypatch, tmp_path):
    """A recording with sound, a model folder, and a library that hears two sentences; what happens meanwhile."""
    Recording.objects.update(has_audio=True)
    recording.refresh_from_db()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).touch()
    monkeypatch.setenv("FACSWEB_SPEECH_MODEL", str(tmp_path))
    about = SimpleNamespace(recording=recording, meanwhile=lambda: None)

    class WhisperModel:
        def __init__(self, folder, **options):
            assert options["local_files_only"]

        def transcribe(self, media, *, language, vad_filter):
            def segments():
                yield SimpleNamespace(start=0.5, end=2.0, text=" Good morning. How are you?")
                about.meanwhile()
                yield SimpleNamespace(start=9.0, end=11.0, text=" Bye.")

            return segments(), SimpleNamespace(language="en")

    library = ModuleType("faster_whisper")
    library.__spec__ = ModuleSpec("faster_whisper", None)
    library.WhisperModel = WhisperModel
    monkeypatch.setitem(sys.modules, "faster_whisper", library)
    return about


def test_it_is_not_available_without_sound_and_says_what_is_missing(recording):
    assert speech.why_not_recognised(recording) == speech.NO_SOUND
    Recording.objects.update(has_audio=True)
    recording.refresh_from_db()
    assert "Whoever runs this installation" in speech.why_not_recognised(recording)


def test_what_is_heard_becomes_a_revision_within_the_recording(heard, people):
    speech.ask(people["coder"], heard.recording)
    speech.ask(people["analyst"], heard.recording)
    assert Recognition.objects.get().asked_by == people["coder"]
    heard.meanwhile = lambda: reached.append(Recognition.objects.get().reached_us)
    reached: list[int] = []
    speech.perform(heard.recording.pk)
    transcript = Transcript.objects.get()
    newest = services.current(transcript)
    assert (transcript.source, newest.action, newest.author) == ("speech", "speech", people["coder"])
    assert [row[3] for row in newest.units] == ["Good morning.", "How are you?", "Bye."]
    assert newest.units[-1][1] == 10_000_000
    assert reached == [2_000_000]
    assert not Recognition.objects.exists()
    speech.perform(heard.recording.pk)
    assert transcript.revisions.count() == 1


def test_a_withdrawal_meanwhile_throws_it_away(heard, consent, people):
    speech.ask(people["coder"], heard.recording)
    heard.meanwhile = lambda: withdraw(people["analyst"], consent, reason="not stated")
    speech.perform(heard.recording.pk)
    assert not Recognition.objects.exists()
    assert not Transcript.objects.exists()


def test_a_failure_is_said_and_can_be_asked_again(heard, people):
    def broken():
        raise RuntimeError("out of memory")

    speech.ask(people["coder"], heard.recording)
    heard.meanwhile = broken
    speech.perform(heard.recording.pk)
    assert "out of memory" in Recognition.objects.get().error
    speech.ask(people["analyst"], heard.recording)
    assert Recognition.objects.get().state == "waiting"
    Recognition.objects.update(state="running", attempts=3)
    speech.perform(heard.recording.pk)
    assert Recognition.objects.get().error == speech.GIVEN_UP


def test_it_needs_consent_to_voice_and_words(heard, consent, people):
    type(consent).objects.update(scopes=["video", "text"])
    heard.recording.refresh_from_db()
    with pytest.raises(ConsentMissing):
        speech.ask(people["coder"], heard.recording)
