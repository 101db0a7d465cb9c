"""Every change to plans and assignments. Each one is written into the log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.assignments import forms, material, plan, sampling
from facsweb.assignments.models import Assignment, Batch
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding import workflow
from facsweb.coding.machine import BadResult
from facsweb.coding.models import Layer
from facsweb.studies.models import Membership, Role, Study

State = Layer.State


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was changed; its text is a sentence for a person."""


def make_plan(found: list[material.Material], said: Mapping[str, Any]) -> plan.Plan:
    """The plan that a checked `forms.PlanForm` describes.

    Raises
    ------
    Refused
        A recording's results, which samples go by, cannot be read.
    """
    chosen = material.chosen(found, said["recordings"])
    pieces = [
        plan.Piece(one.run.pk, one.title, one.duration_us, tuple(_spans(one, said)), one.taken) for one in chosen
    ]
    return plan.share_out(
        pieces,
        [uuid.UUID(pk) for pk in said["coders"]],
        seed=said["seed"],
        double_percent=said["double"],
    )


def _spans(one: material.Material, said: Mapping[str, Any]) -> list[sampling.Span]:
    if said["what"] == forms.STRETCHES:
        return said["spans"][str(one.run.pk)]
    if said["what"] == forms.WHOLE:
        return []
    length_us = round(said["seconds"] * 1000) * sampling.GRID_US
    count = said["count"] or 1
    if said["percent"]:
        count = sampling.count_for_share(one.duration_us, length_us, said["percent"])
    try:
        spans = sampling.sample(
            one.duration_us,
            count=count,
            length_us=length_us,
            seed=f"{said['seed']} {one.run.recording_id}",
            seen=None if said["where"] == forms.ANYWHERE else material.seen(one.run),
            active=material.active(one.run) if said["where"] == forms.BALANCED else None,
        )
    except (OSError, BadResult, KeyError) as error:
        raise Refused(
            f"The results of {one.title} cannot be read, so no samples can be drawn by them. Leave it out, "
            "analyse it again, or draw samples from anywhere."
        ) from error
    if not spans:
        raise Refused(
            f"{one.title} ({sampling.clock(one.duration_us)}) has no room for a sample of {said['seconds']:g} s"
            + ("." if said["where"] == forms.ANYWHERE else " in which a face is seen.")
            + " Choose shorter samples, or leave the recording out."
        )
    return spans


#: What of a form is kept with its batch.
KEPT = ("what", "mode", "double", "seed")
KEPT_OF_SAMPLES = ("count", "percent", "seconds", "where")


@transaction.atomic
def create_batch(actor: User, study: Study, made: plan.Plan, said: Mapping[str, Any]) -> Batch:
    """Store a plan: its batch, and a layer and an assignment for each work. The same id again is the same batch.

    Raises
    ------
    Refused
        Somebody began a coding of one of the recordings in the meantime.
    """
    existing = Batch.objects.filter(pk=said["id"], study=study).first()
    if existing is not None:
        return existing
    if not made.works:
        raise Refused("There is nothing to assign: everybody chosen has a coding of these recordings already.")
    names = (*KEPT, *(KEPT_OF_SAMPLES if said["what"] == forms.SAMPLES else ()))
    parameters: dict[str, Any] = {name: said[name] for name in names}
    parameters |= {
        "recordings": made.recordings,
        "doubled": made.doubled,
        "codings": len(made.works),
        "runs": sorted(said["recordings"]),
        "coders": sorted(said["coders"]),
        "minutes": round(sum(made.minutes().values()), 3),
    }
    batch = Batch.objects.create(
        id=said["id"], study=study, name=said["name"].strip(), created_by=actor, parameters=parameters
    )
    record(actor, "batch.create", batch, name=batch.name, **parameters)
    for work in made.works:
        _assign(actor, batch, work, said)
    return batch


