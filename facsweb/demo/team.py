"""A second demonstration study in which several people already worked: codings, agreement, adjudication, practice.

Nobody coded anything here. The recording is the demonstration's, a rendered performer whose true movements are
known; one coding says them, two others vary them a little, as people do. Study, plans, notes and names say so.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from analysis.facs.codes import CATALOGUE
from facsweb.accounts.models import User
from facsweb.agreement import beginning
from facsweb.assignments import services as assignments
from facsweb.assignments.plan import Plan, Work
from facsweb.audit.services import record
from facsweb.coding import services as coding
from facsweb.coding import workflow
from facsweb.coding.models import Layer
from facsweb.demo.seed import SECOND_CODER, Demonstration
from facsweb.practice import services as practice
from facsweb.recordings import files
from facsweb.recordings.models import Recording
from facsweb.reports import services as reports
from facsweb.runs import attempts
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.storage import shelf
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, Participant, Role, Scope, Study

STUDY_NAME: Final = "Demonstration: two coders, one adjudication"
PARTICIPANT_CODE: Final = "D-001"
NOTE: Final = "Demonstration: written by a program, coded by nobody."

#: Code, intensity, onset, apex and offset in milliseconds.
Said = tuple[str, str, int, int, int]
#: What the rendered performer does.
TRUE: Final[tuple[Said, ...]] = (
    ("45", "", 500, 640, 860),
    ("12", "D", 1000, 1700, 4800),
    ("6", "D", 1100, 1800, 4700),
    ("25", "C", 1400, 1900, 4200),
    ("45", "", 5300, 5440, 5660),
    ("12", "C", 6000, 6400, 8200),
    ("45", "", 8800, 8940, 9160),
)
#: Late by a few frames, one intensity lower.
FIRST: Final[tuple[Said, ...]] = (
    ("45", "", 520, 640, 840),
    ("12", "D", 1080, 1760, 4720),
    ("6", "C", 1160, 1840, 4600),
    ("25", "C", 1440, 1920, 4160),
    ("45", "", 5320, 5440, 5640),
    ("12", "C", 6040, 6440, 8120),
    ("45", "", 8800, 8920, 9120),
)
#: The cheeks rise much later, a blink is missed, the eyes are said to narrow.
SECOND: Final[tuple[Said, ...]] = (
    ("45", "", 500, 600, 840),
    ("12", "D", 1040, 1720, 4840),
    ("6", "D", 1900, 2200, 4640),
    ("25", "B", 1400, 1880, 4080),
    ("7", "B", 2000, 2600, 3800),
    ("45", "", 5280, 5440, 5640),
    ("12", "B", 6080, 6440, 8000),
)
#: A try at the first smile: one movement is missed, one is too weak.
TRY: Final[tuple[Said, ...]] = (
    ("45", "", 520, 640, 840),
    ("12", "D", 1080, 1720, 4760),
    ("25", "B", 1400, 1920, 4240),
)
SEGMENT_US: Final = (0, 5_200_000)


def seed_team(demonstration: Demonstration) -> Study | None:
    """Make the study once; None where it is there already, or where nothing is analysed that it could copy."""
    administrator = User.objects.get(email=demonstration.login(Role.ADMINISTRATOR).email)
    if Study.objects.filter(name=STUDY_NAME, created_by=administrator).exists():
        return None
    run = AnalysisRun.objects.filter(
        recording__participant=demonstration.participant_id, state=AnalysisRun.State.SUCCEEDED
    ).first()
    if run is None:
        return None
    with transaction.atomic():
        return _make(demonstration, administrator, run)


def _make(demonstration: Demonstration, lead: User, source: AnalysisRun) -> Study:
    people = {login.email: User.objects.get(email=login.email) for login in demonstration.logins}
    roles = (Role.ANALYST, Role.CODER, Role.MANAGER)
    analyst, one, manager = (people[demonstration.login(role).email] for role in roles)
    two = people[SECOND_CODER[0]]
    study = studies.create_study(
        lead,
        name=STUDY_NAME,
        purpose="To show how codings are shared out, compared and settled. A program wrote these codings from "
        "what a rendered performer does; no person coded them, and their figures say nothing about people.",
        setting="research",
        jurisdiction="Germany",
    )
    coders = [(user, Role.CODER) for user in (one, two, lead, analyst)]
    for user, role in ((analyst, Role.ANALYST), (manager, Role.MANAGER), *coders):
        studies.add_member(lead, study, user, role)
    participant = studies.create_participant(analyst, study, code=PARTICIPANT_CODE)
    studies.record_consent(
        analyst,
        participant,
        studies.current_form(study),
        scopes=[Scope.VIDEO],
        method=Consent.Method.ON_SCREEN,
        signature="Rendered performer",
    )
    run = copied(analyst, participant, source, title="Demonstration, coded twice")
    settled = coded(analyst, run, "Demonstration: the standard (written by a program)", {lead: TRUE})[0]
    reports.sign(
        lead,
        settled,
        password=demonstration.login(Role.ADMINISTRATOR).password,
        statement=f"{NOTE} {reports.statement_for(settled)}",
    )
    both = {one: FIRST, two: SECOND}
    first, second = coded(analyst, run, "Demonstration: coded twice (written by a program)", both)
    beginning.start(lead, first, second, adjudicator=lead)
    settled.refresh_from_db()
    segment = practice.add_segment(
        analyst, settled, name="Demonstration: the first five seconds", from_us=SEGMENT_US[0], to_us=SEGMENT_US[1]
    )
    # The analyst learns to code; whoever codes the recording blind may not see the standard.
    attempt = practice.start(analyst, segment)
    _write(analyst, attempt.layer, TRY)
    practice.check(analyst, attempt)
    return study


def copied(analyst: User, participant: Participant, source: AnalysisRun, *, title: str) -> AnalysisRun:
    """The analysed recording once more, for another participant; analysing it again would say the same."""
    folder, results = shelf.bring(files.recording_folder(source.recording_id)), result_dir(source)
    recording = Recording.objects.get(pk=source.recording_id)
    recording.pk, recording._state.adding = uuid.uuid4(), True
    recording.participant, recording.title = participant, title
    for kept in (recording.original, recording.proxy):
        kept.name = (kept.name or "").replace(str(source.recording_id), str(recording.pk))
    shutil.copytree(folder, files.recording_folder(recording.pk))
    shelf.keep(files.recording_folder(recording.pk))
    recording.save()
    run = AnalysisRun.objects.get(pk=source.pk)
    run.pk, run._state.adding = uuid.uuid4(), True
    run.recording, run.stills = recording, 0
    run.folder = f"runs/{run.pk}/{run.attempt}"
    shutil.copytree(results, shelf.path(run.folder))
    shelf.keep(run.folder)
    run.save()
    attempts.note(run.pk, run.attempt, "Copied from the analysis of the demonstration recording.")
    record(analyst, "demonstration.copy", run, copied_from=str(source.pk))
    return run


def coded(analyst: User, run: AnalysisRun, name: str, codings: Mapping[User, Sequence[Said]]) -> list[Layer]:
    """Codings that were planned, coded blind and, where there are two, submitted; in the order of `codings`."""
    together = len(codings) > 1
    works = tuple(
        Work(
            run=run.pk,
            title=run.recording.title,
            coder=user.pk,
            spans=(),
            long_us=run.recording.duration_us,
            ending="adjudication" if together else "sign_off",
        )
        for user in codings
    )
    plan = Plan(works=works, doubled=int(together), skipped=(), alone=(), nobody=())
    said = {
        **{"id": uuid.uuid4(), "name": name, "what": "whole", "mode": Layer.Mode.BLIND, "due": None, "seed": 1},
        **{"double": 100 if together else 0, "instructions": NOTE},
        **{"recordings": [str(run.pk)], "coders": [str(user.pk) for user in codings]},
    }
    assignments.create_batch(analyst, run.study, plan, said)
    layers = []
    for user, events in codings.items():
        layer = workflow.begin(user, Layer.objects.get(run=run, owner=user, kind=Layer.Kind.CODER))
        _write(user, layer, events)
        layer.refresh_from_db()
        layers.append(workflow.submit(user, layer) if together else layer)
    return layers


def _write(user: User, layer: Layer, events: Sequence[Said]) -> None:
    for code, intensity, *times_ms in events:
        content: dict[str, Any] = {
            "code": code,
            "side": "both" if CATALOGUE[code].sided else "",
            "intensity": intensity if CATALOGUE[code].has_intensity else "",
            "note": NOTE,
            **dict(zip(("onset_us", "apex_us", "offset_us"), (ms * 1000 for ms in times_ms), strict=True)),
        }
        coding.create_event(user, layer, content)
