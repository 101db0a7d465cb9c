"""Objects of the account pages for tests that walk every page."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone


class AccountObjects:
    """Made when a page asks for them, by the word before ``<uuid:pk>`` in its address."""

    people: dict[str, Any]
    participant: Any

    def invitations(self) -> Any:
        from facsweb.accounts.models import Invitation

        now, token = timezone.now(), hashlib.sha256(b"x" * 43).hexdigest()
        known = {"email": "guest@example.org", "invited_by": self.people["staff"], "sent_at": now}
        return Invitation.objects.create(**known, token_sha256=token, expires_at=now + timedelta(days=7))

    join = invitations