def _assign(actor: User, batch: Batch, work: plan.Work, said: Mapping[str, Any]) -> None:
    taken = Layer.objects.filter(
        run__recording__runs=work.run, owner_id=work.coder, kind=Layer.Kind.CODER
    ).exists()
    try:
        with transaction.atomic():
            if taken:
                raise IntegrityError
            layer = Layer.objects.create(
                run_id=work.run,
                owner_id=work.coder,
                kind=Layer.Kind.CODER,
                state=State.ASSIGNED,
                mode=said["mode"],
                ending=work.ending,
                spans=[list(span) for span in work.spans],
            )
    except IntegrityError:
        raise Refused(
            f"{User.objects.get(pk=work.coder)} began to code {work.title} in the meantime. Nothing was assigned; "
            "look at the plan again."
        ) from None
    made = Assignment.objects.create(
        batch=batch, layer=layer, assigned_by=actor, due=said["due"], instructions=said["instructions"].strip()
    )
    record(
        actor,
        "assignment.create",
        made,
        coder=layer.owner.email if layer.owner else "",
        layer=str(layer.pk),
        recording=mark(work.title),
        mode=said["mode"],
        ending=work.ending,
        due=said["due"],
        stretches=len(work.spans),
    )


# --- changes of one ---------------------------------------------------------------------------------------


@transaction.atomic
def change_due(actor: User, assignment: Assignment, due: dt.date | None) -> None:
    """Set or take away the day on which a coding is due; the same day changes nothing."""
    changed = Assignment.objects.filter(pk=assignment.pk).exclude(due=due).update(due=due)
    if changed:
        record(actor, "assignment.due", assignment, before={"due": assignment.due}, after={"due": due})


@transaction.atomic
def withdraw(actor: User, assignment: Assignment) -> None:
    """Take back an assignment that nobody has begun; its empty layer goes with it.

    Raises
    ------
    Refused
        It was begun: somebody's work is never deleted.
    """
    layer = assignment.layer
    said = {"coder": layer.owner.email if layer.owner else "", "recording": mark(str(layer.run.recording))}
    # Locked first: whoever begins it at this moment waits, or is there before.
    rows = Layer.objects.select_for_update(no_key=True)
    not_begun = list(rows.filter(pk=layer.pk, state=State.ASSIGNED, revision=0))
    list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))
    record(actor, "assignment.withdraw", assignment, layer=str(layer.pk), **said)
    if not not_begun or not Layer.objects.filter(pk=layer.pk).delete()[0]:
        raise Refused("This coding was begun in the meantime, so it stays. Nothing was changed.")


@transaction.atomic
def reassign(actor: User, assignment: Assignment, coder: User) -> None:
    """Give a coding that nobody has begun to somebody else.

    Raises
    ------
    Refused
        It was begun, or that person may not have it.
    """
    layer, before = assignment.layer, assignment.layer.owner
    if before == coder:
        return
    if not Membership.objects.filter(study=assignment.study, user=coder, role=Role.CODER).exists():
        raise Refused(f"{coder} is no FACS coder of this study. Nothing was changed.")
    has_one = Layer.objects.filter(run__recording=layer.run.recording, owner=coder, kind=Layer.Kind.CODER).exists()
    if has_one:
        raise Refused(f"{coder} has a coding of this recording already. Nothing was changed.")
    moved = Layer.objects.filter(pk=layer.pk, state=State.ASSIGNED, owner=before).update(owner=coder)
    if not moved:
        raise Refused("This coding was begun in the meantime, so it stays where it is. Nothing was changed.")
    former = {"coder": before.email if before else ""}
    record(actor, "assignment.reassign", assignment, before=former, after={"coder": coder.email})


def send_back(actor: User, assignment: Assignment, reason: str) -> None:
    """Hand a submitted coding back to its coder with the reason, which they read on their home page.

    Raises
    ------
    Refused
        It is not submitted (any more).
    """
    try:
        with transaction.atomic():
            was = Layer.objects.select_for_update(no_key=True).get(pk=assignment.layer_id).state
            list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))  # before the log
            workflow.send_back(actor, assignment.layer, reason.strip())
            if was == State.SUBMITTED:
                Assignment.objects.filter(pk=assignment.pk).update(
                    returned_at=timezone.now(), returned_by=actor, returned_reason=reason.strip()
                )
    except workflow.WrongState as error:
        raise Refused(str(error)) from None
