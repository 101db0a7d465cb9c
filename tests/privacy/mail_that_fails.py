"""A mail server that is not there."""

from __future__ import annotations

from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Sends nothing and says so."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("No mail server answers.")
