"""What a participant opens without a login, by the secret in their own address.

Whoever guesses gets one and the same page for everything that is not there. Nothing of it is cached, and no other
site learns the address: browsers send only the site's name along (``strict-origin``; ``no-referrer`` would make
them hide the origin of forms too, which the protection against forged ones needs).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from facsweb.audit import origin, reading
from facsweb.studies import consent_text, law, links, own_page, services, withdrawing
from facsweb.studies.forms import OwnAnswersForm, OwnWithdrawalForm
from facsweb.studies.models import ConsentForm, ConsentLink
from facsweb.studies.standing import current_consent
from facsweb.studies.words import LANGUAGES, preferred, say, words

#: Addresses that do not exist, from one place in a minute. A secret has 256 bits: this only spares the server.
GUESSES_A_MINUTE: Final = 30
BIPA: Final = "bipa"
View = Callable[..., HttpResponse]


def _guessed_too_often(request: HttpRequest) -> bool:
    """Count a wrong address. A right one is opened all the same: 256 bits are not found by guessing."""
    key = f"consent-guess:{origin.counted(request)}"
    cache.add(key, 0, timeout=60)
    try:
        return bool(cache.incr(key) > GUESSES_A_MINUTE)
    except ValueError:  # the minute ended between the two lines
        return False


def language_of(request: HttpRequest, link: ConsentLink | None) -> str:
    """The language of a page: the one chosen, else the one that the browser asks for."""
    asked = request.GET.get("language", "")
    if asked in LANGUAGES:
        return asked
    if link is not None and link.language in LANGUAGES:
        return link.language
    return preferred(request.headers.get("Accept-Language", ""))


def guarded(response: HttpResponse) -> HttpResponse:
    """The headers of everything under a participant's address."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def by_link(view: View) -> Any:
    """Open a page with the link that its address names, in the participant's language; 404 for anything else."""

    @login_not_required
    @wraps(view)
    def opened(request: HttpRequest, secret: str, **more: Any) -> HttpResponse:
        link = links.find(secret)
        language = language_of(request, link)
        with translation.override(language):
            if link is None:
                return guarded(_closed(request, language))
            link.secret = secret  # type: ignore[attr-defined]
            page = request.resolver_match.view_name if request.resolver_match else ""
            if page in reading.BY_LINK and request.method != "POST":
                reading.note(request, reading.BY_LINK[page], link.participant, by_link=True)
            with origin.through(reading.LINK):
                return guarded(view(request, link, language, **more))

    return opened


def _closed(request: HttpRequest, language: str) -> HttpResponse:
    many = _guessed_too_often(request)
    what = "too_many" if many else "missing"
    return show(request, None, language, "closed", {"what": what}, status=429 if many else 404)


