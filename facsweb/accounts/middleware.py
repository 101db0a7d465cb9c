"""What a signed-in request passes before its view: an open session, a password of one's own, a second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from facsweb.accounts import second_factor, sessions

Answer = Callable[[HttpRequest], HttpResponse]

#: Where to go on after enrolment, kept in the session.
NEXT: Final = "accounts.next"
#: Open to a signed-in person who has still to set up something: the way there, and out.
_ALWAYS: Final = frozenset({"account_login", "account_logout", "account_reauthenticate"})
_WAY_TO_A_FACTOR: Final = frozenset(
    {
        *("mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes"),
        *("mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_download_recovery_codes"),
    }
)
_WAY_TO_A_PASSWORD: Final = frozenset({"account_change_password"})

_NO_FACTOR = "Your role needs a second factor. Set one up under Account, Second factor; nothing was changed."
_NO_PASSWORD = (  # nosec B105 (a sentence)
    "Choose a password of your own first, under Account, Password; nothing was changed."  # noqa: S105
)
_OVER = "You were signed out because the session was unused for a while or grew too old. What was saved is safe."


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, which could do nothing with a page."""
    accept = request.headers.get("Accept", "")
    return (
        request.path.startswith("/api/")
        or request.content_type == "application/json"
        or ("application/json" in accept and "text/html" not in accept)
    )


class OpenSessions:
    """Notes who was here and when, and ends sessions that are idle or old."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            request.session.session_key
            and request.user.is_authenticated
            and not sessions.note(request, request.user, get_adapter(request).get_client_ip(request))
        ):
            request.session.flush()
            request.user = AnonymousUser()
            messages.info(request, _OVER)
        return self.get_response(request)


class FirstThings:
    """Leads people to what they have to set up before anything else; scripts get a 403 that says so."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        # Pages for anybody stay open: whoever may see them signed out may see them half signed in.
        if not getattr(view, "login_required", True) or not request.session.session_key:
            return None
        user = request.user
        assert request.resolver_match is not None
        page = request.resolver_match.view_name
        if not user.is_authenticated or page in _ALWAYS:
            return None
        if user.must_change_password:
            if page in _WAY_TO_A_PASSWORD:
                return None
            return self._turn(request, "account_change_password", "password_change_required", _NO_PASSWORD)
        if page in _WAY_TO_A_FACTOR or not second_factor.is_missing(user, request.session):
            return None
        return self._turn(request, "mfa_index", "second_factor_required", _NO_FACTOR)

    def _turn(self, request: HttpRequest, page: str, code: str, sentence: str) -> HttpResponse:
        if wants_json(request):
            return JsonResponse({"error": sentence, "code": code}, status=403)
        if request.method == "GET":
            request.session[NEXT] = request.get_full_path()
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": reverse(page)})
        return HttpResponseRedirect(reverse(page))
