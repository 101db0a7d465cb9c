"""What machines ask: whether this host may get requests, and its figures."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET, require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from facsweb.operation import figures, readiness, shared


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every check is well, 503 otherwise; names of checks and nothing of what is inside."""
    checks = {name: "ok" if well else "failed" for name, well in readiness.board.look().items()}
    well = "failed" not in checks.values()
    answer = JsonResponse(
        {"status": "ready" if well else "not ready", "checks": checks}, status=200 if well else 503
    )
    answer["Cache-Control"] = "no-store"
    return answer


@login_not_required
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' format for whoever has the token; nothing is there for anybody else."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    if not known or kind.lower() != "bearer" or not constant_time_compare(token.strip(), known):
        raise Http404
    body = generate_latest(figures.registry) + generate_latest(shared.registry)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
