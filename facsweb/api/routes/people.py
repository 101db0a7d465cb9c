"""Studies, participants, and what they agreed to."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from ninja import Router
from ninja.responses import Status

from facsweb.api import gate, paging, schemas
from facsweb.api.gate import JSON, CallerRequest, operation
from facsweb.api.models import Scope
from facsweb.studies import access, law, links, services
from facsweb.studies.models import ConsentLink, Participant, Study
from facsweb.studies.models import Scope as Agreed

router = Router()
_LINK_TIMES: Final = ("created_at", "expires_at", "answered_at", "revoked_at")


def study_out(request: CallerRequest, study: Study) -> dict[str, Any]:
    """A study as its members see it."""
    return {
        "id": study.pk,
        "name": study.name,
        "purpose": study.purpose,
        "setting": study.setting,
        "jurisdiction": study.jurisdiction,
        "law": law.sentence(study),
        "roles": sorted(str(role) for role in access.roles_of(request.user, study)),
        "created_at": study.created_at,
    }


def participant_out(participant: Participant) -> dict[str, Any]:
    """A participant: a code, nothing else."""
    return {
        "id": participant.pk,
        "study": participant.study_id,
        "code": participant.code,
        "created_at": participant.created_at,
    }


@operation(router, "GET", "/studies", response=schemas.Page[schemas.StudyOut], scope=Scope.STUDIES_READ)
def studies_list(request: CallerRequest, cursor: paging.Cursor = "", limit: paging.Limit = 50) -> Any:
    """Studies that the token opens"""
    found = paging.page(request, gate.studies(request), cursor, limit)
    return found | {"items": [study_out(request, study) for study in found["items"]]}


@operation(router, "GET", "/studies/{uuid:study}", response=schemas.StudyOut, scope=Scope.STUDIES_READ)
def study_get(request: CallerRequest, study: UUID) -> Any:
    """One study"""
    return study_out(request, gate.get(request, "study_get", Study, study))


@operation(
    router,
    "GET",
    "/studies/{uuid:study}/participants",
    response=schemas.Page[schemas.ParticipantOut],
    scope=Scope.PARTICIPANTS_READ,
)
def participants_list(
    request: CallerRequest, study: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """Participants of a study"""
    found = gate.get(request, "participants_list", Study, study)
    page = paging.page(request, Participant.objects.filter(study=found), cursor, limit)
    return page | {"items": [participant_out(one) for one in page["items"]]}


@operation(
    router,
    "POST",
    "/studies/{uuid:study}/participants",
    response={201: schemas.ParticipantOut},
    scope=Scope.PARTICIPANTS_WRITE,
    takes=JSON,
    example={"code": "P-014"},
)
def participant_create(request: CallerRequest, study: UUID, body: schemas.ParticipantIn) -> Any:
    """Create a participant

    A participant is a code, never a name. A code that the study has already is refused with 422; to ask twice
    safely, send an Idempotency-Key.
    """
    found = gate.get(request, "participant_create", Study, study)
    made = services.create_participant(request.user, found, code=body.code)
    return Status(201, participant_out(made))


@operation(
    router,
    "GET",
    "/participants/{uuid:participant}",
    response=schemas.ParticipantOut,
    scope=Scope.PARTICIPANTS_READ,
)
def participant_get(request: CallerRequest, participant: UUID) -> Any:
    """One participant"""
    return participant_out(gate.get(request, "participant_get", Participant, participant, "study"))


@operation(
    router,
    "GET",
    "/participants/{uuid:participant}/consent",
    response=schemas.ConsentOut,
    scope=Scope.CONSENT_READ,
)
def consent_get(request: CallerRequest, participant: UUID) -> Any:
    """What a participant agreed to, and what of it stands

    Ask before recording, and again before using results: a participant may withdraw at any time, whole or in
    part.
    """
    found = gate.get(request, "consent_get", Participant, participant, "study")
    last = found.consents.select_related("form").order_by("-given_at", "-recorded_at").first()
    current = services.current_consent(found)
    missing = services.missing_scopes(found, list(Agreed))
    newest = services.current_form(found.study)
    state = "none" if last is None else "withdrawn" if current is None else "given"
    if current is not None and current.withdrawn_scopes:
        state = "narrowed"
    shown = current or last
    return {
        "participant": found.pk,
        "state": state,
        "standing": [str(scope) for scope in Agreed if scope not in missing],
        "granted": [] if shown is None else list(shown.scopes),
        "withdrawn": [] if shown is None else [one for one in shown.scopes if one not in shown.granted],
        "form_version": None if shown is None else shown.form.version,
        "newest_form_version": None if newest is None else newest.version,
        "given_at": None if shown is None else shown.given_at,
        "withdrawn_at": None if shown is None else shown.withdrawn_at,
    }


def link_out(link: ConsentLink) -> dict[str, Any]:
    """A link without its address, which nobody can read again."""
    if link.revoked_at:
        state = "revoked"
    elif link.answered_at:
        state = "answered"
    else:
        state = "open" if links.may_answer(link) else "expired"
    times = {name: getattr(link, name) for name in _LINK_TIMES}
    return {"id": link.pk, "participant": link.participant_id, "kind": link.kind, "state": state, **times}


@operation(
    router,
    "GET",
    "/participants/{uuid:participant}/consent-links",
    response=schemas.Page[schemas.ConsentLinkOut],
    scope=Scope.CONSENT_READ,
)
def consent_links_list(
    request: CallerRequest, participant: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """Links of a participant, made by programs and by people

    Their addresses are not there: each was told once.
    """
    found = gate.get(request, "consent_links_list", Participant, participant, "study")
    page = paging.page(request, ConsentLink.objects.filter(participant=found), cursor, limit)
    return page | {"items": [link_out(one) for one in page["items"]]}


@operation(
    router,
    "POST",
    "/participants/{uuid:participant}/consent-links",
    response={201: schemas.NewConsentLinkOut},
    scope=Scope.CONSENT_WRITE,
    takes=JSON,
    example={"days": 14},
)
def consent_link_create(request: CallerRequest, participant: UUID, body: schemas.ConsentLinkIn) -> Any:
    """Make a link by which a participant answers for themselves

    The address needs no login: whoever has it answers as the participant, sees their copy and may withdraw. Give
    it to nobody else. It is told this once, and again only for the same Idempotency-Key within 24 hours.
    """
    found = gate.get(request, "consent_link_create", Participant, participant, "study")
    link, secret = links.make(request.user, found, days=body.days)  # type: ignore[arg-type]
    address = settings.SITE_URL.rstrip("/") + reverse("consent:start", args=[secret])
    return Status(201, link_out(link) | {"address": address})


@operation(
    router,
    "GET",
    "/consent-links/{uuid:consent_link}",
    response=schemas.ConsentLinkOut,
    scope=Scope.CONSENT_READ,
)
def consent_link_get(request: CallerRequest, consent_link: UUID) -> Any:
    """Whether a participant's link was answered"""
    return link_out(gate.get(request, "consent_link_get", ConsentLink, consent_link, "participant__study"))


@operation(
    router,
    "POST",
    "/consent-links/{uuid:consent_link}/revoke",
    response=schemas.ConsentLinkOut,
    scope=Scope.CONSENT_WRITE,
)
def consent_link_revoke(request: CallerRequest, consent_link: UUID) -> Any:
    """Revoke a participant's link

    Whoever opens it finds nothing from then on: the participant can no longer see their copy or withdraw by it, so
    give them another one. What was answered stays. A link that is revoked already stays as it is.
    """
    found = gate.get(request, "consent_link_revoke", ConsentLink, consent_link, "participant__study")
    links.revoke(request.user, found)  # type: ignore[arg-type]
    found.refresh_from_db()
    return link_out(found)
