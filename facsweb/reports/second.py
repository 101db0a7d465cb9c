"""Four eyes: a second person looks at a signed coding, and signs it too or sends it back with the reason."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.accounts.reauthentication import Confirmation
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding.models import Layer
from facsweb.reports import services
from facsweb.reports.models import Countersignature, Report, SignOff
from facsweb.reports.services import Refused
from facsweb.studies import access
from facsweb.studies.models import Participant, Role, Scope
from facsweb.studies.services import ConsentMissing, require_consent

STATEMENT = (
    "I have looked at this recording and at the events listed in this report. I did not sign them first, and I "
    "find nothing that speaks against them."
)
#: Who may give the second signature.
SECOND = frozenset({Role.CODER, Role.ADMINISTRATOR})
Decision = Countersignature.Decision


def check(actor: User, report: Report) -> None:
    """Raise Refused with the reason why the actor cannot decide about the report."""
    if report.state != Report.State.AWAITING:
        raise Refused("This report does not wait for a second signature.")
    if report.sign_off.signer_id == actor.pk:
        raise Refused("You signed this coding first. The second signature is another person's.")
    if not access.roles_of(actor, report.study) & SECOND:
        raise Refused("Only a coder or an administrator of this study can give the second signature.")
    if hidden := services.why_hidden(actor, report):
        raise Refused(hidden)


def refusal(actor: User, report: Report) -> str:
    """Why the actor cannot decide about the report; empty where they can."""
    try:
        check(actor, report)
    except Refused as refused:
        return str(refused)
    return ""


def countersign(
    actor: User, report: Report, *, password: str = "", confirmation: Confirmation | None = None
) -> Countersignature:
    """Put a second name to a signed coding and have the second signature added to its document.

    Doing so twice returns the first time's, so a double click countersigns once.

    Parameters
    ----------
    actor : User
    report : Report
    password : str
        The actor's, asked again; not looked at where there is a confirmation.
    confirmation : Confirmation, optional
        From ``reauthentication.confirm``, made for this very act.

    Raises
    ------
    Refused
        With the reason as a sentence.
    """
    # Outside the transaction: a failure must stay counted.
    services.check_person(actor, report.sign_off.layer, password, confirmation)
    with transaction.atomic():
        report = _locked(report)
        if (done := gave(actor, report)) is not None:
            return done
        check(actor, report)
        try:
            require_consent(report.sign_off.layer.run.recording.participant, [Scope.VIDEO])
        except ConsentMissing as missing:
            raise Refused(f"{missing} Nothing was signed.") from missing
        values = {"attempts": 0, "error": "", "finished_at": None, "queued_at": timezone.now()}
        _moved(report, Report.State.WAITING, **values)
        done = _decided(actor, report, Decision.SIGNED, STATEMENT)
        record(actor, "report.countersign", report, content_sha256=report.sign_off.content_sha256)
        services.enqueue(report)
        return done


def gave(actor: User, report: Report) -> Countersignature | None:
    """The second signature that the actor gave to the report."""
    return Countersignature.objects.filter(report=report, by=actor, decision=Decision.SIGNED).first()


def send_back(actor: User, report: Report, reason: str) -> None:
    """Refuse the second signature: the coding is open again for its coder, who reads the reason.

    Raises
    ------
    Refused
        No reason was given, or the actor cannot decide.
    """
    if not reason.strip():
        raise Refused("Give a reason; the coder needs it to go on.")
    with transaction.atomic():
        report = _locked(report)
        if Countersignature.objects.filter(report=report, by=actor, decision=Decision.RETURNED).exists():
            return  # a double click
        check(actor, report)
        _moved(report, Report.State.RETURNED, finished_at=timezone.now())
        _decided(actor, report, Decision.RETURNED, reason.strip())
        SignOff.objects.filter(pk=report.sign_off_id).update(standing=False)
        Layer.objects.filter(pk=report.sign_off.layer_id, state=Layer.State.SIGNED).update(state=Layer.State.OPEN)
        record(actor, "report.send_back", report, reason=mark(reason.strip()))


def _locked(report: Report) -> Report:
    # Locked where the database can; SQLite's IMMEDIATE transactions serialise writers anyway.
    # The participant's row is the lock of their consent.
    Participant.objects.select_for_update(no_key=True).get(pk=report.sign_off.layer.run.recording.participant_id)
    Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    related = "sign_off__layer__run__recording__participant__study"
    return Report.objects.select_related(related).get(pk=report.pk)


def _moved(report: Report, state: str, **values: object) -> None:
    if Report.objects.filter(pk=report.pk, state=Report.State.AWAITING).update(state=state, **values) != 1:
        raise Refused("Somebody else decided about this report in the meantime.")


def _decided(actor: User, report: Report, decision: str, statement: str) -> Countersignature:
    return Countersignature.objects.create(
        report=report, by=actor, at=timezone.now(), decision=decision, statement=statement
    )
