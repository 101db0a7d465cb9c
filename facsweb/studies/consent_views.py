"""Pages of consent: the form's versions, a participant's answers, the copy for them, withdrawal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from facsweb.studies import access, cohorts, consent_text, law, links, own_page, services, signatures, withdrawing
from facsweb.studies.forms import ConsentTextForm, LinkForm, RecordedAnswersForm, WithdrawalForm
from facsweb.studies.models import Consent, ConsentForm, ConsentLink, Participant, Scope, Study
from facsweb.studies.participant_views import own_address
from facsweb.studies.versions import difference
from facsweb.studies.views import crumbs
from facsweb.studies.words import LANGUAGES, part, say, words


def _participant_crumbs(participant: Participant, last: str) -> list[tuple[str, str]]:
    url = reverse("studies:participant", args=[participant.pk])
    return crumbs(participant.study, (participant.code, url), (last, ""))


@require_GET
def consent_form(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = access.get(request, ConsentForm, pk, related=["study", "created_by"])
    missing = [words(code)["language.name"] for code in LANGUAGES if form.words(code) is None]
    previous = ConsentForm.objects.filter(study=form.study, version__lt=form.version).first()
    context = {
        "form": form,
        "texts": [
            (
                code,
                words(code)["language.name"],
                title_and_body["title"],
                consent_text.sections(title_and_body["body"]),
            )
            for code in form.languages
            if (title_and_body := form.words(code))
        ],
        "missing": missing,
        "missing_words": f"Who chooses {', '.join(missing)} is told so, and reads the English text.",
        "sha256": consent_text.form_sha256(form),
        "notices": law.notices(form.study, "en"),
        "keeping": consent_text.keeping(form, "en"),
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
    further = "".join(f"\n\n{text['title']}\n\n{text['body']}" for _, text in sorted(form.translations.items()))
    return f"{form.title}\n\n{form.body}{further}\n\n## Questions asked\n{asked}"


@require_http_methods(["GET", "POST"])
def consent_form_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    last = services.current_form(study)
    form = ConsentTextForm(request.POST or None, initial=ConsentTextForm.of(last), allowed=law.scopes_of(study))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_consent_form(request.user, study, **form.written)
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
    """The ways to ask a participant; and, for paper and spoken consent, the answers that a member copies."""
    participant = access.get(request, Participant, pk, related=["study", "cohort"])
    text = services.current_form(participant.study)
    if text is None:
        messages.error(
            request, "This study has no consent form yet. An administrator of the study writes it first."
        )
        return redirect("studies:participant", pk)
    method = (request.POST or request.GET).get("method", "")
    if method not in (Consent.Method.PAPER, Consent.Method.VERBAL):
        return _ways(request, participant, text)
    initial = {"method": method}
    notices = law.notices(participant.study, "en")
    form = RecordedAnswersForm(
        request.POST or None,
        asked=consent_text.asked(text),
        participant=participant,
        notices=bool(notices),
        initial=initial,
    )
    # A new version that appeared while somebody was reading must not be agreed to unread.
    if request.method == "POST" and request.POST.get("form") != str(text.pk):
        messages.error(request, "The consent form has changed in the meantime. Please read the new version.")
        return redirect(f"{request.path}?method={method}")
    if request.method == "POST" and form.is_valid():
        try:
            consent = _copied(request, participant, text, form, method)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("studies:consent", consent.pk)
    context = {
        "participant": participant,
        "study": participant.study,
        "text": text,
        "form": form,
        "notices": notices,
        "crumbs": _participant_crumbs(participant, "Record a consent"),
    }
    return render(request, "studies/consent_record.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _copied(
    request: HttpRequest, participant: Participant, text: ConsentForm, form: RecordedAnswersForm, method: str
) -> Consent:
    """The consent that a member copied, with the notice and the cohort that stand beside it."""
    given = form.cleaned_data
    noticed = "notice" in form.fields and not Consent.objects.filter(pk=given["id"]).exists()
    consent = services.record_consent(
        request.user,  # type: ignore[arg-type]
        participant,
        text,
        scopes=form.granted,
        method=method,
        signature=given["signature"],
        notice_at=form.given_at if noticed else None,
        given_at=form.given_at,
        id=given["id"],
    )
    if noticed:
        links.write_notice(request.user, participant, text, language="en", at=form.given_at)  # type: ignore[arg-type]
    if "cohort" in form.fields and "cohort" in request.POST:
        cohorts.state_cohort(request.user, participant, given["cohort"])  # type: ignore[arg-type]
    return consent


def _ways(request: HttpRequest, participant: Participant, text: ConsentForm) -> HttpResponse:
    context = {
        "participant": participant,
        "study": participant.study,
        "text": text,
        "languages": [words(code)["language.name"] for code in text.languages],
        "crumbs": _participant_crumbs(participant, "Ask for consent"),
    }
    return render(request, "studies/consent_create.html", context, status=405 if request.method == "POST" else 200)


@require_POST
def consent_hand_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign the member out of this device and open the participant's own questions on it."""
    participant = access.get(request, Participant, pk, related=["study"])
    try:
        _, secret = links.make(request.user, participant, kind=ConsentLink.Kind.DEVICE)  # type: ignore[arg-type]
    except ValidationError as error:
        messages.error(request, error.message)
        return redirect("studies:participant", pk)
    # Whoever holds the device afterwards finds nobody signed in: not by going back, not by any address.
    logout(request)
    return redirect("consent:start", secret=secret)


