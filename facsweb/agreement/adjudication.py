"""Settling two codings to one, step by step: decide, decide anew, take back, give up.

Every decision is a row that is never changed, and writes revisions of the adjudicated layer by the adjudicator;
signing is done in ``facsweb.reports``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.agreement.beginning import Refused, fitting
from facsweb.agreement.models import Adjudication, Decision, Step
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding import services, workflow
from facsweb.coding.models import Event, Layer
from facsweb.coding.reading import EventState, current_revision
from facsweb.studies import access

State, Taken = Layer.State, Decision.Taken

NOTE_LENGTH: Final = 500
REASON_LENGTH: Final = 500


class Stale(Refused):
    """The step was decided elsewhere since the caller saw it."""


def decide(
    actor: User,
    adjudication: Adjudication,
    number: int,
    taken: str,
    *,
    expected: int,
    content: Mapping[str, Any] | None = None,
    note: str = "",
) -> Step:
    """Decide a step, or decide it anew: what the earlier decision wrote is deleted first.

    Parameters
    ----------
    actor : User
        The adjudicator.
    adjudication : Adjudication
        Not signed and not given up.
    number : int
        The step's.
    taken : str
        Of `Decision.Taken`; ``open`` takes the decision back.
    expected : int
        How many decisions of the step the actor saw.
    content : mapping, optional
        For ``third``: what the event says, as for ``coding.services.create_event``.
    note : str
        Why, for the trace.

    Returns
    -------
    Step
        As it is now. The same decision sent twice is one.

    Raises
    ------
    PermissionDenied
        Somebody else adjudicates.
    Stale
        It was decided in another window.
    Refused, ValidationError, Signed, Closed, ConsentMissing
        With sentences; nothing was written.
    """
    if adjudication.layer.owner_id != actor.pk:
        raise PermissionDenied("Only the adjudicator decides.")
    if taken not in Taken.values or len(note) > NOTE_LENGTH:
        raise Refused("This decision was not understood. Nothing was changed.")
    with transaction.atomic():
        layer = _open(adjudication.layer_id)
        step = Step.objects.select_for_update(no_key=True).filter(adjudication=adjudication, number=number).first()
        if step is None:
            raise Refused("There is no such disagreement.")
        if _is_repeated(step, taken, content, note, expected):
            return step
        counted = Step.objects.filter(pk=step.pk, decided=expected).update(decided=F("decided") + 1)
        if counted != 1:
            raise Stale("This was decided in another window in the meantime. You now see that decision.")
        _delete_results(actor, step)
        results = _write(actor, layer, step, Taken(taken), content)
        decision = Decision.objects.create(
            step=step, number=expected + 1, taken=taken, note=note.strip(), by=actor, at=timezone.now()
        )
        decision.results.set(results)
        record(actor, "adjudication.decide", adjudication, step=number, kind=step.kind, taken=taken)
    step.refresh_from_db()
    return step


def give_up(actor: User, adjudication: Adjudication, reason: str) -> None:
    """End an adjudication without a result: the codings are submitted again, and what was decided stays on record.

    Raises
    ------
    PermissionDenied
        The actor is neither the adjudicator nor a lead.
    Refused
        No reason, or it is signed. Giving up what was given up changes nothing.
    """
    lead = access.roles_of(actor, adjudication.study) & access.LEADS
    if adjudication.layer.owner_id != actor.pk and not lead:
        raise PermissionDenied
    if not reason.strip():
        raise Refused("Say why you give the adjudication up; it is kept with what was decided.")
    with transaction.atomic():
        layer = adjudication.layer
        # Settled: closed, and nobody can sign it. Its sources are free, or a second adjudication could not be.
        if Layer.objects.filter(pk=layer.pk, state=State.OPEN).update(state=State.SETTLED) != 1:
            adjudication.refresh_from_db()
            if adjudication.given_up_at is None:
                raise Refused("This adjudication is signed and can no longer be given up.")
            return
        workflow.release(layer)
        layer.sources.clear()
        Adjudication.objects.filter(pk=adjudication.pk).update(
            given_up_at=timezone.now(), given_up_by=actor, given_up_reason=reason.strip()[:REASON_LENGTH]
        )
        record(actor, "adjudication.give_up", adjudication, reason=mark(reason.strip()[:REASON_LENGTH]))
    adjudication.refresh_from_db()


@transaction.atomic
def show_names(actor: User, adjudication: Adjudication, shown: bool) -> None:
    """Let the adjudicator see who coded, or hide it; the caller has checked that the actor leads."""
    if Adjudication.objects.filter(pk=adjudication.pk).exclude(names_shown=shown).update(names_shown=shown):
        record(actor, "adjudication.names", adjudication, before={"shown": not shown}, after={"shown": shown})


def _open(layer_id: uuid.UUID) -> Layer:
    rows = Layer.objects.select_for_update(of=("self",), no_key=True)
    layer = rows.select_related("run__recording").get(pk=layer_id)
    if layer.state == State.SIGNED:
        raise services.Signed
    if layer.state != State.OPEN:
        raise Refused("This adjudication was given up and can no longer be changed.")
    return layer


def _is_repeated(step: Step, taken: str, content: Mapping[str, Any] | None, note: str, expected: int) -> bool:
    if step.decided != expected + 1:
        return False
    last = step.decisions.order_by("-number").first()
    if last is None or (last.taken, last.note) != (taken, note.strip()):
        return False
    if taken != Taken.THIRD:
        return True
    written = [current_revision(event) for event in last.results.all()]
    return all(
        latest is not None and all(getattr(latest, name, None) == value for name, value in (content or {}).items())
        for latest in written
    )


def _delete_results(actor: User, step: Step) -> None:
    last = step.decisions.order_by("-number").first()
    for event in last.results.all() if last else ():
        latest = current_revision(event)
        if latest is not None and not latest.deleted:
            services.delete_event(actor, event, expected=latest.number)


def _write(
    actor: User, layer: Layer, step: Step, taken: Decision.Taken, content: Mapping[str, Any] | None
) -> list[Event]:
    if taken == Taken.THIRD:
        if not content:
            raise Refused("Write what the third event says.")
        return [services.create_event(actor, layer, content).event]
    wanted = {Taken.A: (step.a,), Taken.B: (step.b,), Taken.BOTH: (step.a, step.b)}.get(taken, ())
    written = []
    for source in wanted:
        if source is None:
            continue  # that coder has nothing here, and that is what is taken
        latest = current_revision(source)
        fits = fitting(layer, EventState.of(latest)) if latest else None
        if fits is None:
            raise Refused("The event lies outside of the time that both coded.")
        values = {name: value for name, value in fits.as_dict().items() if name != "confidence"}
        event = services.create_event(actor, layer, values).event
        Event.objects.filter(pk=event.pk, source__isnull=True).update(source=source)
        written.append(event)
    return written
