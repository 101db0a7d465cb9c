"""Several changes in one request: how the review page stores everything that a coder does."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from facsweb.coding.api import BadRequest, body, failure, field, json_api
from facsweb.coding.batch import ACTIONS, Change, apply_changes
from facsweb.coding.models import Layer
from facsweb.coding.reading import EventState
from facsweb.coding.views import LAYER
from facsweb.studies import access

OTHER_PERSON = (
    "Somebody else is signed in on this computer now. Your changes are kept here; sign in again as yourself, "
    "and they are stored."
)


@require_POST
@json_api
def changes(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write several changes of one's own layer, or none of them."""
    # Before any right is asked for: what the other person may do here says nothing about these changes.
    if _is_of_somebody_else(request):
        return failure(OTHER_PERSON, "other_person", 401)
    layer = access.get(request, Layer, pk, related=LAYER)
    values = body(request)
    written = apply_changes(
        request.user,
        layer,
        [_change(item) for item in field(values, "changes", list)],
        request_id=field(values, "request_id", uuid.UUID),
    )
    return JsonResponse(
        {
            "events": [EventState.of(revision).as_dict() for revision in written],
            "layer_revision": written[-1].layer_revision,
        }
    )


def _is_of_somebody_else(request: HttpRequest) -> bool:
    """Whether the page that sent this was opened by another person than the one who is signed in now."""
    try:
        author = field(body(request), "author", uuid.UUID, None)
    except BadRequest:  # said after access was asked for
        return False
    return author is not None and author != request.user.pk


def _change(values: Any) -> Change:
    if not isinstance(values, dict) or values.get("action") not in ACTIONS:
        raise BadRequest
    action = values["action"]
    return Change(
        action=action,
        event_id=field(values, "event_id", uuid.UUID),
        content=field(values, "content", dict) if action in ("create", "change") else {},
        expected=0 if action == "create" else field(values, "expected", int),
        to=field(values, "to", int) if action == "restore" else 0,
    )
