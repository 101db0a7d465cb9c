"""Webhooks of a study, for its administrators: set up, looked after, what was delivered."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from facsweb.api import webhooks
from facsweb.api.forms import ActForm, WebhookForm
from facsweb.api.models import Delivery, Webhook
from facsweb.studies import access
from facsweb.studies.models import Study
from facsweb.studies.views import crumbs

PAGE_SIZE: Final = 25
TONES: Final = {
    Webhook.State.ACTIVE: "good",
    Webhook.State.PAUSED: "neutral",
    Webhook.State.DISABLED: "bad",
    Delivery.State.WAITING: "active",
    Delivery.State.DELIVERED: "good",
    Delivery.State.FAILED: "bad",
}
_SAID: Final = {
    "ping": "A test is on its way. Its line below says what came of it.",
    "pause": "The webhook is paused. What happens meanwhile waits.",
    "resume": "The webhook is active again.",
    "remove": "The webhook is gone, and so is what waited for it.",
}


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Webhooks of a study; a POST sets one up and shows its secret this once."""
    study = access.get(request, Study, pk)
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = webhooks.create(request.user, study, **form.cleaned_data)  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _secret(request, webhook, secret, "The webhook is set up")
    found = [(webhook, TONES[Webhook.State(webhook.state)]) for webhook in Webhook.objects.filter(study=study)]
    context = {
        "study": study,
        "webhooks": found,
        "form": form,
        "pages": access.pages(request.user, study),
        "crumbs": crumbs(study, ("Webhooks", "")),
    }
    return render(request, "api/webhooks.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One webhook and what was delivered; a POST tests, pauses, resumes or removes it, or gives it a secret."""
    webhook = access.get(request, Webhook, pk, related=["study", "steward"])
    if request.method == "POST":
        form = ActForm(request.POST)
        if form.is_valid():
            return _act(request, webhook, form.cleaned_data["act"])
        return redirect("webhooks:detail", pk=webhook.pk)
    page = Paginator(webhook.deliveries.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    for delivery in page:
        delivery.tone = TONES[Delivery.State(delivery.state)]
    listing = ("Webhooks", reverse("webhooks:list", args=[webhook.study_id]))
    context: dict[str, Any] = {
        "webhook": webhook,
        "tone": TONES[Webhook.State(webhook.state)],
        "page": page,
        "crumbs": crumbs(webhook.study, listing, ("Deliveries", "")),
    }
    return render(request, "api/webhook.html", context)


@sensitive_variables("secret")
def _secret(request: HttpRequest, webhook: Webhook, secret: str, title: str) -> HttpResponse:
    """The page that shows a secret this once."""
    where = crumbs(webhook.study, ("Webhooks", reverse("webhooks:list", args=[webhook.study_id])), ("Secret", ""))
    context = {"webhook": webhook, "secret": secret, "title": title, "crumbs": where}
    return render(request, "api/webhook_made.html", context)


@sensitive_variables("fresh")
def _act(request: HttpRequest, webhook: Webhook, act: str) -> HttpResponse:
    if act == "secret":
        fresh = webhooks.renew_secret(request.user, webhook)  # type: ignore[arg-type]
        return _secret(request, webhook, fresh, "The webhook has a new secret")
    verbs = {name: getattr(webhooks, name) for name in ("ping", "pause", "resume", "remove")}
    verbs[act](request.user, webhook)
    messages.success(request, _SAID[act])
    if act == "remove":
        return redirect("webhooks:list", pk=webhook.study_id)
    return redirect("webhooks:detail", pk=webhook.pk)


@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a delivery again."""
    delivery = access.get(request, Delivery, pk, related=["webhook__study"])
    try:
        webhooks.send_again(request.user, delivery)  # type: ignore[arg-type]
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "It is on its way again.")
    return redirect("webhooks:detail", pk=delivery.webhook_id)
