"""The page of the people of a run, what it posts, and their pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from facsweb.accounts.models import User
from facsweb.recordings.views import crumbs
from facsweb.runs import people, people_forms, people_pictures, people_reading, people_state
from facsweb.runs.models import AnalysisRun
from facsweb.runs.people_forms import PeopleForm
from facsweb.runs.services import RunRefused
from facsweb.studies import access, signed_links
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import ConsentMissing, missing_scopes

STUDY = "recording__participant__study"


@require_GET
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everybody on the recording, and what can be done about who is who."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY, "created_by"))
    measured = people_reading.measured_by(run)
    may_change = access.may(request.user, "runs:people_change", run)
    where = crumbs(run.recording, "People")
    where.insert(-1, ("Analysis", reverse("runs:detail", args=[run.pk])))
    context: dict[str, Any] = {"run": run, "crumbs": where}
    try:
        seen = people_reading.seen_in(measured)
    except RunRefused as error:
        return render(request, "runs/people.html", context | {"error": str(error)})
    why_not = people.why_not(run)
    participants = Participant.objects.filter(study=run.study).prefetch_related("consents").select_related("study")
    covered = [one for one in participants if not missing_scopes(one, [Scope.VIDEO])]
    readings = [one for one in people_reading.readings(measured) if one.state == one.State.SUCCEEDED]
    number = people_reading.number_of(measured)
    newest = next((one for one in readings if one.parameters.get("people", 0) == number), None)
    context |= {
        "people": _rows(seen, people_reading.current(measured, seen), {str(one.pk): one for one in participants}),
        "revision": number,
        "history": measured.people_revisions.select_related("author").order_by("-number"),
        "participants": covered,
        "why_not": why_not,
        "may_change": may_change and not why_not,
        "has_picture": not missing_scopes(run.recording.participant, [Scope.VIDEO]),
        "is_read": people_reading.is_read(measured),
        "newest": newest,
        "active": next((one for one in people_reading.readings(measured) if one.is_active), None),
    }
    return render(request, "runs/people.html", context)


def _rows(
    seen: Any, everybody: list[people_state.Somebody], participants: dict[str, Participant]
) -> list[dict[str, Any]]:
    withheld = people_reading.without_consent(everybody)
    rows = []
    for number, one in enumerate(everybody):
        stretches = people_state.stretches(seen, one)
        rows.append(
            {
                "number": number,
                "name": number + 1,
                "participant": participants.get(one.participant),
                "left_out": one.person.left_out or one.participant in withheld,
                "withheld": one.participant in withheld,
                "frames": sum(stretch.frames for stretch in stretches),
                "first_us": min((stretch.first_us for stretch in stretches), default=None),
                "last_us": max((stretch.last_us for stretch in stretches), default=None),
                "stretches": stretches,
            }
        )
    return rows


@require_POST
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Merge, split, name or undo, and come back to the page."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY, "created_by"))
    form = PeopleForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
    else:
        try:
            messages.success(request, _change(request.user, run, form.cleaned_data))  # type: ignore[arg-type]
        except (RunRefused, ConsentMissing) as error:
            messages.error(request, str(error))
    return redirect("runs:people", pk=run.pk)


def _change(actor: User, run: AnalysisRun, asked: dict[str, Any]) -> str:
    """Do what the form says; what was done, as a sentence."""
    action, expected, number = asked["action"], asked["expected"], asked["number"]
    if action == people_forms.READ:
        people_reading.read_again(actor, people_reading.measured_by(run))
        return "The measurement is being read again."
    if action == people_forms.MERGE:
        revision = people.merge(actor, run, expected=expected, number=number, other=asked["other"])
    elif action == people_forms.TRACKS:
        revision = people.split_tracks(actor, run, expected=expected, number=number, chosen=set(asked["tracks"]))
    elif action == people_forms.TIME:
        revision = people.split_at(actor, run, expected=expected, number=number, time_us=asked["time"])
    elif action == people_forms.UNDO:
        revision = people.undo(actor, run, expected=expected)
    else:
        left_out = asked["who"] == people_forms.LEFT_OUT
        participant = None if left_out or not asked["who"] else _participant(run, asked["who"])
        revision = people.assign(
            actor, run, expected=expected, number=number, participant=participant, left_out=left_out
        )
    return f"{revision.words} The measurement is read again by it; that takes seconds."


def _participant(run: AnalysisRun, pk: str) -> Participant:
    try:
        return Participant.objects.select_related("study").get(pk=pk, study=run.study)
    except (Participant.DoesNotExist, ValidationError):
        raise RunRefused("There is no such participant in this study.") from None


@require_GET
def picture(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """A small picture of a person, cut from the recording; never kept, here or in the browser."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY,))
    try:
        content = people_pictures.picture(people_reading.measured_by(run), number)
    except (RunRefused, ConsentMissing) as error:
        raise Http404(str(error)) from error
    if (answer := signed_links.instead(request)) is not None:
        return answer
    response = HttpResponse(content, content_type="image/jpeg")
    response.headers["Cache-Control"] = "private, no-store"
    return response
