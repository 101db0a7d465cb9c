"""The demonstration's interview: a second recording, with two voices, what they say, markers, and who speaks.

Over a minute long, so that engagement and indicators have something to say. The figure is rendered, the voices are
synthesised, the words invented (``analysis.training.interview`` made it all); its first sentence says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from facsweb.accounts.models import User
from facsweb.demo.seed import Demonstration, performer
from facsweb.demo.walk import Say, Walk
from facsweb.meaning import marking, speaking
from facsweb.recordings import services as recordings
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies import services as studies
from facsweb.studies.models import Role, Scope, Study
from facsweb.transcripts import services as transcripts

RECORDING: Final = Path(__file__).parent / "interview.mp4"
TRANSCRIPT: Final = RECORDING.with_suffix(".vtt")
MARKS: Final = RECORDING.with_suffix(".json")
TITLE: Final = "Interview with sound"
PARTICIPANT_CODE: Final = "P-002"
#: A slow machine may need many minutes; nobody waits for it.
_PATIENCE_S: Final = 3600.0
State = AnalysisRun.State
#: Which of the speakers is the face; the other one is in no picture.
FIGURE, VOICE = "Performer", "Interviewer"


def seed_interview(url: str, demonstration: Demonstration, say: Say) -> AnalysisRun | None:
    """Upload and analyse it, then say what a person would say of it; each step that was done before is left out.

    Returns
    -------
    AnalysisRun or None
        None where everything is there already, or the consent was withdrawn.

    Raises
    ------
    StepFailed
        A step did not do what it should; the next start tries again.
    """
    walk = Walk(url, demonstration, say)
    analyst = User.objects.get(email=demonstration.login(Role.ANALYST).email)
    participant = performer(analyst, Study.objects.get(pk=demonstration.study_id), PARTICIPANT_CODE)
    recording = Recording.objects.filter(participant=participant).first()
    done = recording is not None and marking.latest(marking.SPEAKERS, recording) is not None
    if done or studies.missing_scopes(participant, list(Scope)):  # a visitor may have tried a withdrawal
        return None
    if recording is None:
        accepted = walk.as_role(Role.ANALYST).upload(str(participant.pk), RECORDING)
        recording = Recording.objects.get(pk=accepted["id"])
        recordings.rename(analyst, recording, title=TITLE)
    marks = json.loads(MARKS.read_text(encoding="utf-8"))
    _describe(analyst, recording, marks["markers"])
    run = _analysed(walk, recording)
    faces = speaking.checked(run, {FIGURE: 0, VOICE: speaking.NOBODY}, {})
    marking.write(analyst, marking.SPEAKERS, recording, marks["speakers"], expected=0, faces=faces)
    return run


def _describe(analyst: User, recording: Recording, markers: list[dict[str, Any]]) -> None:
    """The words, and the questions, the task and the scene."""
    if transcripts.of_recording(recording) is None:
        data = TRANSCRIPT.read_bytes()
        upload = transcripts.receive(analyst, recording.participant, recording, name=TRANSCRIPT.name, data=data)
        transcripts.take(analyst, upload, title=f"{TITLE} (invented words)", language="en")
    if marking.latest(marking.MARKERS, recording) is None:
        marking.write(analyst, marking.MARKERS, recording, markers, expected=0)


def _analysed(walk: Walk, recording: Recording) -> AnalysisRun:
    """The finished analysis; one that was interrupted goes on by itself."""
    run = recording.runs.exclude(state__in=[State.FAILED, State.CANCELLED]).first()
    if run is not None and run.state == State.SUCCEEDED:
        return run
    visitor = walk.as_role(Role.ANALYST)
    if run is None:
        pk = walk.begin(visitor, reverse("runs:start", args=[recording.pk]))
        run = AnalysisRun.objects.get(pk=pk)
    walk.follow(visitor, str(run.pk), _PATIENCE_S)
    run.refresh_from_db()
    return run
