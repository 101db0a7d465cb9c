"""Beginning to settle two codings: who may, what both have is taken over, where they differ becomes a step.

Coder A and coder B are told apart by the random ids of their layers. What both coded (the same code, side and
intensity, onset and offset within the tolerance) is taken over at once as A coded it: the mean of two times is a
time that nobody saw. Only where B alone says an intensity, or B alone says which side, B's event is taken. Both
stay in the trace.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.agreement import Options
from facsweb.accounts.models import User
from facsweb.agreement import before
from facsweb.agreement.matching import Compared, Match, compared
from facsweb.agreement.models import Adjudication, Decision, Step
from facsweb.agreement.pairs import common, in_order
from facsweb.audit.services import record
from facsweb.coding import services, sight, workflow
from facsweb.coding.bulk import BATCH, write_additions
from facsweb.coding.content import Content, within
from facsweb.coding.models import Layer
from facsweb.coding.reading import EventState, current_events
from facsweb.studies import access
from facsweb.studies.models import Role, Scope, Study
from facsweb.studies.services import require_consent

Kind, State = Layer.Kind, Layer.State

TOLERANCE_US: Final = 500_000


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was changed; the text is a sentence for a person."""


def adjudicators(study: Study, one: Layer, two: Layer) -> list[User]:
    """Coders of the study who may settle these two, by name."""
    coders = User.objects.filter(memberships__study=study, memberships__role=Role.CODER, is_active=True).order_by(
        "name"
    )
    return [user for user in coders if not why_not(user, one, two)]


def why_not(user: User, one: Layer, two: Layer) -> str:
    """Why somebody cannot settle these two codings; empty where they can."""
    if Role.CODER not in access.roles_of(user, one.study):
        return "Only FACS coders of this study can adjudicate."
    if user.pk in (one.owner_id, two.owner_id):
        return "Who made one of the two codings cannot adjudicate them."
    if sight.hides(user, one.run):
        return f"{user.get_full_name()} still codes this recording blind and cannot adjudicate it."
    return ""


def start(
    actor: User,
    one: Layer,
    two: Layer,
    *,
    adjudicator: User,
    seen: Mapping[uuid.UUID, int] | None = None,
    tolerance_us: int = TOLERANCE_US,
) -> Adjudication:
    """Begin to settle two codings of a run, or return the adjudication that was begun (a double click).

    Parameters
    ----------
    actor : User
        The adjudicator, or a lead who appoints one.
    one, two : Layer
        Submitted or signed codings.
    adjudicator : User
    seen : mapping of UUID to int, optional
        Revisions of the layers that the actor saw; newer ones are refused.
    tolerance_us : int
        How far apart onsets and offsets may be to be called the same.

    Raises
    ------
    PermissionDenied
        The actor is neither the adjudicator nor a lead.
    Refused
        With the reason.
    ConsentMissing
        The participant's consent no longer covers coding.
    """
    if actor.pk != adjudicator.pk and not access.roles_of(actor, one.study) & access.LEADS:
        raise PermissionDenied
    first, second = in_order(one, two)
    if (known := _active(first, second)) is not None:
        return _same(known, adjudicator)
    _check(first, second, adjudicator, seen)
    require_consent(first.run.recording.participant, [Scope.VIDEO])
    options = Options(tolerance_us=tolerance_us)
    found = compared(
        first, second, options
    )  # outside of the transaction: it takes time, and the layers are closed
    said = before.agreement(first, second, found, options)
    try:
        with transaction.atomic():
            return _begin(actor, adjudicator, first, second, found, said, tolerance_us)
    except IntegrityError:  # somebody was faster; the constraint allows one adjudication a pair
        faster = _active(first, second)
        if faster is None:
            raise
        return _same(faster, adjudicator)
    except workflow.WrongState as error:
        raise Refused(str(error)) from error


def _active(first: Layer, second: Layer) -> Adjudication | None:
    return (
        Adjudication.objects.select_related("layer__owner")
        .filter(first=first, second=second, given_up_at__isnull=True)
        .first()
    )


def _same(known: Adjudication, adjudicator: User) -> Adjudication:
    if known.layer.owner_id != adjudicator.pk:
        assert known.layer.owner is not None
        raise Refused(f"{known.layer.owner.get_full_name()} adjudicates these two codings already.")
    return known


def _check(first: Layer, second: Layer, adjudicator: User, seen: Mapping[uuid.UUID, int] | None) -> None:
    if first.pk == second.pk or first.run_id != second.run_id or {first.kind, second.kind} != {Kind.CODER}:
        raise Refused("Only two people's codings of the same analysis can be adjudicated.")
    if not common(first, second):
        raise Refused("These two people coded different stretches, so there is nothing to adjudicate.")
    if reason := why_not(adjudicator, first, second):
        raise Refused(reason)
    for layer in (first, second):
        if layer.state not in (State.SUBMITTED, State.SIGNED, State.ADJUDICATION):
            raise Refused("Both codings must be submitted before they are adjudicated.")
        if seen is not None and seen.get(layer.pk) != layer.revision:
            raise Refused("A coding changed since this page was opened. Look at it again, then begin.")