@never_cache
@require_http_methods(["GET", "POST"])
def consent_links(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The links of a participant; a made one is shown this once."""
    participant = access.get(request, Participant, pk, related=["study"])
    form = LinkForm(request.POST or None)
    context: dict[str, Any] = {
        "participant": participant,
        "study": participant.study,
        "crumbs": _participant_crumbs(participant, "Links"),
    }
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, secret = links.make(request.user, participant, days=given["days"], id=given["id"])  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            address = own_address(secret) if secret else ""
            context |= {"made": made, "address": address, "qr": own_page.qr(address) if address else None}
            form = LinkForm()
    context |= {"form": form, "links": participant.links.select_related("created_by", "revoked_by", "consent")}
    context["now"] = timezone.now()
    return render(request, "studies/consent_links.html", context, status=422 if form.errors else 200)


@require_POST
def consent_link_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    link = access.get(request, ConsentLink, pk, related=["participant__study"])
    if links.revoke(request.user, link):  # type: ignore[arg-type]
        messages.success(request, "The link is revoked. Whoever opens it finds nothing.")
    return redirect("studies:consent_links", link.participant_id)


@require_GET
def consent(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = access.get(request, Consent, pk, related=["participant__study", "form", "recorded_by", "withdrawn_by"])
    said = consent_text.as_read(given)
    context = {
        "consent": given,
        "participant": given.participant,
        "study": given.study,
        "current": services.current_consent(given.participant) == given,
        "answers": own_page.answers(given),
        "withdrawals": [(made, made.labels) for made in given.withdrawals.select_related("recorded_by")],
        "said": said,
        "language": words(given.language)["language.name"],
        "sections": consent_text.sections(said["body"]),
        "drawn": signatures.path(given.strokes) if given.strokes else "",
        "crumbs": _participant_crumbs(given.participant, "Consent"),
    }
    return render(request, "studies/consent.html", context)


@require_http_methods(["GET", "POST"])
def consent_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = access.get(request, Consent, pk, related=["participant__study", "form"])
    form = WithdrawalForm(request.POST or None, standing=given.granted)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["scopes"]
        whole = set(chosen) == set(given.granted)
        withdrawing.withdraw(
            request.user,  # type: ignore[arg-type]
            given,
            scopes=None if whole else chosen,
            reason=form.cleaned_data["reason"],
        )
        some = "; ".join(Scope(scope).phrase for scope in chosen)
        said = f"The consent of {given.participant} is withdrawn."
        messages.success(request, said if whole else f"Withdrawn for {given.participant}: {some}.")
        return redirect("studies:participant", given.participant_id)
    context = {
        "consent": given,
        "participant": given.participant,
        "study": given.study,
        "form": form,
        "effects": [(Scope(scope).label, part("en", "stops")[scope]) for scope in given.granted],
        "others": say("en", "withdraw.others") if Scope.VIDEO in given.granted else "",
        "crumbs": _participant_crumbs(given.participant, "Withdraw consent"),
    }
    return render(request, "studies/consent_withdraw.html", context, status=422 if form.errors else 200)
