"""The page of a live session, and what it asks for beside its socket and its film."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from analysis.face.outlines import edges
from facsweb.coding.api import BadRequest, body, failure, field, json_api
from facsweb.live import presentation, services
from facsweb.live.models import Session
from facsweb.recordings import uploads
from facsweb.studies import access, law
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes


@require_safe
def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    participant = access.get(request, Participant, pk, related=["study"])
    user: Any = request.user
    study = participant.study
    missing = missing_scopes(participant, [Scope.VIDEO, Scope.AUDIO])
    context = {
        "participant": participant,
        "study": study,
        "crumbs": [
            (study.name, reverse("studies:detail", args=[study.pk])),
            (participant.code, reverse("studies:participant", args=[participant.pk])),
            ("Live session", ""),
        ],
        "may_record": Scope.VIDEO not in missing,
        "forbidden": Scope.VIDEO not in law.scopes_of(study),
        "may_sound": Scope.AUDIO not in missing,
        "law": law.sentence(study),
        "notices": law.notices(study, "en"),
        "units": presentation.units(),
        "edges": [point for edge in edges() for point in edge],
        "unfinished": services.unfinished(user, participant),
    }
    return render(request, "live/page.html", context)


def answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer the refusals of live sessions and of their uploads as JSON."""

    @functools.wraps(view)
    def inner(request: HttpRequest, pk: UUID) -> HttpResponse:
        try:
            return view(request, pk)
        except services.Refused as error:
            return failure(str(error), "refused", 409)
        except uploads.Rejected as error:
            return failure(str(error), "rejected", 422)
        except uploads.NoSpace as error:
            return failure(str(error), "full", 507)
        except uploads.UploadError as error:
            return failure(str(error), "upload", 409)

    return json_api(inner)


@require_POST
@answered
def begin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin a session: where its pictures, its film and its markers go."""
    participant = access.get(request, Participant, pk, related=["study"])
    values = body(request)
    user: Any = request.user
    session = services.begin(
        user, participant, sound=field(values, "sound", bool), kind=field(values, "kind", str)
    )
    return JsonResponse(presentation.addresses(session), status=201)


@require_POST
@answered
def markers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the markers as they are now."""
    session = _session(request, pk)
    return JsonResponse({"marks": services.mark(session, body(request).get("marks"))})


@require_POST
@answered
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End the session: everything that was recorded has arrived, or what arrived is all there is."""
    session, values = _session(request, pk), body(request)
    user: Any = request.user
    received = field(values, "bytes", int, None)
    if received is None:
        received = session.upload.offset if session.upload is not None else 0
    if received < 0:
        raise BadRequest
    recording = services.end(user, session, received=received, marks=values.get("marks"))
    return JsonResponse(
        {
            "url": reverse("recordings:detail", args=[recording.pk]),
            "start_url": reverse("runs:start", args=[recording.pk]),
            "title": recording.title,
            "duration_us": recording.duration_us,
        }
    )


@require_POST
@answered
def throw_away(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    services.throw_away(user, _session(request, pk))
    return HttpResponse(status=204)


def _session(request: HttpRequest, pk: UUID) -> Session:
    """The session of the address. Whoever may upload in the study may end one: a colleague's page may be gone."""
    return access.get(request, Session, pk, related=["participant__study", "upload__recording", "created_by"])
