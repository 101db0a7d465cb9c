"""Whoever looks at a recording, a coding, a report or a consent is in the log: which page is which act.

``studies/access.get`` calls `asked` for every object that a page shows; `OriginMiddleware` calls `write` when the
answer is known. So a refusal is no reading, and an answer whose reading cannot be written is not given: **no
reading without its entry** (`Unlogged`). Range requests of a video, tiles and polls make one entry for a person, a
session, an address and an object within `WINDOW`. ``tests/audit/test_reading.py`` fails for a page that stands
nowhere here.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from facsweb.audit import origin, services
from facsweb.audit.models import Entry

#: So long a second look at the same thing, by the same person in the same session, is the same reading.
WINDOW: Final = timedelta(minutes=15)

#: Page → act, once within the window.
WINDOWED: Final[dict[str, str]] = {
    "studies:detail": "study.read",
    "studies:participant": "participant.read",
    "studies:participant_cohort": "participant.read",
    "studies:consent_links": "participant.read",
    "privacy:participant": "participant.read",
    "privacy:erase": "participant.read",
    "privacy:erasure": "erasure.read",
    "reports:countersign": "report.read",
    "studies:consent": "consent.read",
    "studies:consent_withdraw": "consent.read",
    "audit:log": "log.read",
    "recordings:detail": "recording.read",
    "recordings:video": "recording.watch",
    "recordings:poster": "recording.picture",
    "transcripts:preview": "transcript.preview",
    "transcripts:detail": "transcript.read",
    "transcripts:history": "transcript.read",
    "transcripts:revision": "transcript.read",
    "transcripts:edit": "transcript.read",
    "runs:detail": "run.read",
    "runs:snapshot": "run.read",
    "runs:people": "run.read",
    "runs:neutral": "run.read",
    "runs:still": "run.picture",
    "runs:neutral_picture": "run.picture",
    "runs:people_picture": "run.picture",
    "coding:review": "run.review",
    "coding:signals": "run.review",
    "coding:frames": "run.review",
    "coding:waveform": "run.review",
    "coding:geometry": "run.review",
    "coding:mesh": "run.review",
    "coding:reason": "run.review",
    "coding:comments": "run.review",
    "coding:events": "layer.read",
    "coding:submit": "layer.read",
    "coding:layer_history": "layer.read",
    "coding:layer_moment": "layer.read",
    "coding:event_history": "event.read",
    "exchange:export": "layer.read",
    "exchange:preview": "import.read",
    "practice:attempt": "practice.read",
    "agreement:study": "agreement.read",
    "agreement:pair": "layer.compare",
    "agreement:adjudication": "adjudication.read",
    "agreement:steps": "adjudication.read",
    "meaning:lanes": "run.meaning",
    "meaning:session": "run.meaning",
    "meaning:markers": "recording.marks",
    "meaning:speakers": "recording.marks",
    "meaning:compare": "study.compare",
    "reports:sign": "layer.read",
    "reports:detail": "report.read",
    "reports:state": "report.read",
}

#: Page → act, at every look: whoever takes a file has it.
EVERY: Final[dict[str, str]] = {"agreement:csv": "agreement.download"}

#: Page of a participant's own link → act, once within the window: by nobody with an account, and through the link.
BY_LINK: Final[dict[str, str]] = dict.fromkeys(
    ("consent:start", "consent:questions", "consent:withdraw", "consent:withdrawn"), "participant.own_page"
)
#: What stands in the log as the way by which a participant came.
LINK: Final = "participant's link"

#: Page → act that its own service writes, with what exactly was taken.
ITSELF: Final[dict[str, str]] = {
    "audit:export": "log.export",
    "transcripts:download": "transcript.download",
    "runs:download": "run.download",
    "exchange:download": "layer.export",
    "reports:pdf": "report.download",
    "reports:csv": "report.download",
    "reports:json": "report.download",
    "reports:file": "report.download",
    "reports:document": "report.download",
    "reports:package_download": "package.download",
    "reports:consent_copy": "consent.copy",
    "privacy:certificate": "erasure.certificate",
    "privacy:download": "copy.download",
    "reports:own_copy": "consent.copy",
    "privacy:own_certificate": "erasure.certificate",
}

#: Pages that only change something; the change is logged by its service.
CHANGES: Final = frozenset(
    {
        *("studies:member_add", "studies:member_remove", "recordings:tus_create", "transcripts:save"),
        *("live:begin", "live:markers", "live:end", "live:throw_away"),
        *("transcripts:restore", "transcripts:analyse", "runs:cancel", "runs:interpret", "runs:neutral_undo"),
        *("runs:rescore", "runs:people_change", "coding:layer_create", "coding:changes"),
        *("coding:take_back", "coding:comment_change", "exchange:remove", "practice:retire", "practice:start"),
        *("practice:check", "practice:give_up", "agreement:start", "agreement:decide", "agreement:give_up"),
        *("agreement:names", "meaning:read", "meaning:combination_remove", "meaning:indicator_back"),
        *("reports:retry", "reports:revoke", "reports:send_back", "reports:four_eyes", "reports:document_make"),
        *("reports:package_start", "reports:package_cancel", "privacy:copy", "privacy:hold", "privacy:lift"),
        *("privacy:retry", "studies:consent_hand_over", "studies:consent_link_revoke", "webhooks:again"),
        "consent:language",
    }
)

#: Page → why nobody has to know who looked at it.
UNLOGGED: Final[dict[str, str]] = {
    **dict.fromkeys(("studies:change", "studies:members"), "it shows the study and who works in it"),
    **dict.fromkeys(("studies:law", "studies:justify", "studies:justification_withdraw"), "rules and reasons"),
    **dict.fromkeys(("privacy:retention",), "periods and days"),
    **dict.fromkeys(("quotas:study",), "limits, and sums over the study"),
    **dict.fromkeys(("reports:study", "reports:package_state"), "a list that names reports, and how far one is"),
    **dict.fromkeys(("webhooks:list", "webhooks:detail"), "addresses and what was sent to them: names of acts"),
    **dict.fromkeys(("studies:consent_form", "studies:consent_form_create"), "the text that everybody is given"),
    **dict.fromkeys(("studies:participant_create", "studies:consent_create"), "an empty form"),
    **dict.fromkeys(("recordings:upload", "recordings:tus"), "what one uploads oneself"),
    "live:page": "an empty page; that a session begins is logged",
    **dict.fromkeys(("recordings:change", "recordings:delete", "runs:start"), "a form that names the recording"),
    **dict.fromkeys(("transcripts:list", "transcripts:change", "transcripts:delete"), "titles, no words"),
    **dict.fromkeys(("transcripts:add", "transcripts:add_document", "exchange:import"), "an empty form"),
    **dict.fromkeys(("assignments:list", "assignments:new", "assignments:batch", "assignments:detail"), "plans"),
    **dict.fromkeys(("practice:list", "practice:create", "practice:feedback"), "names and figures of segments"),
    **dict.fromkeys(
        (
            *("meaning:combinations", "meaning:combination_new", "meaning:combination_change"),
            *(
                "meaning:indicators",
                "meaning:indicators_file",
                "meaning:indicator_new",
                "meaning:indicator_change",
            ),
        ),
        "definitions and formulas",
    ),
}


class Unlogged(Exception):  # noqa: N818 (a state that people are told about)
    """The reading could not be written into the log, so nothing is shown; the message is for a person."""

    def __init__(self) -> None:
        super().__init__(
            "This page is shown only when the log can note who looked at it, and just now it cannot. Nothing was "
            "changed and nothing is lost. Try again in a moment; if it stays, tell whoever runs the installation."
        )


def asked(request: HttpRequest, page: str, obj: models.Model) -> None:
    """Remember that a page is about to show an object; what POST changes is logged by its service.

    Any other method counts: a view that does not ask for the method answers OPTIONS as it answers GET.
    """
    if request.method == "POST":
        return
    if page in WINDOWED:
        note(request, WINDOWED[page], obj)
    elif page in EVERY:
        note(request, EVERY[page], obj, always=True)


def note(
    request: HttpRequest, action: str, obj: models.Model, *, always: bool = False, by_link: bool = False
) -> None:
    """Have the reading of an object written once the answer is a good one.

    Parameters
    ----------
    always : bool
        Every time, without the window.
    by_link : bool
        By the participant, through their own link, whoever is signed in beside.
    """
    pending = getattr(request, "readings", [])
    request.readings = [*pending, (action, obj, always, by_link)]  # type: ignore[attr-defined]


def write(request: HttpRequest, status: int) -> None:
    """Write what was read, when the answer shows it.

    Raises
    ------
    Unlogged
        The log cannot be written.
    """
    # 304: what the browser keeps is looked at again.
    if not (200 <= status < 300 or status == 304):
        return
    try:
        for action, obj, always, by_link in getattr(request, "readings", ()):
            actor = None if by_link else request.user
            with origin.through(LINK) if by_link else nullcontext():
                if always:
                    services.record(actor, action, obj)
                else:
                    once(actor, action, obj)
    except DatabaseError as error:
        raise Unlogged from error


def once(actor: Any, action: str, obj: models.Model) -> bool:
    """Write a reading unless it stands there since less than `WINDOW`; whether it was written.

    The first question takes no lock, so hundreds of requests a minute disturb nobody who writes; the second is
    asked behind the log's lock, so of several requests at once one writes.
    """
    if _stands(actor, action, obj):
        return False
    with transaction.atomic():
        services.lock()
        if _stands(actor, action, obj):
            return False
        services.record(actor, action, obj)
    return True


def _stands(actor: Any, action: str, obj: models.Model) -> bool:
    came, now = origin.current(), timezone.now()
    return Entry.objects.filter(
        object_id=str(obj.pk),
        action=action,
        actor=actor if actor is not None and actor.is_authenticated else None,
        at__gt=now - WINDOW,
        at__lte=now,  # a clock that was ahead and was put back hides no reading
        address=came.address,
        session=came.session,
        via=came.via,
    ).exists()
