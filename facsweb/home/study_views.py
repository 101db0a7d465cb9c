"""The study page and the participant page, which join participants with recordings, runs and sign-offs."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from facsweb.home.progress import progress_of, with_progress
from facsweb.recordings.models import Recording
from facsweb.studies import access, law, services
from facsweb.studies.models import Consent, Membership, Participant, Scope, Study
from facsweb.transcripts.presentation import documents

PARTICIPANTS_A_PAGE = 50


@require_GET
def study(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    participants = study.participants.select_related("cohort").prefetch_related(
        "consents", Prefetch("recordings", queryset=with_progress(Recording.objects.order_by("created_at")))
    )
    page = Paginator(participants, PARTICIPANTS_A_PAGE).get_page(request.GET.get("page"))
    rows = [_row(participant, study) for participant in page]
    context = {
        "study": study,
        "law": law.sentence(study),
        "page": page,
        "rows": rows,
        "columns": range(1, max((len(row["recordings"]) for row in rows), default=0) + 1),
        "scopes": list(Scope),
        "form": services.current_form(study),
        "people": _people(study),
        "documents": documents(study),
        "pages": access.pages(request.user, study),
        "crumbs": [("Studies", reverse("studies:list")), (study.name, "")],
    }
    return render(request, "home/study.html", context)


def _row(participant: Participant, study: Study) -> dict[str, object]:
    participant.study = study  # the law of the place decides what a consent covers; one study, no query a row
    recordings = [(recording, progress_of(recording)) for recording in participant.recordings.all()]
    return {"participant": participant, "consent": consent_state(participant), "recordings": recordings}


def consent_state(participant: Participant) -> dict[str, object]:
    """A participant's consent in a word and a tone, and the scopes it covers."""
    consent = services.current_consent(participant)
    if consent:
        missing = set(services.missing_scopes(participant, list(Scope)))
        covered = [scope for scope in Scope if scope not in missing]
        return {"label": "Given", "tone": "good", "consent": consent, "covered": covered}
    if participant.consents.all():
        return {"label": "Withdrawn", "tone": "bad", "consent": None, "covered": []}
    return {"label": "Missing", "tone": "attention", "consent": None, "covered": []}


def _people(study: Study) -> list[tuple[str, list[str]]]:
    """Members by name with their roles in words."""
    people: dict[str, list[str]] = {}
    memberships = Membership.objects.filter(study=study).select_related("user").order_by("user__name", "role")
    for membership in memberships:
        people.setdefault(str(membership.user), []).append(membership.get_role_display())
    return list(people.items())


@require_GET
def participant(request: HttpRequest, pk: UUID) -> HttpResponse:
    participant = access.get(request, Participant, pk, related=["study", "cohort"])
    consents = Consent.objects.select_related("form", "recorded_by").prefetch_related("withdrawals__recorded_by")
    recordings = with_progress(participant.recordings.order_by("-created_at"))
    history = list(consents.filter(participant=participant))
    current = services.consent_in_force(history)
    context = {
        "participant": participant,
        "study": participant.study,
        "state": consent_state(participant),
        "current": current,
        "missing": services.missing_scopes(participant, current.form.scopes) if current else [],
        "history": history,
        "newest_form": services.current_form(participant.study),
        "recordings": [(recording, progress_of(recording)) for recording in recordings],
        "may_record": not services.missing_scopes(participant, [Scope.VIDEO]),
        "pages": access.pages(request.user, participant.study),
        "crumbs": [
            ("Studies", reverse("studies:list")),
            (participant.study.name, reverse("studies:detail", args=[participant.study_id])),
            (participant.code, ""),
        ],
    }
    return render(request, "home/participant.html", context)
