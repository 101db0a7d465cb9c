"""What of a passkey's answer counts beside its signature: that it knew its owner, and that there is one of it."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.db import transaction


def knew_its_owner(answer: dict[str, Any]) -> bool:
    """Whether the device asked for its PIN, a finger or a face before it answered."""
    said = webauthn.parse_authentication_response(answer).response.authenticator_data
    return bool(said.is_user_verified())


@transaction.atomic
def counts_on(key: Authenticator, answer: dict[str, Any]) -> bool:
    """Whether the key counted on since its last answer, which is noted (WebAuthn, section 6.1.1).

    A counter that stands still or goes back says that there are two of the key. Passkeys that travel between
    devices do not count: theirs stays 0.
    """
    now = webauthn.parse_authentication_response(answer).response.authenticator_data.counter
    row = Authenticator.objects.select_for_update(no_key=True).get(pk=key.pk)
    before = row.data.get("counter", row.wrap().authenticator_data.counter)
    if (now or before) and now <= before:
        return False
    if now != before:
        row.data["counter"] = now
        row.save(update_fields=["data"])
    return True
