"""Pages of consent: the form's versions, a participant's answers, the copy for them, withdrawal."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from facsweb.studies import access, cohorts, consent_text, services, withdrawing
from facsweb.studies.forms import ConsentGivenForm, ConsentTextForm, WithdrawalForm
from facsweb.studies.models import Consent, ConsentForm, Participant, Scope, Study
from facsweb.studies.versions import difference
from facsweb.studies.views import crumbs


def _participant_crumbs(participant: Participant, last: str) -> list[tuple[str, str]]:
    url = reverse("studies:participant", args=[participant.pk])
    return crumbs(participant.study, (participant.code, url), (last, ""))


@require_GET
def consent_form(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = access.get(request, ConsentForm, pk, related=["study", "created_by"])
    previous = ConsentForm.objects.filter(study=form.study, version__lt=form.version).first()
    context = {
        "form": form,
        "sections": consent_text.sections(form.body),
        "asked": [consent_text.QUESTIONS[Scope(scope)] for scope in form.scopes],
        "previous": previous,
        "pieces": difference(_whole(previous), _whole(form)) if previous else [],
        "versions": form.study.consent_forms.all(),
        "consents": form.consents.count(),
        "pages": access.pages(request.user, form.study),
        "crumbs": crumbs(form.study, (f"Consent form, version {form.version}", "")),
    }
    return render(request, "studies/consent_form.html", context)


def _whole(form: ConsentForm) -> str:
    """Everything a version says, as one text, so that two versions can be compared."""
    asked = "\n".join(f"– {consent_text.QUESTIONS[Scope(scope)]}" for scope in form.scopes)
    return f"{form.title}\n\n{form.body}\n\n## Questions asked\n{asked}"


@require_http_methods(["GET", "POST"])
def consent_form_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    last = services.current_form(study)
    initial = {"title": last.title, "body": last.body, "scopes": last.scopes} if last else {}
    form = ConsentTextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_consent_form(request.user, study, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if made == last:
                messages.info(request, f"Nothing differs from version {made.version}, so it stays the newest.")
            return redirect("studies:consent_form", made.pk)
    context = {"study": study, "last": last, "form": form, "crumbs": crumbs(study, ("New consent form", ""))}
    return render(request, "studies/consent_form_create.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def consent_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    participant = access.get(request, Participant, pk, related=["study"])
    text = services.current_form(participant.study)
    if text is None:
        messages.error(
            request, "This study has no consent form yet. An administrator of the study writes it first."
        )
        return redirect("studies:participant", pk)
    method = (request.POST or request.GET).get("method", Consent.Method.ON_SCREEN)
    method = method if method in Consent.Method.values else Consent.Method.ON_SCREEN
    form = ConsentGivenForm(request.POST or None, asked=text.scopes, method=method, participant=participant)
    # A new version that appeared while somebody was reading must not be agreed to unread.
    if request.method == "POST" and request.POST.get("form") != str(text.pk):
        messages.error(request, "The consent form has changed in the meantime. Please read the new version.")
        return redirect(request.get_full_path())
    if request.method == "POST" and form.is_valid():
        try:
            consent = services.record_consent(
                request.user,
                participant,
                text,
                scopes=form.granted,
                method=method,
                signature=form.cleaned_data["signature"],
                given_at=form.given_at,
                id=form.cleaned_data["id"],
            )
            if "cohort" in form.fields and "cohort" in request.POST:
                cohorts.state_cohort(request.user, participant, form.cleaned_data["cohort"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("studies:consent", consent.pk)
    return _questions(request, participant, text, form)


def _questions(
    request: HttpRequest, participant: Participant, text: ConsentForm, form: ConsentGivenForm
) -> HttpResponse:
    """The questions: one a screen for the participant, all together for who copies them from paper."""
    context = {
        "participant": participant,
        "study": participant.study,
        "text": text,
        "sections": consent_text.sections(text.body),
        "form": form,
        "crumbs": _participant_crumbs(participant, "Record a consent"),
    }
    page = "consent_create" if form.on_screen else "consent_record"
    return render(request, f"studies/{page}.html", context, status=422 if form.errors else 200)


@require_GET
def consent(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = access.get(request, Consent, pk, related=["participant__study", "form", "recorded_by", "withdrawn_by"])
    context = {
        "consent": given,
        "participant": given.participant,
        "study": given.study,
        "current": services.current_consent(given.participant) == given,
        "answers": [(consent_text.QUESTIONS[Scope(scope)], scope in given.scopes) for scope in given.form.scopes],
        "sections": consent_text.sections(given.form.body),
        "crumbs": _participant_crumbs(given.participant, "Consent"),
    }
    return render(request, "studies/consent.html", context)


@require_http_methods(["GET", "POST"])
def consent_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = access.get(request, Consent, pk, related=["participant__study", "form"])
    form = WithdrawalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdrawing.withdraw(request.user, given, reason=form.cleaned_data["reason"])
        messages.success(request, f"The consent of {given.participant} is withdrawn.")
        return redirect("studies:participant", given.participant_id)
    context = {
        "consent": given,
        "participant": given.participant,
        "study": given.study,
        "form": form,
        "crumbs": _participant_crumbs(given.participant, "Withdraw consent"),
    }
    return render(request, "studies/consent_withdraw.html", context, status=422 if form.errors else 200)
