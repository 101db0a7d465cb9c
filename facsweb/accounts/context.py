"""What every page may say about signing in here."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from facsweb.accounts import mail


def accounts(request: HttpRequest) -> dict[str, Any]:
    """Whether a second factor is required, whether this is the demonstration, and how else one may sign in."""
    return {
        "second_factor_off": not settings.FACSWEB_REQUIRE_MFA,
        "demonstration": settings.FACSWEB_DEMONSTRATION,
        "mail_configured": mail.configured(),
        "oidc_name": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
    }
