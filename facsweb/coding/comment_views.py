"""Comments as the review page reads and writes them."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST

from facsweb.coding import comments as services
from facsweb.coding import hooks
from facsweb.coding.api import BadRequest, body, field, json_api
from facsweb.coding.models import Comment, Event, Layer
from facsweb.coding.sight import may_read
from facsweb.coding.views import RUN
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access


@require_http_methods(["GET", "POST"])
@json_api
def comments(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Comments on a layer and its recording, and who may be mentioned; or a new one."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    if request.method == "POST":
        values = body(request)
        layer = _layer(request, run, field(values, "layer", uuid.UUID, None))
        comment = services.add(
            request.user,
            run,
            field(values, "text", str),
            layer=layer,
            event=_one(Event, field(values, "event", uuid.UUID, None), layer=layer),
            at_us=field(values, "at_us", int, None),
            parent=_parent(request, run, field(values, "parent", uuid.UUID, None)),
            request_id=field(values, "request_id", uuid.UUID, None),
        )
        return JsonResponse({"comment": as_dict(comment, request.user)})
    try:
        wanted = uuid.UUID(request.GET["layer"]) if request.GET.get("layer") else None
    except ValueError:
        raise BadRequest from None
    layer = _layer(request, run, wanted)
    response = JsonResponse(
        {
            "comments": [as_dict(one, request.user) for one in services.visible(request.user, run, layer)],
            "people": [
                user.get_full_name() for user in services.mentionable(run, layer) if user.pk != request.user.pk
            ],
        }
    )
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@json_api
def comment_change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Edit or delete one's own comment; resolve, reopen or have read one that one may read."""
    comment = access.get(request, Comment, pk, related=services.ABOUT)
    own = comment.author_id == request.user.pk
    if not own and not services.may_see(request.user, comment.run, comment.layer):
        raise PermissionDenied
    values = body(request)
    match values.get("action"):
        case "edit":
            services.edit(request.user, comment, field(values, "text", str))
        case "delete":
            services.delete(request.user, comment)
        case "resolve":
            services.resolve(request.user, comment)
        case "reopen":
            services.resolve(request.user, comment, resolved=False)
        case "read":
            services.mark_read(request.user, [comment.pk])
        case _:
            raise BadRequest
    return JsonResponse({"comment": as_dict(comment, request.user)})


def as_dict(comment: Comment, user: Any) -> dict[str, Any]:
    """A comment as the page shows it."""
    mentions = list(comment.mentions.all())
    return {
        "id": str(comment.pk),
        "layer": str(comment.layer_id or ""),
        "event": str(comment.event_id or ""),
        "at_us": comment.at_us,
        "parent": str(comment.parent_id or ""),
        "author": _author(comment, user),
        "mine": comment.author_id == user.pk,
        "text": comment.text,
        "at": comment.created_at,
        "edited": comment.edited_at is not None,
        "deleted": comment.deleted_at is not None,
        "resolved": comment.resolved_at is not None,
        "resolved_by": comment.resolved_by.get_full_name() if comment.resolved_by else "",
        "mentions": [mention.user.get_full_name() for mention in mentions],
        "unread": any(mention.user_id == user.pk and mention.read_at is None for mention in mentions),
    }


def _author(comment: Comment, user: Any) -> str:
    about = comment.layer
    hidden = about is not None and about.owner_id == comment.author_id and hooks.alias(user, about)
    return hidden or str(comment.author.get_full_name())


def _layer(request: HttpRequest, run: AnalysisRun, pk: uuid.UUID | None) -> Layer | None:
    if pk is None:
        return None
    layer = _one(Layer, pk, run=run)
    if layer is not None and not may_read(request.user, layer):
        raise PermissionDenied
    return layer


def _parent(request: HttpRequest, run: AnalysisRun, pk: uuid.UUID | None) -> Comment | None:
    comment = _one(Comment, pk, run=run)
    if comment is not None and not services.may_see(request.user, run, comment.layer):
        raise PermissionDenied
    return comment


def _one(model: Any, pk: uuid.UUID | None, **of: Any) -> Any:
    if pk is None:
        return None
    found = model.objects.filter(pk=pk, **of).first()
    if found is None:
        raise BadRequest("This is not part of the coding that you comment on. Nothing was stored.")
    return found
