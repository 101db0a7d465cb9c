"""A person's tokens, and the reference of the API. A token is shown once and never stored in readable form."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from facsweb.accounts.reauthentication import require_recent
from facsweb.api import openapi, reference_page, tokens
from facsweb.api.forms import TokenForm
from facsweb.api.models import Token


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    """A person's tokens; a POST revokes one of them."""
    if request.method == "POST":
        try:
            token = Token.objects.get(pk=request.POST.get("token", ""), owner=request.user)
        except (Token.DoesNotExist, ValidationError):
            raise Http404 from None
        if tokens.revoke(request.user, token):  # type: ignore[arg-type]
            messages.success(request, f"“{token.name}” is revoked. Programs that use it are refused from now on.")
        return redirect("tokens:list")
    return render(request, "api/tokens.html", {"tokens": tokens.ours(request.user)})  # type: ignore[arg-type]


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def token_create(request: HttpRequest) -> HttpResponse:
    """Make a token, and show it this once; whoever makes one hands on what they may do, and confirms first."""
    if request.method == "POST":
        require_recent(request)
    form = TokenForm(request.user, request.POST if request.method == "POST" else None)  # type: ignore[arg-type]
    crumbs = [("API tokens", reverse("tokens:list")), ("New token", "")]
    if request.method == "POST" and form.is_valid():
        wanted = {name: form.cleaned_data[name] for name in ("name", "study", "scopes", "lifetime")}
        try:
            token, secret = tokens.create(request.user, **wanted)  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "api/token_made.html", {"token": token, "secret": secret, "crumbs": crumbs})
    context = {"form": form, "crumbs": crumbs}
    return render(request, "api/token_create.html", context, status=422 if form.errors else 200)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every operation of the API, from its description."""
    groups = reference_page.groups(openapi.document())
    crumbs = [("API tokens", reverse("tokens:list")), ("Reference", "")]
    about = openapi.document()["info"]
    return render(request, "api/reference.html", {"groups": groups, "about": about, "crumbs": crumbs})
