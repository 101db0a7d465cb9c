"""Pages of practice: gold-standard segments, a coder's reliability over time, and how a try compared."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.agreement import CERTIFIED
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.practice import comparison, reliability, services
from facsweb.practice.forms import SegmentForm
from facsweb.practice.models import Attempt, Segment
from facsweb.studies import access
from facsweb.studies.models import Membership, Role, Study
from facsweb.studies.services import ConsentMissing
from facsweb.studies.views import crumbs

SEGMENT = ("layer__run__recording__participant__study", "layer__owner")
ATTEMPT = (
    "layer__run__recording__participant__study",
    "layer__owner",
    "segment__layer__run__recording__participant__study",
)


@require_GET
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Segments to practise on, and one's own reliability over time; leads see everybody's."""
    study = access.get(request, Study, pk)
    own = Q(attempts__layer__owner=request.user)
    segments = (
        Segment.objects.filter(layer__run__recording__participant__study=study, retired_at=None)
        .select_related("layer__run__recording__participant")
        .annotate(
            tries=Count("attempts", filter=own & Q(attempts__checked_at__isnull=False)),
            best=Max("attempts__index", filter=own),
            going_on=Count("attempts", filter=own & Q(attempts__checked_at=None)),
        )
    )
    pages = access.pages(request.user, study)
    found = reliability.points(request.user, study)
    context = {
        "study": study,
        "segments": segments,
        "pages": pages,
        "points": found[::-1],
        "drawing": reliability.drawing(found),
        "coders": _coders(study) if "practice:create" in pages else [],
        "certified": CERTIFIED,
        "crumbs": crumbs(study, ("Practice", "")),
    }
    return render(request, "practice/list.html", context)


def _coders(study: Study) -> list[dict[str, Any]]:
    members = Membership.objects.filter(study=study, role=Role.CODER).select_related("user")
    rows = [(member.user, reliability.points(member.user, study)) for member in members.order_by("user__name")]
    return [{"coder": user, "count": len(found), "last": found[-1] if found else None} for user, found in rows]


@require_http_methods(["GET", "POST"])
def segment_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    form = SegmentForm(request.POST or None, study=study, initial={"layer": request.GET.get("layer")})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            services.add_segment(
                request.user,
                said["layer"],
                name=said["name"],
                from_us=said["begin"],
                to_us=said["end"],
                codes=said["codes"],
            )
        except services.Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{said['name']}” is ready to practise on.")
            return redirect("practice:list", study.pk)
    context = {
        "study": study,
        "form": form,
        "possible": services.standards(study).exists(),
        "crumbs": crumbs(study, ("Practice", reverse("practice:list", args=[study.pk])), ("New segment", "")),
    }
    return render(request, "practice/create.html", context)


@require_POST
def start(request: HttpRequest, pk: UUID) -> HttpResponse:
    segment = access.get(request, Segment, pk, related=SEGMENT)
    try:
        begun = services.start(request.user, segment)
    except (services.Refused, ConsentMissing) as error:
        messages.error(request, str(error))
        return redirect("practice:list", segment.study.pk)
    return redirect(_workbench(begun))


def _workbench(attempt: Attempt) -> str:
    review = reverse("coding:review", args=[attempt.layer.run_id])
    return f"{review}?layer={attempt.layer_id}&at={attempt.segment.from_us}"


@require_POST
def retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    segment = access.get(request, Segment, pk, related=SEGMENT)
    services.retire_segment(request.user, segment)
    messages.success(request, f"“{segment.name}” is retired. Tries that were made stay.")
    return redirect("practice:list", segment.study.pk)


def _own_or_led(request: HttpRequest, pk: UUID) -> Attempt:
    found = access.get(request, Attempt, pk, related=ATTEMPT)
    if found.layer.owner_id != request.user.pk and not access.may(request.user, "practice:create", found):
        raise PermissionDenied
    if sight.codes_blind(request.user, found.segment.layer.run.recording):  # given to code after the try began
        raise PermissionDenied(sight.WHY_HIDDEN)
    return found


@require_GET
def attempt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How a try compared; before it is checked, the way back to it."""
    found = _own_or_led(request, pk)
    context = {
        "attempt": found,
        "segment": found.segment,
        "own": found.layer.owner_id == request.user.pk,
        "workbench": _workbench(found),
        "certified": CERTIFIED,
        "says": comparison.SAYS,
        "crumbs": crumbs(
            found.study, ("Practice", reverse("practice:list", args=[found.study.pk])), (found.segment.name, "")
        ),
    }
    if found.checked_at is not None:
        context |= {
            "overall": found.result["overall"],
            "rows": found.result["codes"],
            "differences": [{**one, "says": comparison.SAYS[one["kind"]]} for one in found.result["differences"]],
        }
    return render(request, "practice/attempt.html", context)


@require_POST
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _own_or_led(request, pk)
    services.check(request.user, found)
    return redirect("practice:attempt", found.pk)


@require_POST
def give_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _own_or_led(request, pk)
    study = found.study
    try:
        services.give_up(request.user, found)
        messages.success(request, "The try was removed; it does not count.")
    except services.Refused as error:
        messages.error(request, str(error))
    return redirect("practice:list", study.pk)


@require_GET
def feedback(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the standard says about each event so far; what is still missing is told only by the check."""
    found = _own_or_led(request, pk)
    verdicts = {
        event: {"kind": one.kind, "says": one.says, "gold": _as_seen(one.gold)}
        for event, one in comparison.verdicts(found).items()
    }
    response = JsonResponse({"events": verdicts, "open": found.layer.state == Layer.State.OPEN})
    response["Cache-Control"] = "private, no-store"
    return response


def _as_seen(gold: Any) -> dict[str, Any] | None:
    if gold is None:
        return None
    return {"facs": str(gold), "onset_us": gold.onset_us, "apex_us": gold.apex_us, "offset_us": gold.offset_us}
