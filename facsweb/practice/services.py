"""What people do with gold-standard segments: make and retire them, begin a try, have it checked, give it up."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis.facs.codes import CATALOGUE
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.coding import workflow
from facsweb.coding.models import Layer
from facsweb.coding.services import limit_us
from facsweb.practice import comparison
from facsweb.practice.models import Attempt, Segment
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import require_consent

SHORTEST_US = 1_000_000
#: Layers that can be a standard: somebody put their name to them.
STANDARDS = (Layer.Kind.CODER, Layer.Kind.ADJUDICATED)


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was changed; the text is a sentence for a person."""


def standards(study: Study) -> QuerySet[Layer]:
    """Signed codings of the study, the newest first."""
    return (
        Layer.objects.filter(
            run__recording__participant__study=study, kind__in=STANDARDS, state=Layer.State.SIGNED
        )
        .select_related("owner", "run__recording__participant__study")
        .order_by("-created_at")
    )


def add_segment(
    actor: User, layer: Layer, *, name: str, from_us: int, to_us: int, codes: Iterable[str] = ()
) -> Segment:
    """Make a stretch of a signed coding a standard.

    Raises
    ------
    Refused
        The coding is not signed, the stretch does not lie within what was coded, or a code does not exist.
    """
    codes = list(dict.fromkeys(codes))
    if layer.kind not in STANDARDS or layer.state != Layer.State.SIGNED:
        raise Refused("Only a signed coding can be a standard.")
    if unknown := [code for code in codes if code not in CATALOGUE]:
        raise Refused(f"{unknown[0]} is not a FACS code.")
    if to_us - from_us < SHORTEST_US:
        raise Refused("A segment lasts at least one second.")
    spans = layer.spans or [[0, limit_us(layer.run)]]
    if not any(start <= from_us and to_us <= end for start, end in spans):
        raise Refused("The segment lies outside of what was coded.")
    with transaction.atomic():
        segment = Segment.objects.create(
            layer=layer, name=name, from_us=from_us, to_us=to_us, codes=codes, created_by=actor
        )
        record(actor, "practice.segment", segment, layer=str(layer.pk), from_us=from_us, to_us=to_us, codes=codes)
    return segment


def retire_segment(actor: User, segment: Segment) -> None:
    """Nobody begins it any more; tries that were made stay. A second click changes nothing."""
    with transaction.atomic():
        if Segment.objects.filter(pk=segment.pk, retired_at=None).update(retired_at=timezone.now()):
            record(actor, "practice.retire", segment)


def start(actor: User, segment: Segment) -> Attempt:
    """Begin a try, or return the one that is open; it is blind and begins empty.

    Raises
    ------
    Refused
        It is retired, the actor made the standard, or codes the same recording at the moment.
    ConsentMissing
        The participant's consent no longer covers coding.
    """
    run = segment.layer.run
    require_consent(run.recording.participant, [Scope.VIDEO])
    with transaction.atomic():
        Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)  # two clicks begin one try
        mine = Attempt.objects.filter(segment=segment, layer__owner=actor, layer__state=Layer.State.OPEN)
        if (already := mine.select_related("layer").first()) is not None:
            return already
        _check_may_start(actor, segment)
        layer = Layer.objects.create(
            run=run,
            owner=actor,
            kind=Layer.Kind.PRACTICE,
            mode=Layer.Mode.BLIND,
            spans=[[segment.from_us, segment.to_us]],
            name=segment.name,
            begun_at=timezone.now(),
        )
        layer.sources.add(segment.layer)
        attempt = Attempt.objects.create(layer=layer, segment=segment)
        record(actor, "practice.start", layer, segment=str(segment.pk))
    return attempt


def _check_may_start(actor: User, segment: Segment) -> None:
    if segment.retired_at is not None:
        raise Refused("This segment is retired. Choose another one.")
    sources = [segment.layer.owner_id, *segment.layer.sources.values_list("owner_id", flat=True)]
    if actor.pk in sources:
        raise Refused("This standard rests on your own coding, so agreeing with it would prove nothing.")
    coding = Layer.objects.filter(
        run__recording=segment.layer.run.recording,
        owner=actor,
        kind=Layer.Kind.CODER,
        state__in=(*Layer.UNFINISHED, Layer.State.SUBMITTED, Layer.State.ADJUDICATION),  # it can be sent back
    )
    if coding.exists():
        raise Refused(
            "You are coding this recording at the moment. Finish that first: the standard would show in it."
        )


def check(actor: User, attempt: Attempt) -> Attempt:
    """Close a try and keep how it compared. A second click returns what the first found.

    Raises
    ------
    PermissionDenied
        It is somebody else's.
    """
    if attempt.layer.owner_id != actor.pk:
        raise PermissionDenied("Only the person who practises can have it checked.")
    if attempt.checked_at is None:
        with transaction.atomic():
            workflow.submit(actor, attempt.layer)
            found = comparison.result(attempt)
            index = comparison.index_of(found)
            first = Attempt.objects.filter(pk=attempt.pk, checked_at=None)
            if first.update(checked_at=timezone.now(), index=index, result=found):
                record(actor, "practice.check", attempt.layer, segment=str(attempt.segment_id), index=index)
    attempt.refresh_from_db()
    return attempt


def give_up(actor: User, attempt: Attempt) -> None:
    """Remove a try that was not checked, with what was coded in it.

    Raises
    ------
    PermissionDenied
        It is somebody else's.
    Refused
        It was checked: what was found stays.
    """
    if attempt.layer.owner_id != actor.pk:
        raise PermissionDenied("Only the person who practises can give it up.")
    with transaction.atomic():
        rows = Layer.objects.select_for_update(no_key=True)
        layer = rows.filter(pk=attempt.layer_id, state=Layer.State.OPEN).first()
        if layer is None:
            raise Refused("This try was checked already; what was found stays.")
        record(actor, "practice.give_up", layer, segment=str(attempt.segment_id))
        layer.delete()
