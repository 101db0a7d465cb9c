"""The way of a layer: assigned → being coded → submitted → in adjudication → adjudicated, or signed by its coder.

Each step is one conditional UPDATE that must touch exactly one row, with its entry of the log in the same
transaction. Signing is done in ``facsweb.reports``.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding.bulk import write_proposals
from facsweb.coding.content import Content, within
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Layer, Revision
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Scope
from facsweb.studies.services import require_consent

Kind, State, Mode, Ending = Layer.Kind, Layer.State, Layer.Mode, Layer.Ending


class WrongState(Exception):  # noqa: N818 (a state that people are told about)
    """The layer is not where this step begins; its text is a sentence for a person."""


def open_layer(actor: User, run: AnalysisRun) -> Layer:
    """Open the actor's own layer of a run, or return it; it starts as copies of the machine's events.

    A layer that was assigned to the actor is begun as it was assigned: blind, or for some stretches only.

    Raises
    ------
    ConsentMissing
        The participant's consent no longer covers coding.
    machine.BadResult
        The run has no events that can be read.
    """
    mine = Layer.objects.filter(run=run, owner=actor, kind=Kind.CODER)
    layer = mine.first()
    if layer is not None:
        return begin(actor, layer) if layer.state == State.ASSIGNED else layer
    require_consent(run.recording.participant, [Scope.VIDEO])
    proposals = _proposals(run, [])
    try:
        with transaction.atomic():
            layer = Layer.objects.create(run=run, owner=actor, kind=Kind.CODER, begun_at=timezone.now())
            write_proposals(layer, proposals)
            record(actor, "layer.open", layer, run=str(run.pk), events=len(proposals))
    except IntegrityError:  # a double click: the constraint allows one layer a person
        return mine.get()
    return layer


def begin(actor: User, layer: Layer) -> Layer:
    """Start coding what was assigned; an assisted layer gets copies of the machine's events in its stretches.

    Raises
    ------
    PermissionDenied
        It is assigned to somebody else.
    ConsentMissing, machine.BadResult
        As `open_layer`.
    """
    _own(actor, layer)
    require_consent(layer.run.recording.participant, [Scope.VIDEO])
    copies = _proposals(layer.run, layer.spans) if layer.mode == Mode.ASSISTED else []
    with transaction.atomic():
        if _moved(layer, (State.ASSIGNED,), state=State.OPEN, begun_at=timezone.now()):
            write_proposals(layer, copies)
            run, states = str(layer.run_id), _states(State.ASSIGNED, State.OPEN)
            record(actor, "layer.open", layer, run=run, events=len(copies), mode=layer.mode, **states)
    layer.refresh_from_db()
    return layer


def submit(actor: User, layer: Layer, *, revision: int | None = None) -> Layer:
    """Hand a coding in. Submitting what is submitted already changes nothing, so a double click submits once.

    Parameters
    ----------
    actor : User
        The layer's owner.
    layer : Layer
        Being coded.
    revision : int, optional
        The layer's revision that the actor saw; a newer one is refused.

    Raises
    ------
    WrongState
        It is not being coded, or has changed since the page was opened.
    """
    _own(actor, layer)
    with transaction.atomic():
        seen = {} if revision is None else {"revision": revision}
        if _moved(layer, (State.OPEN,), seen, state=State.SUBMITTED, submitted_at=timezone.now()):
            now = Layer.objects.get(pk=layer.pk).revision
            record(actor, "layer.submit", layer, revision=now, **_states(State.OPEN, State.SUBMITTED))
    layer.refresh_from_db()
    if layer.state == State.OPEN:
        raise WrongState("The coding changed since this page was opened. Look at it again, then submit it.")
    if layer.state != State.SUBMITTED:
        raise WrongState(
            f"Only a coding in progress can be submitted; this one is {layer.get_state_display().lower()}."
        )
    return layer


def take_back(actor: User, layer: Layer) -> Layer:
    """Go on with what one submitted, as long as nobody has begun to adjudicate it.

    Raises
    ------
    WrongState
        It is not submitted, or adjudication has begun.
    """
    _own(actor, layer)
    if layer.kind == Kind.PRACTICE:
        raise WrongState("This try was checked; the standard is known now. Begin another try.")
    return _reopen(actor, layer, "layer.take_back")


def send_back(actor: User, layer: Layer, reason: str) -> Layer:
    """Hand a submitted coding back to its coder, with the reason; the caller has checked that the actor may."""
    return _reopen(actor, layer, "layer.send_back", reason=mark(reason))


def start_adjudication(actor: User, layers: list[Layer]) -> None:
    """Close submitted codings while somebody settles them; inside the caller's transaction.

    Raises
    ------
    WrongState
        One of them is not submitted (any more).
    """
    for layer in layers:
        if not _moved(layer, (State.SUBMITTED, State.SIGNED, State.ADJUDICATION), **_adjudicated(layer)):
            raise WrongState("Both codings must be submitted before they are adjudicated.")


def settle(layer: Layer) -> None:
    """An adjudicated layer was signed: the codings it settles are finished; inside the caller's transaction."""
    layer.sources.filter(state=State.ADJUDICATION).update(state=State.SETTLED)


def release(layer: Layer) -> None:
    """An adjudication was given up: its codings are submitted again, unless another one still needs them."""
    others = Layer.objects.filter(kind=Kind.ADJUDICATED).exclude(pk=layer.pk)
    for source in layer.sources.filter(state=State.ADJUDICATION).exclude(adjudications__in=others):
        _moved(source, (State.ADJUDICATION,), state=State.SUBMITTED)


def _adjudicated(layer: Layer) -> dict[str, Any]:
    # What somebody signed stays signed: an adjudication beside it takes nothing away.
    current = Layer.objects.get(pk=layer.pk)
    return {"state": State.SIGNED if current.state == State.SIGNED else State.ADJUDICATION}


def _states(before: State, after: State) -> dict[str, Any]:
    return {"before": {"state": str(before)}, "after": {"state": str(after)}}


def _reopen(actor: User, layer: Layer, action: str, **more: Any) -> Layer:
    with transaction.atomic():
        moved = _moved(layer, (State.SUBMITTED,), state=State.OPEN, submitted_at=None)
        if moved:
            record(actor, action, layer, **_states(State.SUBMITTED, State.OPEN), **more)
    layer.refresh_from_db()
    if not moved and layer.state != State.OPEN:
        raise WrongState(f"This coding is {layer.get_state_display().lower()} and can no longer be changed.")
    return layer


def _own(actor: User, layer: Layer) -> None:
    if layer.owner_id != actor.pk or layer.kind not in Layer.WRITTEN:
        raise PermissionDenied("Only the person who owns a layer may change it.")


def _moved(layer: Layer, from_states: tuple[State, ...], also: dict[str, Any] | None = None, **to: Any) -> bool:
    return Layer.objects.filter(pk=layer.pk, state__in=from_states, **(also or {})).update(**to) == 1


def _proposals(run: AnalysisRun, spans: list[list[int]]) -> list[tuple[Any, Content]]:
    """Machine event and its content, cut to the stretches that are to be coded."""
    machine = make_machine_layer(run)
    revisions = Revision.objects.filter(event__layer=machine, number=1).order_by("id")
    found = ((revision.event_id, within(Content.of(revision), spans)) for revision in revisions)
    return [(source, content) for source, content in found if content is not None]
