"""Who may see which layer. Somebody who codes blind sees nothing of the machine's or anybody else's reading."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from facsweb.accounts.models import User
from facsweb.audit.models import Entry
from facsweb.coding.models import Event, Layer
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

#: In these a blind coder must not see what others say: the coding can still change, or come back to its coder when
#: an adjudication is given up.
_STILL_BLIND = (Layer.State.ASSIGNED, Layer.State.OPEN, Layer.State.SUBMITTED, Layer.State.ADJUDICATION)
WHY_HIDDEN = (
    "You code this recording blind, so what the machine and others say about it stays hidden from you "
    "until your coding is signed or adjudicated."
)


def _blind_layers(user: User) -> QuerySet[Layer]:
    own = Layer.objects.filter(owner=user, mode=Layer.Mode.BLIND)
    coding = Q(kind=Layer.Kind.CODER, state__in=_STILL_BLIND)
    practice = Q(kind=Layer.Kind.PRACTICE, state__in=Layer.UNFINISHED)
    return own.filter(coding | practice)


def blind_layer(user: User, recording: Recording) -> Layer | None:
    """The user's own unfinished blind coding of the recording (any of its runs), or an open practice piece."""
    return _blind_layers(user).filter(run__recording=recording).order_by("created_at").first()


def codes_blind(user: User, recording: Recording) -> bool:
    """Whether the user has an unfinished blind coding of the recording, practice not counted."""
    mine = _blind_layers(user).filter(run__recording=recording, kind=Layer.Kind.CODER)
    return mine.exists()


def blind_recordings(user: User) -> QuerySet[Layer, uuid.UUID]:
    """Ids of the recordings that the user codes blind, for lists that leave out what is said about them."""
    return _blind_layers(user).values_list("run__recording", flat=True)


def hides(user: User, run: AnalysisRun) -> str:
    """Why what the machine and others say about the run's recording is hidden; empty while it is not."""
    return hides_on(user, run.recording)


def hides_on(user: User, recording: Recording) -> str:
    """The same for a recording, whether it has runs or not."""
    return WHY_HIDDEN if blind_layer(user, recording) is not None else ""


def readable_layers(user: User, run: AnalysisRun) -> list[Layer]:
    """Layers of a run that the user may read, the machine's first, then their own, then the others.

    Coders see the machine's layer, their own, and what their own was adjudicated to once that is signed: who has
    seen a colleague's coding no longer codes independently. An adjudicator sees the codings to be settled. Leads
    see all but other people's practice. Whoever codes blind sees their own alone.
    """
    layers: QuerySet[Layer] = Layer.objects.filter(run=run).select_related("owner", "run__recording__participant")
    own = Q(owner=user)
    if blind_layer(user, run.recording) is not None:
        layers = layers.filter(own, mode=Layer.Mode.BLIND)
    elif access.roles_of(user, run.study) & access.LEADS:
        layers = layers.filter(own | ~Q(kind=Layer.Kind.PRACTICE))
    else:
        to_settle = Q(adjudications__owner=user, adjudications__kind=Layer.Kind.ADJUDICATED)
        to_settle |= Q(  # the standard of a practice piece, once that is checked
            adjudications__owner=user,
            adjudications__kind=Layer.Kind.PRACTICE,
            adjudications__state=Layer.State.SUBMITTED,
        )
        settled = Q(kind=Layer.Kind.ADJUDICATED, state=Layer.State.SIGNED, sources__owner=user)
        layers = layers.filter(own | Q(kind=Layer.Kind.MACHINE) | to_settle | settled).distinct()
    return sorted(
        layers, key=lambda layer: (layer.kind != Layer.Kind.MACHINE, layer.owner_id != user.pk, layer.created_at)
    )


def may_read(user: User, layer: Layer) -> bool:
    """Whether a member of the study may read the layer (see `readable_layers`)."""
    return any(other.pk == layer.pk for other in readable_layers(user, layer.run))


def withheld_entries(user: User, entries: Sequence[Entry]) -> set[int]:
    """Numbers of the log's entries that say what others found on recordings the user codes blind."""
    blind = set(blind_recordings(user))
    if not blind:
        return set()
    ids = {entry.object_id for entry in entries}
    hidden: set[str] = set()
    for model, path in ((Event, "layer__run__recording"), (Layer, "run__recording"), (AnalysisRun, "recording")):
        wanted = [uuid.UUID(text) for text in ids if _is_uuid(text)]
        found = model.objects.filter(**{"pk__in": wanted, f"{path}__in": blind})
        hidden |= {str(pk) for pk in found.values_list("pk", flat=True)}
    return {entry.number for entry in entries if entry.object_id in hidden and entry.actor_id != user.pk}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