def _begin(
    actor: User,
    adjudicator: User,
    first: Layer,
    second: Layer,
    found: Compared,
    said: dict[str, Any],
    tolerance_us: int,
) -> Adjudication:
    for layer in sorted((first, second), key=lambda one: one.pk):
        rows = Layer.objects.select_for_update(no_key=True).filter(pk=layer.pk, revision=layer.revision)
        if not rows.exists():
            raise Refused("A coding changed in the meantime. Look at it again, then begin.")
    workflow.start_adjudication(actor, [first, second])
    whole = not first.spans and not second.spans
    layer = Layer.objects.create(
        run=first.run,
        kind=Kind.ADJUDICATED,
        owner=adjudicator,
        spans=[] if whole else [list(span) for span in found.spans],
        begun_at=timezone.now(),
    )
    layer.sources.set([first, second])
    adjudication = Adjudication.objects.create(
        layer=layer,
        first=first,
        second=second,
        first_revision=first.revision,
        second_revision=second.revision,
        tolerance_us=tolerance_us,
        before=said,
        started_by=actor,
    )
    Step.objects.bulk_create(
        [
            Step(
                adjudication=adjudication,
                number=number,
                kind=place.said.kind,
                also=list(place.said.also),
                code=place.said.code,
                a_id=place.a,
                b_id=place.b,
                from_us=place.said.from_us,
                to_us=place.said.to_us,
                face=place.said.face,
            )
            for number, place in enumerate(found.places, 1)
        ],
        batch_size=BATCH,
    )
    _take_over(adjudicator, adjudication, found)
    record(
        actor,
        "adjudication.start",
        adjudication,
        adjudicator=adjudicator.email,
        first=str(first.pk),
        second=str(second.pk),
        disagreements=len(found.places),
        agreed=len(found.agreed),
    )
    return adjudication


def _take_over(adjudicator: User, adjudication: Adjudication, found: Compared) -> None:
    """Write what both coded as events of the result: one change of the layer."""
    layer, now = adjudication.layer, timezone.now()
    both = (adjudication.first, adjudication.second)
    said = {state.id: state for layer_ in both for state in current_events(layer_)}
    kept = [(match, said[match.b if _b_says_more(match) else match.a]) for match in found.agreed]
    contents = [fitting(layer, source) for _, source in kept]
    written = [(*two, content) for two, content in zip(kept, contents, strict=True) if content is not None]
    if not written:
        return
    additions = [(source.id, content) for _, source, content in written]
    events = write_additions(layer, additions, author=adjudicator, group=uuid.uuid4())
    Layer.objects.filter(pk=layer.pk).update(revision=1)
    steps = Step.objects.bulk_create([_agreed(adjudication, match) for match, _, _ in written], batch_size=BATCH)
    decisions = Decision.objects.bulk_create(
        [
            Decision(step=step, number=1, taken="b" if _b_says_more(match) else "a", by=adjudicator, at=now)
            for step, (match, _, _) in zip(steps, written, strict=True)
        ],
        batch_size=BATCH,
    )
    link = Decision.results.through
    rows = [link(decision=decision, event=event) for decision, event in zip(decisions, events, strict=True)]
    link.objects.bulk_create(rows, batch_size=BATCH)


def _agreed(adjudication: Adjudication, match: Match) -> Step:
    events = (match.first, match.second)
    return Step(
        adjudication=adjudication,
        kind=Step.AGREED,
        code=match.first.code,
        a_id=match.a,
        b_id=match.b,
        from_us=min(event.onset_us for event in events),
        to_us=max(event.offset_us for event in events),
        face=match.first.face,
        decided=1,
    )


def _b_says_more(match: Match) -> bool:
    letter = not match.first.intensity and bool(match.second.intensity)
    vague = ("", "unilateral")
    side = match.first.side in vague and match.second.side not in vague
    return letter or side


def fitting(layer: Layer, state: EventState) -> Content | None:
    """What a coder's event says, without their note, cut to the stretches and the end of the recording."""
    limit = services.limit_us(layer.run)
    names = ("code", "side", "intensity", "face")
    times = {name: min(getattr(state, name), limit) for name in ("onset_us", "apex_us", "offset_us")}
    content = Content(**{name: getattr(state, name) for name in names}, **times)
    return within(replace(content, confidence=None), layer.spans)
