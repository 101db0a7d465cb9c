"""To the OpenID Connect provider and back."""

from __future__ import annotations

from typing import Final

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from facsweb.accounts import oidc, second_factor
from facsweb.accounts.middleware import NEXT

KEPT: Final = "accounts.oidc"


def _return_to(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("accounts:provider_back"))


@login_not_required
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    if not oidc.enabled():
        raise Http404
    if request.user.is_authenticated:
        return redirect("home")
    try:
        where, kept = oidc.begin(_return_to(request))
    except oidc.Refused as refused:
        return _refused(request, refused)
    goal = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(goal, {request.get_host()}, require_https=request.is_secure()):
        kept["next"] = goal
    request.session[KEPT] = kept
    return HttpResponseRedirect(where)


@login_not_required
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    if not oidc.enabled():
        raise Http404
    kept = request.session.pop(KEPT, {})  # good for one answer
    if request.user.is_authenticated:
        return redirect("home")
    try:
        if request.GET.get("error"):
            raise oidc.Refused("The sign-in service let nobody in. Try again, or sign in another way.")
        claims = oidc.finish(
            kept,
            state=request.GET.get("state", ""),
            code=request.GET.get("code", ""),
            return_to=_return_to(request),
        )
        user = oidc.person(claims)
    except oidc.Refused as refused:
        return _refused(request, refused)
    record_authentication(request, user, method="provider", provider=settings.OIDC_NAME)
    if claims.several_factors and settings.OIDC_TRUST_MFA:
        request.session[second_factor.VOUCHED] = str(user.pk)
    request.session.pop(NEXT, None)
    return perform_login(request, Login(user=user, email=user.email, redirect_url=kept.get("next")))


def _refused(request: HttpRequest, refused: oidc.Refused) -> HttpResponse:
    return render(request, "accounts/provider_refused.html", {"reason": str(refused)}, status=403)
