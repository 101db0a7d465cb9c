"""Reports: list, page, signing, verification."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from facsweb.accounts import reauthentication
from facsweb.audit import origin
from facsweb.coding.models import Layer
from facsweb.reports import authority, comparison, hooks, life, presentation, services
from facsweb.reports.forms import FindForm, RevokeForm, SignForm
from facsweb.reports.models import Countersignature, Document, Report
from facsweb.studies import access

if TYPE_CHECKING:
    from facsweb.reports.verification import Verification

log = logging.getLogger(__name__)
PATH = "sign_off__layer__run__recording__participant__study"
PAGE_SIZE = 25
CHECKS_A_MINUTE = 60
TOO_MANY = ("Too many checks at once.", "Wait a minute, then check again.")


def readable_report(request: HttpRequest, pk: UUID) -> Report:
    """The report, if the user may know of it; raises Http404 or PermissionDenied."""
    report = access.get(request, Report, pk, related=[PATH, "sign_off__signer"])
    if hidden := services.why_hidden(request.user, report):
        raise PermissionDenied(hidden)
    if not services.may_see(request.user, report):
        raise Http404  # managers are not told about unfinished reports
    return report


# --- pages -----------------------------------------------------------------------------------------------


@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    studies = access.studies(request.user, "reports:detail")
    form = FindForm(request.GET, studies=studies)
    reports = services.visible(request.user).select_related(PATH, "sign_off__signer").defer("sign_off__content")
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted:
        reports = _filtered(reports, wanted)
    reports = reports.annotate(counts=F("sign_off__content__counts")).order_by("-sign_off__signed_at")
    page = Paginator(reports, PAGE_SIZE).get_page(request.GET.get("page"))
    for report in page:
        report.status = presentation.status(report.state)
        report.readable = services.may_read(request.user, report)
    filtered = any(request.GET.get(name) for name in ("q", "study", "state"))
    codings = _on_the_way(request, wanted.get("state", ""))
    context = {"form": form, "page": page, "filtered": filtered, "several": len(studies) > 1, "codings": codings}
    opened = access.studies(request.user, "reports:study")
    return render(request, "reports/list.html", context | {"studies": opened})


def _on_the_way(request: HttpRequest, state: str) -> list[dict[str, Any]]:
    """Codings that nobody signed yet, where the list is asked for their state."""
    if state not in (life.DRAFT, life.CODED, life.ADJUDICATED):
        return []
    tone, label = life.WORDS[state]
    layers = life.codings(request.user, state).select_related("run__recording__participant__study")
    shown = layers.order_by("-created_at")[:PAGE_SIZE]
    return [{"layer": layer, "tone": tone, "label": label, "of": layers.count()} for layer in shown]


def _filtered(reports: QuerySet[Report], wanted: dict[str, Any]) -> QuerySet[Report]:
    if wanted["state"]:
        reports = reports.filter(state__in=presentation.STATES[wanted["state"]])
    if wanted["study"]:
        reports = reports.filter(**{PATH: wanted["study"]})
    for word in wanted["q"].split():
        reports = reports.filter(
            Q(sign_off__signer__name__icontains=word)
            | Q(sign_off__layer__run__recording__title__icontains=word)
            | Q(sign_off__layer__run__recording__participant__code__icontains=word)
            | Q(**{f"{PATH}__name__icontains": word})
        )
    return reports


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    if (trace := hooks.trace(pk)) is not None:
        access.check(request.user, "reports:detail", trace)
        crumbs = [("Reports", reverse("reports:list")), ("Revoked", "")]
        return render(request, "reports/destroyed.html", {"trace": trace, "crumbs": crumbs}, status=410)
    report = readable_report(request, pk)
    said = report.sign_off.content
    recording = report.sign_off.layer.run.recording
    # What a withdrawal destroyed can be read by nobody; that there was a report, and why it is void, stays.
    may_read = bool(said) and services.may_read(request.user, report)
    context = {
        "report": report,
        "said": said,
        "recording": recording,
        "status": presentation.status(report.state),
        "duration": comparison.clock(recording.duration_us),
        "may_read": may_read,
        "may": access.pages(request.user, report.study),
        "life": life.of_report(report),
        "revoke_form": RevokeForm(),
        "crumbs": [("Reports", reverse("reports:list")), (recording.participant.code, "")],
    }
    if may_read:
        context |= {"events": presentation.events(said), "faces": presentation.summary(said)}
        context["documents"] = presentation.documents(report)
        waiting = [
            row for row in context["documents"] if row["one"] and row["one"].state == Document.State.WAITING
        ]
        context["waiting_documents"] = bool(waiting)
    return render(request, "reports/detail.html", context)


@require_safe
@never_cache
def state(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = readable_report(request, pk)
    waiting = report.documents.filter(state=Document.State.WAITING).count()
    return JsonResponse({"state": report.state, "documents": waiting, **presentation.status(report.state)})


@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = readable_report(request, pk)
    services.retry(request.user, report)
    return redirect("reports:detail", pk=report.pk)


@require_POST
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = readable_report(request, pk)
    form = RevokeForm(request.POST)
    if form.is_valid():
        services.revoke(request.user, report, form.cleaned_data["reason"])
        report.refresh_from_db(fields=["state"])
        if report.state == Report.State.REVOKED:  # by this click, or by the other half of a double one
            messages.success(request, "The report is revoked. Whoever verifies it is told so.")
        else:
            messages.error(request, "Nothing was revoked: this report was never issued.")
    else:
        messages.error(request, "Nothing was revoked: give a reason.")
    return redirect("reports:detail", pk=report.pk)


# --- signing ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    layer = access.get(request, Layer, pk, related=["run__recording__participant__study", "owner"])
    if layer.owner_id != request.user.pk:
        raise PermissionDenied
    if done := services.standing(layer):
        return redirect("reports:detail", pk=done.report.pk)
    form = SignForm(
        request.POST or None, initial={"revision": layer.revision}, means=reauthentication.means_of(request.user)
    )
    if request.method == "POST" and form.is_valid():
        try:
            done = services.sign(
                request.user,
                layer,
                confirmation=confirmed(request, layer),
                statement=services.statement_for(layer),
                revision=form.cleaned_data["revision"],
            )
        except services.Refused as refused:
            if done := services.standing(layer):  # the other half of a double click; a code fits once
                return redirect("reports:detail", pk=done.report.pk)
            form.add_error(None, str(refused))
            # The page shows the present figures, so that is what a second try signs.
            form.data = form.data.copy()
            form.data["revision"] = str(layer.revision)
        else:
            return redirect("reports:detail", pk=done.report.pk)
    return render(request, "reports/sign.html", _what_is_signed(request, layer) | {"form": form})


def confirmed(request: HttpRequest, layer: Layer) -> reauthentication.Confirmation:
    """The proof that a form sent; raises Refused where it is none."""
    try:
        return reauthentication.confirm(request, layer)
    except reauthentication.NotConfirmed as error:
        raise services.Refused(f"{error} Nothing was signed.") from error


def _what_is_signed(request: HttpRequest, layer: Layer) -> dict[str, Any]:
    events = comparison.compare(layer)
    recording, means = layer.run.recording, reauthentication.means_of(request.user)
    try:
        services.check_ready(request.user, layer)
        refusal = ""
    except services.Refused as refused:
        refusal = str(refused)
    return {
        "layer": layer,
        "recording": recording,
        "counts": comparison.counts(events),
        "questions": comparison.open_questions(events),
        "statement": services.statement_for(layer),
        "refusal": refusal,
        "means": means,
        "passkey": reauthentication.passkey_options(request) if means.passkey else None,
        "four_eyes": services.four_eyes(layer.study),
        "sent_back": Countersignature.objects.filter(report__sign_off__layer=layer).order_by("-at").first(),
        "crumbs": [
            (recording.participant.study.name, reverse("studies:detail", args=[layer.study.pk])),
            (recording.title, reverse("recordings:detail", args=[recording.pk])),
            ("Sign", ""),
        ],
    }


# --- verification ----------------------------------------------------------------------------------------


@login_not_required
@csrf_exempt  # it changes nothing, and a check of the token would read the whole upload first
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    from facsweb.reports import (
        verification,  # pyHanko takes a second to import; a server's start does not wait for it
    )

    found, status = None, 200
    root = _root()
    context: dict[str, Any] = {"max_mb": verification.MAX_BYTES >> 20, "root": presentation.certificate(root)}
    if request.method == "POST":
        found, status = _verify(request)
    elif "report" in request.GET:
        if _too_many(request):
            found, status = verification.refusal(*TOO_MANY), 429
        else:
            context |= {"asked": True, "known": _by_code(request)}
    if found and found.report and access.may(request.user, "reports:detail", found.report):
        context["report"] = found.report if services.may_see(request.user, found.report) else None
    return render(request, "reports/verify.html", context | {"found": found}, status=status)


def _by_code(request: HttpRequest) -> dict[str, Any] | None:
    """What anybody who has the printed code may know: number, state, dates and hash; nothing of the content."""
    from facsweb.reports import verification  # see `verify`

    report = verification.by_code(request.GET.get("report", ""), request.GET.get("code", ""))
    return None if report is None else presentation.public(report)


@login_not_required
@require_safe
def verify_file(request: HttpRequest, name: str) -> HttpResponse:
    """The root certificate and the revocation list, for readers and for verification elsewhere."""
    if (root := _root()) is None:
        raise Http404("There is no certificate to give out.")
    if name == "root.pem":
        body, media_type = root.public_bytes(Encoding.PEM), "application/x-pem-file"
    elif name == "root.cer":
        body, media_type = root.public_bytes(Encoding.DER), "application/pkix-cert"
    elif name == authority.CRL_FILE:
        try:
            body, media_type = authority.revocation_list(), "application/pkix-crl"
        except authority.AuthorityError as error:
            log.error("The revocation list cannot be given out: %s", error)
            raise Http404("There is no revocation list at the moment.") from error
    else:
        raise Http404
    disposition = content_disposition_header(True, name)
    return HttpResponse(body, headers={"Content-Type": media_type, "Content-Disposition": disposition})


def _root() -> x509.Certificate | None:
    """The root's certificate; None before the first signature, or where it is damaged, which the log says."""
    try:
        return authority.root_certificate()
    except authority.AuthorityError as error:
        log.error("The root cannot be shown: %s", error)
        return None


def _too_many(request: HttpRequest) -> bool:
    """Whether an address checked more than `CHECKS_A_MINUTE` files."""
    key = f"verify:{origin.counted(request)}"
    cache.add(key, 0, timeout=60)
    try:
        return cache.incr(key) > CHECKS_A_MINUTE
    except ValueError:  # the minute ended between the two lines
        return False


def _verify(request: HttpRequest) -> tuple[Verification, int]:
    from facsweb.reports import received, verification  # see `verify`

    limit = verification.MAX_BYTES
    if _too_many(request):
        return verification.refusal(*TOO_MANY), 429
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit + 65_536:  # the form around the file
        return verification.refusal(
            "This file is too large to be a report.", f"Reports are smaller than {limit >> 20} MB."
        ), 413
    file = request.FILES.get("file")
    if file is None:
        return verification.refusal("No file was chosen.", "Choose the PDF of a report, or drop it here."), 400
    found = received.verify(file.read(limit + 1))
    return found, 422 if found.headline == received.UNSAFE else 200
