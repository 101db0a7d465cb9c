"""Signing a layer, and what may happen to its report afterwards."""

from __future__ import annotations

import logging
import uuid
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from facsweb.accounts import reauthentication
from facsweb.accounts.models import User
from facsweb.accounts.reauthentication import Confirmation
from facsweb.agreement import trace
from facsweb.audit.chain import plain
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.coding.workflow import settle
from facsweb.processes import queue
from facsweb.reports import content, hooks
from facsweb.reports.models import Document, Report, SignOff, StudyOptions
from facsweb.reports.waiting import MAX_ATTEMPTS, put_back
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Consent, Participant, Role, Scope, Study
from facsweb.studies.services import ConsentMissing, current_consent, require_consent

__all__ = [
    "Refused",
    "may_read",
    "may_see",
    "recover_reports",
    "retry",
    "revoke",
    "set_four_eyes",
    "sign",
    "standing",
    "visible",
]

log = logging.getLogger(__name__)

#: Kinds of layers that somebody can put their name to.
SIGNABLE = (Layer.Kind.CODER, Layer.Kind.ADJUDICATED)
STATEMENT = (
    "I have reviewed this recording and the events listed in this report. The signed events are my own coding "
    "according to the Facial Action Coding System, whether I confirmed, changed or added them. Events that I did "
    "not review are marked as such."
)
ADJUDICATED_STATEMENT = (
    "I have compared the two codings that this report names with the recording and decided every disagreement of "
    "theirs. The signed events are the result according to the Facial Action Coding System; what both coders had "
    "coded alike was taken over."
)


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was signed or changed; the text is a sentence for a person."""


def check_person(actor: User, layer: Layer, password: str, confirmation: Confirmation | None = None) -> None:
    """Raise Refused unless the actor proves who they are; what fails is logged, counted and limited."""
    try:
        if confirmation is None:
            confirmation = reauthentication.check_password(actor, password, about=layer)
    except reauthentication.NotConfirmed as error:
        raise Refused(f"{error} Nothing was signed.") from error
    if confirmation.user_id != actor.pk:
        raise Refused("Somebody else confirmed. Nothing was signed.")


def standing(layer: Layer) -> SignOff | None:
    """The sign-off that stands for a layer; those that were sent back do not."""
    return SignOff.objects.select_related("report").filter(layer=layer, standing=True).first()


def four_eyes(study: Study) -> bool:
    """Whether reports of the study need a second signature."""
    return StudyOptions.objects.filter(study=study, four_eyes=True).exists()


@transaction.atomic
def set_four_eyes(actor: User, study: Study, wanted: bool) -> None:
    """Ask for two signatures from the next sign-off on, or for one again; what is signed stays as it is."""
    StudyOptions.objects.get_or_create(study=study)
    if StudyOptions.objects.filter(study=study).exclude(four_eyes=wanted).update(four_eyes=wanted):
        told = {"before": {"four_eyes": not wanted}, "after": {"four_eyes": wanted}}
        record(actor, "study.report_options", study, **told)


def statement_for(layer: Layer) -> str:
    """What whoever signs the layer confirms, word for word."""
    return ADJUDICATED_STATEMENT if layer.kind == Layer.Kind.ADJUDICATED else STATEMENT


def check_ready(actor: User, layer: Layer) -> Consent:
    """Return the consent that a sign-off would rest on, or raise Refused with the reason there can be none."""
    if layer.kind not in SIGNABLE or layer.owner_id != actor.pk:
        raise Refused("Only the coder of a layer can sign it.")
    if Role.CODER not in access.roles_of(actor, layer.study):
        raise Refused("Only FACS coders of this study can sign.")
    if layer.state == Layer.State.SIGNED:
        raise Refused("This coding is signed already.")
    if layer.state not in (Layer.State.OPEN, Layer.State.SUBMITTED):
        raise Refused(f"This coding is {layer.get_state_display().lower()} and cannot be signed.")
    if layer.kind == Layer.Kind.CODER and layer.ending == Layer.Ending.ADJUDICATION:
        raise Refused("This coding is one of several of the same recording: submit it, it will be adjudicated.")
    if (adjudication := trace.of_layer(layer)) and (missing_decisions := trace.undecided(adjudication)):
        one = missing_decisions == 1
        said = "1 disagreement is" if one else f"{missing_decisions} disagreements are"
        raise Refused(f"{said} not decided yet. Decide {'it' if one else 'them'}, then sign.")
    if layer.run.state != AnalysisRun.State.SUCCEEDED:
        raise Refused("The analysis of this recording has not finished, so there is nothing to sign yet.")
    participant = layer.run.recording.participant
    try:
        require_consent(participant, [Scope.VIDEO])
    except ConsentMissing as missing:
        raise Refused(f"{missing} Nothing was signed.") from missing
    consent = current_consent(participant)
    assert consent is not None
    return consent


def sign(
    actor: User,
    layer: Layer,
    *,
    statement: str,
    password: str = "",
    confirmation: Confirmation | None = None,
    revision: int | None = None,
) -> SignOff:
    """Put a coder's name to their layer, exactly as it stands, and have the report made.

    Signing what is signed already by the same person returns that sign-off, so a double click signs once.

    Parameters
    ----------
    actor : User
        The layer's owner, a coder of the study.
    layer : Layer
    statement : str
        What the actor confirms, word for word.
    password : str
        The actor's, asked again; not looked at where there is a confirmation.
    confirmation : Confirmation, optional
        From ``reauthentication.confirm``, made for this very act.
    revision : int, optional
        The layer's revision that the actor saw; a newer one is refused.

    Raises
    ------
    Refused
        With the reason as a sentence.
    """
    if not statement.strip():
        raise Refused("Confirm the statement to sign.")
    check_person(actor, layer, password, confirmation)  # outside the transaction: a failure must stay counted
    with transaction.atomic():
        # Locked where the database can; SQLite's IMMEDIATE transactions serialise writers anyway.
        # The participant's row is the lock of their consent: a withdrawal comes before this, and is seen, or after
        # it, and finds the report.
        Participant.objects.select_for_update(no_key=True).get(pk=layer.run.recording.participant_id)
        Layer.objects.select_for_update(no_key=True).get(pk=layer.pk)
        layer = Layer.objects.select_related("run__recording__participant__study", "owner").get(pk=layer.pk)
        if layer.owner_id == actor.pk and (existing := standing(layer)):
            return existing
        consent = check_ready(actor, layer)
        if revision is not None and revision != layer.revision:
            raise Refused("The coding changed since this page was opened. Look at the new figures, then sign.")
        return _sign_off(actor, layer, consent, statement.strip())


def _sign_off(actor: User, layer: Layer, consent: Consent, statement: str) -> SignOff:
    now, report_id = timezone.now(), uuid.uuid4()
    try:
        frozen = content.freeze(
            layer, consent, signer=str(actor), signed_at=now, statement=statement, report_id=report_id
        )
    except content.FilesChanged as changed:
        raise Refused(str(changed)) from changed
    said = plain(frozen)  # what is hashed is what any database gives back
    closed = Layer.objects.filter(pk=layer.pk, state=layer.state, revision=layer.revision).update(
        state=Layer.State.SIGNED
    )
    if closed != 1:
        raise Refused("The coding changed while you were signing. Look at it again, then sign.")
    settle(layer)
    sign_off = SignOff.objects.create(
        layer=layer,
        signer=actor,
        signed_at=now,
        statement=statement,
        content=said,
        content_sha256=content.sha256(said),
    )
    report = Report.objects.create(id=report_id, sign_off=sign_off, second_needed=four_eyes(layer.study))
    told = {"second_needed": True} if report.second_needed else {}
    record(actor, "layer.sign", layer, report=report.pk, content_sha256=sign_off.content_sha256, **told)
    enqueue(report)
    return sign_off


# --- the document ----------------------------------------------------------------------------------------


TASK: Final = "facsweb.reports.tasks.render_report"


def job_id(report: Report) -> str:
    """Of the first signature, or of the second once somebody gave it."""
    return f"report-{report.pk}-2" if report.pdf else f"report-{report.pk}"


def enqueue(report: Report) -> None:
    about = {"study": report.study.pk, "row": report.pk, "job_id": job_id(report)}
    queue.enqueue_on_commit(TASK, str(report.pk), **about)


def recover_reports() -> int:
    """Enqueue again every waiting report that no job carries; return how many."""
    waiting = Report.objects.filter(state=Report.State.WAITING)
    return put_back(waiting, TASK, enqueue=enqueue, give_up=give_up)


@transaction.atomic
def give_up(report: Report) -> None:
    """Mark a report as failed whose making ended a worker every time."""
    if Report.objects.filter(pk=report.pk, state=Report.State.WAITING).update(
        state=Report.State.FAILED,
        error=f"Making the document stopped unexpectedly {MAX_ATTEMPTS} times. Your sign-off is safe; ask the "
        "operator to look at the worker's log, then try again.",
        finished_at=timezone.now(),
    ):
        record(None, "report.fail", report, error="gave up", attempts=report.attempts)


@transaction.atomic
def retry(actor: User, report: Report) -> None:
    """Have a report made again after it failed; asking twice is once."""
    if Report.objects.filter(pk=report.pk, state=Report.State.FAILED).update(
        state=Report.State.WAITING, error="", finished_at=None, attempts=0, queued_at=timezone.now()
    ):
        record(actor, "report.retry", report)
        enqueue(report)


@transaction.atomic
def revoke(actor: User | None, report: Report, reason: str) -> None:
    """Declare a report no longer valid. Its document stays, and verification says that it is revoked.

    What was packed with it is destroyed.

    Raises
    ------
    Refused
        No reason was given.
    """
    if not reason.strip():
        raise Refused("Give a reason; everybody who opens the report will read it.")
    # What the log says it was before, it was; locked where the database can.
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    changed = (
        Report.objects.filter(pk=report.pk)
        .exclude(state__in=(Report.State.REVOKED, Report.State.RETURNED))
        .update(
            state=Report.State.REVOKED,
            revoked_at=timezone.now(),
            revoked_by=actor,
            revoked_reason=reason.strip(),
        )
    )
    if changed:
        stopped = "The report was revoked before it was made."
        Document.objects.filter(report=report, state=Document.State.WAITING).update(
            state=Document.State.FAILED, error=stopped, finished_at=timezone.now()
        )
        told = {"before": {"state": report.state}, "after": {"state": str(Report.State.REVOKED)}}
        for hook in hooks.on_revocation:
            hook(report)  # packages come before the log
        record(actor, "report.revoke", report, reason=mark(reason.strip()), **told)


# --- reading ---------------------------------------------------------------------------------------------


FINISHED = (Report.State.READY, Report.State.REVOKED)
_STUDY = "sign_off__layer__run__recording__participant__study"


def visible(user: Any) -> QuerySet[Report]:
    """Reports that a person may see: every one of a study they work on, and finished ones for managers."""
    working = Q(**{f"{_STUDY}__in": access.studies(user, "coding:review")})
    managed = Q(**{f"{_STUDY}__in": access.studies(user, "reports:detail")}, state__in=FINISHED)
    blind = Q(sign_off__layer__run__recording__in=sight.blind_recordings(user))
    return Report.objects.filter(working | managed).exclude(blind)


def why_hidden(user: Any, report: Report) -> str:
    """Why what the report says is hidden from somebody who codes its recording blind; empty where it is not."""
    return sight.hides(user, report.sign_off.layer.run)


def may_see(user: Any, report: Report) -> bool:
    """Whether a member of the report's study may see it in its present state."""
    return (report.state in FINISHED or access.may(user, "coding:review", report)) and not why_hidden(user, report)


def is_given_out(report: Report) -> bool:
    """Whether what a report says is given out as a file: with one signature of two it is no report yet."""
    return not report.second_needed or report.state in FINISHED


def may_read(user: Any, report: Report) -> bool:
    """Whether a person who may see a report may also read what it says.

    What was revoked, often because a participant withdrew, is kept for administrators alone.
    """
    return report.state != Report.State.REVOKED or access.may(user, "reports:revoke", report)
