"""The demonstration's interview: that its files fit each other, and what is said of it once it is analysed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis import media
from analysis.text.reading import read
from facsweb.audit.models import Entry
from facsweb.demo import interview
from facsweb.demo import seed as seeding
from facsweb.meaning import inputs, marking, speaking
from facsweb.meaning.models import Markers, Speakers
from facsweb.studies.models import Consent, Participant
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts.asking import current_units
from tests.factories import make_finished_run, make_recording

MARKS = json.loads(interview.MARKS.read_text(encoding="utf-8"))


def test_it_has_sound_and_is_long_enough_for_indicators():
    found = media.probe(interview.RECORDING)
    assert found.audio is not None
    assert found.playable_in_browser
    assert found.duration_us >= 75_000_000
    assert interview.RECORDING.stat().st_size < 3_000_000


def test_its_first_sentences_say_what_it_is():
    said = read(interview.TRANSCRIPT).units
    assert "demonstration" in said[0].text
    assert all(word in said[1].text for word in ("rendered", "synthetic", "invented"))


def test_words_speakers_and_markers_lie_in_it_and_fit_each_other():
    end_us = media.probe(interview.RECORDING).duration_us
    segments = marking.checked(marking.SPEAKERS, MARKS["speakers"], end_us)
    assert {one["speaker"] for one in segments} == {interview.FIGURE, interview.VOICE}
    lines = {(unit.start_us, unit.speaker) for unit in read(interview.TRANSCRIPT).units}
    assert {(one["start_us"], one["speaker"]) for one in segments} <= lines
    kinds = {one["kind"] for one in marking.checked(marking.MARKERS, MARKS["markers"], end_us)}
    assert kinds == {"question", "task", "scene"}


def test_speech_is_heard_where_the_transcript_says():
    from analysis.voice import activity
    from analysis.voice.audio import blocks, mono

    detector, likely = activity.SpeechDetector(), []
    pieces = [mono(block) for block in blocks(interview.RECORDING)]
    for number, piece in enumerate(pieces):
        likely.append(detector.push(2 * piece, final=number == len(pieces) - 1))
    seconds = sum(map(len, pieces)) / 16_000
    heard = _marked([(a, b) for a, b in activity.speech(np.concatenate(likely), round(seconds * 1e6))], seconds)
    said = _marked([(one["start_us"], one["end_us"]) for one in MARKS["speakers"]], seconds)
    assert np.mean(heard == said) > 0.9


def _marked(spans: list[tuple[int, int]], seconds: float) -> np.ndarray:
    time_us = np.arange(0, seconds * 1e6, 20_000)
    return np.any([(time_us >= a) & (time_us < b) for a, b in spans], axis=0)


@pytest.fixture
def analysed(db, settings, tmp_path):
    """The demonstration with an analysed recording of so many seconds, before anything is said of it."""
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    made = seeding.seed()
    study = Participant.objects.get(pk=made.participant_id).study
    participant = seeding.performer(study.created_by, study, interview.PARTICIPANT_CODE)
    recording = make_recording(participant, study.created_by)
    recording.duration_us = 80_000_000
    recording.save(update_fields=["duration_us"])
    return made, make_finished_run(recording, study.created_by)


def test_words_markers_and_speakers_are_stored_as_people_store_them(analysed):
    made, run = analysed
    # the address answers nobody: what is there already is not asked for over the network
    assert interview.seed_interview("http://127.0.0.1:9/", made, print) == run
    recording = run.recording
    assert len(inputs.latest_marks(Markers, recording)) == len(MARKS["markers"])
    assert len(inputs.latest_marks(Speakers, recording)) == len(MARKS["speakers"])
    who = speaking.resolved(speaking.latest(recording), run)
    assert who == {interview.FIGURE: 0, interview.VOICE: None}
    assert {unit.speaker for unit in current_units(recording)} == {interview.FIGURE, interview.VOICE}
    actions = set(Entry.objects.values_list("action", flat=True))
    assert {"markers.write", "speakers.write", "transcript.upload"} <= actions
    assert interview.seed_interview("http://127.0.0.1:9/", made, print) is None  # once


def test_after_a_withdrawal_it_is_left_alone(analysed):
    made, run = analysed
    withdraw(run.created_by, Consent.objects.get(participant=run.recording.participant), reason="To see.")
    assert interview.seed_interview("http://127.0.0.1:9/", made, print) is None
    assert not Markers.objects.exists()
