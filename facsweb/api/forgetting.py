"""What the API keeps for a while of objects that are destroyed: answers to repeated requests, and deliveries."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from facsweb.api.models import Delivery, KeyedRequest

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def about(study_id: UUID, ids: Collection[str]) -> Iterator[Model]:
    """Rows that name one of the objects (``privacy.hooks.on_destruction``).

    A delivery that waits stays until it has arrived or is given up: other systems have to learn of a withdrawal
    (GDPR Art. 19), and it holds ids alone.
    """
    from facsweb.api import idempotency  # with what makes the API's pages: only a destruction waits for that

    wanted = set(ids)
    for request in KeyedRequest.objects.exclude(status=None).iterator(500):
        if wanted & _named(request.headers, idempotency.answer_of(request)):
            yield request
    for delivery in Delivery.objects.filter(webhook__study=study_id, ended_at__isnull=False):
        if wanted & _named(delivery.payload, b""):
            yield delivery


def _named(plain: Any, body: bytes | None) -> set[str]:
    return set(_ID.findall(json.dumps(plain))) | set(_ID.findall((body or b"").decode("utf-8", "replace")))
