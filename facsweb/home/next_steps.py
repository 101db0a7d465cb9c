"""What waits for a person, by the roles they hold. Every list is short; pages show the rest.

A study may have a hundred thousand recordings: the database chooses what is listed, and no list is read further
than `MOST` rows.
"""

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
#: So many are read of what waits; that there are more is said, not how many.
MOST = 100
#: So many analyses in progress are listed, which open pages ask for every few seconds.
MOST_ACTIVE = 20


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


@dataclass(frozen=True, slots=True)
class Active:
    """Runs in progress: the first of them, with the words and the percentage of their stage, and how many more."""

    runs: list[tuple[AnalysisRun, str, int | None]]
    more: int


def active_runs(user: Any) -> Active:
    """Runs in progress in the user's studies, those that are worked on first."""
    studies = access.studies(user, "runs:detail")
    known = AnalysisRun.objects.filter(state__in=AnalysisRun.ACTIVE, recording__participant__study__in=studies)
    runs = known.defer(*HEAVY).select_related("recording__participant__study").order_by("-state", "created_at")
    found = list(runs[: MOST_ACTIVE + 1])
    place = places([run.pk for run in found if run.state == AnalysisRun.State.QUEUED])
    first = [(run, _words(run, place.get(run.pk)), percent(run)) for run in found]
    more = known.count() - MOST_ACTIVE if len(first) > MOST_ACTIVE else 0
    return Active(first[:MOST_ACTIVE], more)


def _words(run: AnalysisRun, place: Place | None) -> str:
    if run.state == AnalysisRun.State.QUEUED:
        return f"waiting for a worker, {place.words}" if place else "waiting for a worker"
    return NAMES.get(run.stage.partition(" ")[0], "starting").lower()


def for_analyst(user: Any) -> Analyst:
    """Recordings that can be analysed now, analyses that failed, participants whose consent is missing."""
    studies = _studies(user, Role.ADMINISTRATOR, Role.ANALYST)
    known = {study.pk: study for study in studies}

    def agreed(recording: Recording) -> bool:
        recording.participant.study = known[recording.participant.study_id]  # one study, no query a row
        return not services.missing_scopes(recording.participant, [Scope.VIDEO])

    ready = [one for one in _unfinished(studies).filter(~Exists(_runs_of()))[:MOST] if agreed(one)]
    failed = []
    for recording in with_progress(_unfinished(studies).filter(Exists(_runs_of(AnalysisRun.State.FAILED))))[:MOST]:
        progress = progress_of(recording)
        last = progress.run.state if progress.run else ""  # it may have been stopped since it failed
        if last == AnalysisRun.State.FAILED and agreed(recording):
            failed.append((recording, progress))
    asked = Consent.objects.filter(participant=OuterRef("pk"))
    people = Participant.objects.filter(~Exists(asked), study__in=studies).select_related("study")
    people = people.prefetch_related("consents")  # none, which is what each is asked
    missing = [(one, consent_state(one)) for one in people.order_by("study__name", "code")[:MOST]]
    return Analyst(ready, failed, missing, list(known.values()))


def _runs_of(*states: str) -> QuerySet[AnalysisRun]:
    """Runs of the recording of the query around this."""
    runs = AnalysisRun.objects.filter(recording=OuterRef("pk"))
    return runs.filter(state__in=states) if states else runs


def _unfinished(studies: QuerySet[Study]) -> QuerySet[Recording]:
    """Recordings without a run that finished or is under way, of participants who agreed to something."""
    agreed = Consent.objects.filter(participant=OuterRef("participant"), withdrawn_at=None)
    return (
        Recording.objects.filter(Exists(agreed), participant__study__in=studies)
        .filter(~Exists(_runs_of(*AnalysisRun.ACTIVE, AnalysisRun.State.SUCCEEDED)))
        .defer("media_info")
        .select_related("participant__study")
        .prefetch_related("participant__consents")
        .order_by("created_at")
    )


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
