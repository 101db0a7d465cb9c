"""Start page by role, model cards, health."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_safe

from facsweb.coding.comments import mentions_for
from facsweb.home import cards, next_steps, queue
from facsweb.studies.models import Role

# htmx stops asking after this status.
STOP_POLLING = 286


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    roles = next_steps.roles(request.user)
    known = next_steps.active_runs(request.user)
    active = known.runs
    if request.htmx and request.GET.get("part") == "runs":
        context = {"active": active, "more_active": known.more}
        return render(request, "home/runs.html", context, status=200 if active else STOP_POLLING)
    user = request.user
    context = {
        "roles": roles,
        "active": active,
        "more_active": known.more,
        "mentions": mentions_for(user),
        "analyst": next_steps.for_analyst(user) if Role.ANALYST in roles else None,
        "coder": queue.for_coder(user) if Role.CODER in roles else None,
        "coded_studies": next_steps.coded_studies(user) if Role.CODER in roles else [],
        "second": next_steps.for_second(user),
        "reports": next_steps.for_manager(user) if Role.MANAGER in roles else None,
        "administrator": next_steps.for_administrator(user) if Role.ADMINISTRATOR in roles else None,
        "short": f":{next_steps.SHORT}",
        "most": next_steps.MOST,
    }
    return render(request, "home/home.html", context)


@require_GET
def model_cards(request: HttpRequest) -> HttpResponse:
    context = {"cards": cards.cards(), "models": cards.models(), **cards.scorer()}
    return render(request, "home/model_cards.html", context)


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """This process answers; whether it can work, ``/readyz`` says."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("img/favicon.svg"), permanent=True)
