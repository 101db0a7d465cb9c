"""Four eyes: the second signature, sending back, and whether a study asks for it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from facsweb.accounts import reauthentication
from facsweb.reports import comparison, presentation, second, services
from facsweb.reports.forms import ConfirmedForm, SendBackForm
from facsweb.reports.views import confirmed, readable_report
from facsweb.studies import access
from facsweb.studies.models import Study


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def countersign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the second person signs, and the form to do it or to send it back."""
    report = readable_report(request, pk)
    means = reauthentication.means_of(request.user)
    form = ConfirmedForm(request.POST or None, means=means)
    if request.method == "POST" and form.is_valid():
        try:
            second.countersign(request.user, report, confirmation=confirmed(request, report.sign_off.layer))
        except services.Refused as refused:
            if second.gave(request.user, report):  # the other half of a double click; a code fits once
                return redirect("reports:detail", pk=report.pk)
            form.add_error(None, str(refused))
        else:
            return redirect("reports:detail", pk=report.pk)
    said = report.sign_off.content
    context = {
        "report": report,
        "said": said,
        "form": form,
        "back": SendBackForm(),
        "events": presentation.events(said) if said else [],
        "duration": comparison.clock(said["recording"]["duration_us"]) if said else "",
        "statement": second.STATEMENT,
        "refusal": second.refusal(request.user, report),
        "means": means,
        "passkey": reauthentication.passkey_options(request) if means.passkey else None,
        "crumbs": [
            ("Reports", reverse("reports:list")),
            (report.sign_off.layer.run.recording.participant.code, reverse("reports:detail", args=[report.pk])),
            ("Second signature", ""),
        ],
    }
    return render(request, "reports/countersign.html", context)


@require_POST
def send_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = readable_report(request, pk)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was sent back: give a reason.")
        return redirect("reports:countersign", pk=report.pk)
    try:
        second.send_back(request.user, report, form.cleaned_data["reason"])
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Sent back. The coding is open again, and its coder reads your reason.")
    return redirect("reports:detail", pk=report.pk)


@require_POST
def four_eyes(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    services.set_four_eyes(request.user, study, wanted=request.POST.get("four_eyes") == "on")
    messages.success(request, "Saved. It holds from the next sign-off on.")
    return redirect("reports:study", pk=study.pk)
