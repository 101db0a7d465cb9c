"""What waits for a person, by the roles they hold. Every list is short; pages show the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from facsweb.coding.sight import blind_recordings
from facsweb.home.progress import HEAVY, percent, progress_of, with_progress
from facsweb.home.study_views import consent_state
from facsweb.processes.place import Place, places
from facsweb.recordings.models import Recording
from facsweb.reports.models import Report
from facsweb.reports.second import SECOND
from facsweb.runs.models import AnalysisRun
from facsweb.runs.progress import NAMES
from facsweb.studies import access, services
from facsweb.studies.models import Consent, Membership, Participant, Role, Scope, Study

SHORT = 8
RUNS_SHOWN = 20


def roles(user: Any) -> frozenset[Role]:
    """Every role the user holds in any study."""
    return frozenset(Role(role) for role in Membership.objects.filter(user=user).values_list("role", flat=True))


def _studies(user: Any, *held: Role) -> QuerySet[Study]:
    return Study.objects.filter(pk__in=Membership.objects.filter(user=user, role__in=held).values("study"))


def coded_studies(user: Any) -> list[Study]:
    """Studies in which the user codes, by name: each has a page to practise on."""
    return list(_studies(user, Role.CODER).order_by("name"))


@dataclass(frozen=True, slots=True)
class Analyst:
    """What waits for somebody who records and analyses."""

    ready: list[Recording]
    failed: list[tuple[Recording, Any]]
    without_consent: list[tuple[Participant, dict[str, object]]]
    studies: list[Study]


def active_runs(user: Any) -> list[tuple[AnalysisRun, str, int | None]]:
    """Runs in progress in the user's studies, with the words and the percentage of their current stage.

    The oldest `RUNS_SHOWN` of them: a study may have thousands that wait.
    """
    runs = (
        AnalysisRun.objects.defer(*HEAVY)
        .filter(
            state__in=AnalysisRun.ACTIVE, recording__participant__study__in=access.studies(user, "runs:detail")
        )
        .select_related("recording__participant__study")
        .order_by("created_at")[:RUNS_SHOWN]
    )
    place = places([run.pk for run in runs if run.state == AnalysisRun.State.QUEUED])
    return [(run, _words(run, place.get(run.pk)), percent(run)) for run in runs]


def _words(run: AnalysisRun, place: Place | None) -> str:
    if run.state == AnalysisRun.State.QUEUED:
        return f"waiting for a worker, {place.words}" if place else "waiting for a worker"
    return NAMES.get(run.stage.partition(" ")[0], "starting").lower()


def for_analyst(user: Any) -> Analyst:
    """Recordings that can be analysed now, analyses that failed, participants whose consent is missing."""
    studies = _studies(user, Role.ADMINISTRATOR, Role.ANALYST)
    finished_or_active = AnalysisRun.objects.filter(
        recording=OuterRef("pk"), state__in=[*AnalysisRun.ACTIVE, AnalysisRun.State.SUCCEEDED]
    )
    waiting = (
        with_progress(Recording.objects.filter(participant__study__in=studies))
        .filter(~Exists(finished_or_active))
        .select_related("participant__study")
        .prefetch_related("participant__consents")
        .order_by("created_at")
    )
    ready, failed = [], []
    for recording in waiting:
        progress = progress_of(recording)
        if services.missing_scopes(recording.participant, [Scope.VIDEO]):
            continue
        if progress.run is None:
            ready.append(recording)
        elif progress.run.state == AnalysisRun.State.FAILED:
            failed.append((recording, progress))
    people = Participant.objects.filter(study__in=studies).select_related("study").prefetch_related("consents")
    states = [(participant, consent_state(participant)) for participant in people.order_by("study__name", "code")]
    missing = [(participant, state) for participant, state in states if state["label"] == "Missing"]
    return Analyst(ready, failed, missing, list(studies))


def for_manager(user: Any) -> list[Report]:
    """Signed reports of the user's studies, newest first."""
    return list(
        Report.objects.filter(
            sign_off__layer__run__recording__participant__study__in=_studies(user, Role.MANAGER),
            state=Report.State.READY,
        )
        .exclude(sign_off__layer__run__recording__in=blind_recordings(user))
        .select_related("sign_off__signer", "sign_off__layer__run__recording__participant__study")
        .defer("sign_off__content", *(f"sign_off__layer__run__{column}" for column in HEAVY))
        .order_by("-created_at")[:SHORT]
    )


def for_second(user: Any) -> list[Report]:
    """Reports that wait for a second signature which the user may give, the oldest first."""
    studies = Membership.objects.filter(user=user, role__in=SECOND).values("study")
    return list(
        Report.objects.filter(
            sign_off__layer__run__recording__participant__study__in=studies, state=Report.State.AWAITING
        )
        .exclude(sign_off__signer=user)
        .exclude(sign_off__layer__run__recording__in=blind_recordings(user))
        .select_related("sign_off__signer", "sign_off__layer__run__recording__participant__study")
        .defer("sign_off__content", *(f"sign_off__layer__run__{column}" for column in HEAVY))
        .order_by("sign_off__signed_at")
    )


@dataclass(frozen=True, slots=True)
class Administrator:
    """The studies somebody runs, and the consents that were withdrawn in them."""

    studies: list[Study]
    withdrawn: list[Consent]


def for_administrator(user: Any) -> Administrator:
    """Studies with numbers of members and participants; the latest withdrawals."""
    studies = _studies(user, Role.ADMINISTRATOR)
    counted = studies.annotate(
        member_count=Count("memberships__user", distinct=True),
        participant_count=Count("participants", distinct=True),
        recording_count=Count("participants__recordings", distinct=True),
    )
    withdrawn = (
        Consent.objects.filter(participant__study__in=studies)
        .filter(~Q(withdrawn_at=None))
        .select_related("participant__study")
        .order_by("-withdrawn_at")[:SHORT]
    )
    return Administrator(list(counted), list(withdrawn))