def show(
    request: HttpRequest,
    link: ConsentLink | None,
    language: str,
    page: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render a page of the participant's, in a language."""
    about = {
        "language": language,
        "languages": [(code, words(code)["language.name"]) for code in LANGUAGES],
        "link": link,
        "secret": getattr(link, "secret", ""),
        "study": link.participant.study if link else None,
    }
    return render(request, f"consent/{page}.html", about | context, status=status)


def _to(link: ConsentLink, page: str, **more: Any) -> HttpResponse:
    return redirect(f"consent:{page}", secret=link.secret, **more)  # type: ignore[attr-defined]


def own_address(secret: str) -> str:
    """The whole address of a link, as it is handed out."""
    return settings.SITE_URL.rstrip("/") + reverse("consent:start", args=[secret])


# --- answering ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def start(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    """The first screen: which language; or, once it was answered, the participant's own page."""
    if request.method == "POST":
        chosen = request.POST.get("language", "")
        links.choose_language(link, chosen if chosen in LANGUAGES else language)
        return _to(link, "questions")
    if link.kind == ConsentLink.Kind.DEVICE and link.answered_at:
        return show(request, link, language, "device", {"locked": True})
    if not links.may_answer(link) or (link.participant.consents.exists() and "answer" not in request.GET):
        return _mine(request, link, language)
    form = services.current_form(link.participant.study)
    return show(request, link, language, "start", {"form": form})


@require_http_methods(["GET", "POST"])
@by_link
def questions(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    """Notice, text, one question a screen, signature."""
    text = services.current_form(link.participant.study)
    if text is None or not links.may_answer(link):
        return _to(link, "start")
    read_in = language if text.words(language) else LANGUAGES[0]
    form = OwnAnswersForm(
        request.POST or None, asked=consent_text.asked(text), participant=link.participant, language=read_in
    )
    changed = request.method == "POST" and request.POST.get("form") != str(text.pk)
    if request.method == "POST" and not changed and form.is_valid():
        return _answered(request, link, text, form)
    links.show_notice(link, text, read_in)
    if changed:
        # A version that appeared while somebody was reading must not be agreed to unread.
        form = OwnAnswersForm(asked=form.asked, participant=link.participant, language=read_in)
    status = 409 if changed else 422 if form.errors else 200
    return _screens(request, link, text, form, changed, missing=read_in != language, status=status)


def _screens(
    request: HttpRequest,
    link: ConsentLink,
    text: ConsentForm,
    form: OwnAnswersForm,
    changed: bool,
    missing: bool,
    status: int,
) -> HttpResponse:
    said = consent_text.said(text, form.language)
    context: dict[str, Any] = {
        "form": form,
        "text": text,
        "said": said,
        "sections": consent_text.sections(said["body"]),
        "changed": changed,
    }
    if missing:
        asked = language_of(request, link)
        others = ", ".join(words(code)["language.name"] for code in text.languages)
        context["missing_in"] = asked
        context["missing_language"] = (
            f"{words(asked)['language.missing']} {say(asked, 'language.other', languages=others)}"
        )
    with translation.override(form.language):
        return show(request, link, form.language, "questions", context, status)


def _answered(request: HttpRequest, link: ConsentLink, text: ConsentForm, form: OwnAnswersForm) -> HttpResponse:
    said = form.cleaned_data
    try:
        links.answer(
            link,
            text,
            language=form.language,
            scopes=form.granted,
            signature=said["signature"],
            strokes=said["drawing"],
            cohort=said.get("cohort"),
            states_cohort="cohort" in form.fields and "cohort" in request.POST,
        )
    except links.Closed:
        return _to(link, "start")  # sent twice, or too late: the first page says which
    except ValidationError as error:
        form.add_error(None, error)
        return _screens(request, link, text, form, changed=False, missing=False, status=422)
    link.refresh_from_db()
    if link.kind != ConsentLink.Kind.DEVICE:
        return _to(link, "start")
    secret = links.own_after_device(link)
    address = own_address(secret) if secret else ""
    context = {"locked": False, "address": address, "qr": own_page.qr(address) if address else None}
    return show(request, link, form.language, "device", context)


# --- afterwards --------------------------------------------------------------------------------------------


def _mine(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    if link.kind == ConsentLink.Kind.DEVICE:
        return show(request, link, language, "closed", {"what": "expired"}, status=410)
    context = own_page.context(link, language)
    if context["nothing_yet"]:
        return show(request, link, language, "closed", {"what": "expired"}, status=410)
    return show(request, link, language, "mine", context)


@require_http_methods(["GET", "POST"])
@by_link
def withdraw(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    """What to withdraw, then once more with what that does."""
    consent = None if link.kind == ConsentLink.Kind.DEVICE else current_consent(link.participant)
    standing = consent.granted if consent else []
    if consent is None or not standing:
        return _to(link, "start")
    context: dict[str, Any] = {"standing": own_page.named(standing, language)}
    if request.method != "POST":
        return show(request, link, language, "withdraw", context)
    form = OwnWithdrawalForm(request.POST, standing=standing)
    if not form.is_valid():
        error = say(language, "withdraw.choose")
        return show(request, link, language, "withdraw", context | {"error": error}, status=422)
    if request.POST.get("confirmed") != "yes":
        context = own_page.effects(form.gone, language) | {"form": form}
        return show(request, link, language, "withdraw_confirm", context)
    scopes = None if form.whole else form.gone
    made = withdrawing.withdraw(None, consent, scopes=scopes, reason=form.cleaned_data["reason"])
    return _to(link, "withdrawn", pk=made.pk) if made else _to(link, "start")


@require_GET
@by_link
def withdrawn(request: HttpRequest, link: ConsentLink, language: str, pk: UUID) -> HttpResponse:
    """What was withdrawn, and when."""
    made = own_page.withdrawal(link, pk)
    if made is None or link.kind == ConsentLink.Kind.DEVICE:
        return show(request, link, language, "closed", {"what": "missing"}, status=404)
    context = own_page.effects(made.scopes, language) | own_page.destruction(link.participant, language)
    return show(request, link, language, "withdrawn", {"made": made, **context})


@require_POST
@by_link
def change_language(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    """Another language for everything that follows; back to the page it was asked for from."""
    chosen = request.POST.get("language", "")
    if chosen in LANGUAGES:
        links.choose_language(link, chosen)
    return _to(link, "questions" if request.POST.get("page") == "questions" else "start")


@login_not_required
@require_safe
def keeping(request: HttpRequest) -> HttpResponse:
    """The public schedule: how long recordings are kept and how they are destroyed."""
    language = language_of(request, None)
    days = next(rule.most_days for rule in law.rules() if rule.id == BIPA)
    with translation.override(language):
        return show(request, None, language, "keeping", {"days": days})
