"""The only way from a request to an object, and the table of who may open which page.

A stranger to the study gets 404 (not even existence is told), a member without the role gets 403.
``tests/test_access_matrix.py`` walks every URL with every role and fails when a page is missing here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from facsweb.audit import reading
from facsweb.studies.models import Membership, Role, Study

ADMINISTRATOR, ANALYST, CODER, MANAGER = Role.ADMINISTRATOR, Role.ANALYST, Role.CODER, Role.MANAGER
EVERY_ROLE: Final = frozenset(Role)
WORKERS: Final = frozenset({ADMINISTRATOR, ANALYST, CODER})  # everybody who works on recordings
LEADS: Final = frozenset({ADMINISTRATOR, ANALYST})

#: Pages for anybody, signed in or not.
PUBLIC: Final = frozenset(
    {
        *("health", "ready", "metrics", "verify", "verify_file", "favicon", "consent:keeping"),
        *("accounts:join", "accounts:provider", "accounts:provider_back"),
    }
)


#: Pages for whoever holds a participant's own link, signed in or not; 404 for everybody else.
BY_LINK: Final = frozenset(
    {
        *("consent:start", "consent:language", "consent:questions", "consent:withdraw", "consent:withdrawn"),
        *("reports:own_copy", "privacy:own_certificate"),
    }
)

#: Pages for anybody who is signed in; what they list is filtered by membership.
SIGNED_IN: Final = frozenset(
    {
        *("home", "model_cards", "studies:list", "reports:list", "coding:preferences", "coding:cards"),
        *("accounts:me", "accounts:sessions"),
        *("about:record", "about:json", "about:markdown", "about:method"),
        *("tokens:list", "tokens:create", "tokens:reference"),
    }
)

#: Pages for people who may create studies and accounts and train scorers (``is_staff``).
STAFF: Final = frozenset(
    {
        *("studies:create", "accounts:list", "accounts:change"),
        *("accounts:invite", "accounts:invitation"),
        *("learning:list", "learning:start", "learning:training", "learning:cancel"),
        *("learning:default", "learning:scorer", "learning:card"),
        *("calibration:list", "calibration:cohort_create", "calibration:cohort_change", "calibration:cohort_use"),
        *("calibration:start", "calibration:version", "calibration:cancel", "calibration:choose"),
        *("quotas:list", "quotas:change"),
        *("calibration:download", "audit:installation", "audit:installation_export"),
    }
)

#: Page → roles that may open it in a study.
PAGES: Final[dict[str, frozenset[Role]]] = {
    # studies, participants, consent
    "studies:detail": WORKERS,
    "studies:change": frozenset({ADMINISTRATOR}),
    "studies:members": frozenset({ADMINISTRATOR}),
    "studies:member_add": frozenset({ADMINISTRATOR}),
    "studies:member_remove": frozenset({ADMINISTRATOR}),
    "studies:consent_form": LEADS,
    "studies:consent_form_create": frozenset({ADMINISTRATOR}),
    "studies:participant_create": LEADS,
    "studies:participant": WORKERS,
    "studies:participant_cohort": LEADS,
    "studies:consent_create": LEADS,
    "studies:consent": LEADS,
    "studies:consent_withdraw": LEADS,
    "studies:consent_hand_over": LEADS,
    "studies:consent_links": LEADS,
    "studies:consent_link_revoke": LEADS,
    "studies:law": WORKERS,
    "studies:justify": frozenset({ADMINISTRATOR}),
    "studies:justification_withdraw": frozenset({ADMINISTRATOR}),
    "reports:consent_copy": LEADS,
    "quotas:study": frozenset({ADMINISTRATOR, MANAGER}),
    "audit:log": frozenset({ADMINISTRATOR}),
    "audit:export": frozenset({ADMINISTRATOR}),
    # recordings
    "recordings:upload": LEADS,
    "recordings:tus_create": LEADS,
    "recordings:tus": LEADS,
    "recordings:detail": WORKERS,
    "recordings:video": WORKERS,
    "recordings:poster": WORKERS,
    "recordings:change": LEADS,
    "recordings:delete": frozenset({ADMINISTRATOR}),
    # before a camera
    "live:page": LEADS,
    "live:begin": LEADS,
    "live:markers": LEADS,
    "live:end": LEADS,
    "live:throw_away": LEADS,
    # what was said: transcripts and documents
    "transcripts:list": EVERY_ROLE,
    "transcripts:add": WORKERS,
    "transcripts:add_document": WORKERS,
    "transcripts:preview": WORKERS,
    "transcripts:detail": EVERY_ROLE,
    "transcripts:download": EVERY_ROLE,
    "transcripts:history": WORKERS,
    "transcripts:revision": WORKERS,
    "transcripts:edit": WORKERS,
    "transcripts:save": WORKERS,
    "transcripts:restore": WORKERS,
    "transcripts:change": WORKERS,
    "transcripts:analyse": WORKERS,
    "transcripts:delete": frozenset({ADMINISTRATOR}),
    # runs
    "runs:start": LEADS,
    "runs:detail": WORKERS,
    "runs:snapshot": WORKERS,
    "runs:still": WORKERS,
    "runs:cancel": LEADS,
    "runs:interpret": LEADS,
    "runs:neutral": WORKERS,
    "runs:neutral_undo": LEADS,
    "runs:neutral_picture": WORKERS,
    "runs:rescore": LEADS,
    "runs:people": WORKERS,
    "runs:people_change": LEADS,
    "runs:people_picture": WORKERS,
    "runs:download": WORKERS,
    # coding
    "coding:review": WORKERS,
    "coding:signals": WORKERS,
    "coding:frames": WORKERS,
    "coding:waveform": WORKERS,
    "coding:geometry": WORKERS,
    "coding:mesh": WORKERS,
    "coding:reason": WORKERS,
    "coding:events": WORKERS,
    "coding:layer_create": frozenset({CODER}),
    "coding:changes": frozenset({CODER}),
    "coding:layer_history": WORKERS,
    "coding:layer_moment": WORKERS,
    "coding:comments": WORKERS,
    "coding:comment_change": WORKERS,
    "coding:event_history": WORKERS,
    "coding:submit": frozenset({CODER}),
    "coding:take_back": frozenset({CODER}),
    # who codes what
    "assignments:list": LEADS,
    "assignments:new": LEADS,
    "assignments:batch": LEADS,
    "assignments:detail": LEADS,
    # files of other programs
    "exchange:export": WORKERS,
    "exchange:download": WORKERS,
    "exchange:import": WORKERS,
    "exchange:preview": WORKERS,
    "exchange:remove": WORKERS,
    # practice on gold-standard segments
    "practice:list": WORKERS,
    "practice:create": LEADS,
    "practice:retire": LEADS,
    "practice:start": frozenset({CODER}),
    "practice:attempt": WORKERS,
    "practice:check": frozenset({CODER}),
    "practice:give_up": frozenset({CODER}),
    "practice:feedback": frozenset({CODER}),
    # agreement and adjudication
    "agreement:study": WORKERS,
    "agreement:csv": WORKERS,
    "agreement:pair": WORKERS,
    "agreement:start": WORKERS,
    "agreement:adjudication": WORKERS,
    "agreement:steps": WORKERS,
    "agreement:decide": frozenset({CODER}),
    "agreement:give_up": WORKERS,
    "agreement:names": LEADS,
    # combinations, states, voice and words
    "meaning:lanes": WORKERS,
    "meaning:session": WORKERS,
    "meaning:markers": WORKERS,
    "meaning:speakers": WORKERS,
    "meaning:compare": WORKERS,
    "meaning:read": LEADS,
    "meaning:combinations": WORKERS,
    "meaning:combination_new": WORKERS,
    "meaning:combination_change": WORKERS,
    "meaning:combination_remove": WORKERS,
    "meaning:indicators": WORKERS,
    "meaning:indicators_file": WORKERS,
    "meaning:indicator_new": WORKERS,
    "meaning:indicator_change": WORKERS,
    "meaning:indicator_back": WORKERS,
    # sign-off and reports
    "reports:sign": frozenset({CODER}),
    "reports:detail": EVERY_ROLE,
    "reports:state": EVERY_ROLE,
    "reports:pdf": EVERY_ROLE,
    "reports:csv": EVERY_ROLE,
    "reports:json": EVERY_ROLE,
    "reports:retry": frozenset({ADMINISTRATOR, CODER}),
    "reports:revoke": frozenset({ADMINISTRATOR}),
    "reports:file": EVERY_ROLE,
    "reports:document": EVERY_ROLE,
    "reports:document_make": WORKERS,
    "reports:countersign": frozenset({ADMINISTRATOR, CODER}),
    "reports:send_back": frozenset({ADMINISTRATOR, CODER}),
    "reports:study": WORKERS,
    "reports:four_eyes": frozenset({ADMINISTRATOR}),
    "reports:package_start": LEADS,
    "reports:package_state": LEADS,
    "reports:package_download": LEADS,
    "reports:package_cancel": LEADS,
    # what is held of a participant, and destroying it
    "privacy:participant": LEADS,
    "privacy:erase": frozenset({ADMINISTRATOR}),
    "privacy:copy": LEADS,
    "privacy:download": LEADS,
    "privacy:hold": frozenset({ADMINISTRATOR}),
    "privacy:lift": frozenset({ADMINISTRATOR}),
    "privacy:erasure": LEADS,
    "privacy:certificate": LEADS,
    "privacy:retry": frozenset({ADMINISTRATOR}),
    "privacy:retention": LEADS,
    # who is told of what happens in a study
    "webhooks:list": frozenset({ADMINISTRATOR}),
    "webhooks:detail": frozenset({ADMINISTRATOR}),
    "webhooks:again": frozenset({ADMINISTRATOR}),
}


#: Operations of the API, which takes tokens and no session → the page whose roles may use them. What a token may
#: do beside that is its scopes' and its study's business (``facsweb/api``).
API: Final[dict[str, str]] = {
    "api:studies_list": "studies:list",
    "api:study_get": "studies:detail",
    "api:participants_list": "studies:detail",
    "api:participant_create": "studies:participant_create",
    "api:participant_get": "studies:participant",
    "api:consent_get": "studies:participant",
    "api:consent_link_create": "studies:consent_links",
    "api:consent_links_list": "studies:consent_links",
    "api:consent_link_get": "studies:consent_links",
    "api:consent_link_revoke": "studies:consent_link_revoke",
    "api:recordings_list": "studies:detail",
    "api:recording_upload": "recordings:upload",
    "api:recording_get": "recordings:detail",
    "api:tus_create": "recordings:tus_create",
    "api:tus": "recordings:tus",
    "api:runs_list": "recordings:detail",
    "api:run_start": "runs:start",
    "api:run_get": "runs:detail",
    "api:run_cancel": "runs:cancel",
    "api:run_events": "coding:events",
    "api:run_signals_parquet": "runs:download",
    "api:run_signals_csv": "runs:download",
    "api:run_summary": "runs:download",
    "api:run_reading": "meaning:session",
    "api:layers_list": "coding:review",
    "api:layer_events": "coding:events",
    "api:reports_list": "reports:list",
    "api:report_get": "reports:detail",
    "api:report_pdf": "reports:pdf",
    "api:report_csv": "reports:csv",
    "api:report_json": "reports:json",
    "api:report_documents": "reports:detail",
    "api:report_document_make": "reports:document_make",
    "api:document_pdf": "reports:document",
    "api:report_verify": "verify",
    "api:webhooks_list": "webhooks:list",
    "api:webhook_create": "webhooks:list",
    **dict.fromkeys(
        ("api:webhook_delete", "api:webhook_renew_secret", "api:webhook_ping", "api:webhook_deliveries"),
        "webhooks:detail",
    ),
    "api:delivery_again": "webhooks:again",
}

#: Addresses of the API that need no token: its description, and what says that an address leads nowhere.
API_PUBLIC: Final = frozenset({"api:openapi", "api:unknown"})


#: What each role is for, as the members page says it.
ROLES_IN_WORDS: Final[dict[Role, str]] = {
    ADMINISTRATOR: "runs the study: members, consent form, deletions, the log",
    ANALYST: "records consent, uploads recordings and starts analyses",
    CODER: "reviews and corrects the proposed codes, and signs",
    MANAGER: "reads signed reports and texts, and nothing else",
}


class InStudy(Protocol):
    """Anything that belongs to a study."""

    @property
    def study(self) -> Study: ...


M = TypeVar("M", bound=models.Model)


def roles_of(user: Any, study: Study) -> frozenset[Role]:
    """Roles that the user holds in the study; empty for strangers."""
    if not user.is_authenticated:
        return frozenset()
    held = Membership.objects.filter(study=study, user=user).values_list("role", flat=True)
    return frozenset(Role(role) for role in held)


def may(user: Any, page: str, obj: InStudy) -> bool:
    """Whether the user may open the page for the object; for links and buttons in templates and sockets."""
    return bool(roles_of(user, obj.study) & PAGES[page])


def pages(user: Any, study: Study) -> frozenset[str]:
    """Every page the user may open in the study, for templates that show several links; one query."""
    held = roles_of(user, study)
    return frozenset(page for page, roles in PAGES.items() if held & roles)


def check(user: Any, page: str, obj: InStudy) -> None:
    """Raise Http404 for a stranger to the object's study, PermissionDenied for a member without the role."""
    held = roles_of(user, obj.study)
    if not held:
        raise Http404
    if not held & PAGES[page]:
        raise PermissionDenied


def get(request: HttpRequest, model: type[M], pk: uuid.UUID | str, *, related: Iterable[str] = ()) -> M:
    """Return the object for the page that the request's URL names, or raise Http404 or PermissionDenied.

    That it is looked at goes into the log (``audit.reading``).
    """
    queryset = model._default_manager.select_related(*related) if related else model._default_manager.all()
    obj = queryset.filter(pk=pk).first()
    if obj is None:
        raise Http404
    assert request.resolver_match is not None
    name = request.resolver_match.view_name
    page = API.get(name, name)
    check(request.user, page, obj)  # type: ignore[arg-type]
    reading.asked(request, page, obj)
    return obj


def studies(user: Any, page: str) -> QuerySet[Study]:
    """Studies in which the user may open the page."""
    return Study.objects.filter(memberships__user=user, memberships__role__in=PAGES[page]).distinct()


def require_staff(request: HttpRequest) -> None:
    """Raise PermissionDenied unless the user may create studies and accounts."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied
