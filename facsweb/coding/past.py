"""The history of a whole layer. Nothing here writes: going back is a group of restores that the page asks for."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q

from facsweb.coding.models import Layer, Revision
from facsweb.coding.reading import EventState

PAGE: Final = 50


def changes(layer: Layer, *, before: int | None = None, code: str = "") -> dict[str, Any]:
    """About `PAGE` changes of people, the newest first; more where one change wrote more.

    Parameters
    ----------
    layer : Layer
        Any.
    before : int, optional
        Only changes before this revision of the layer.
    code : str
        Only changes of events that said this FACS code, before or after.

    Returns
    -------
    dict
        ``changes``, each an event's state with ``label``, ``restores``, ``group`` and ``before`` (the state that
        it changed, or None), and ``more``: whether there are older ones.
    """
    rows = Revision.objects.filter(event__layer=layer, layer_revision__gt=0).select_related("event", "author")
    if before is not None:
        rows = rows.filter(layer_revision__lt=before)
    if code:
        rows = rows.filter(event__in=Revision.objects.filter(event__layer=layer, code=code).values("event"))
    found = list(rows.order_by("-layer_revision", "-id")[: PAGE + 1])
    page = found[:PAGE]
    if len(found) > PAGE:  # what one change wrote stands on one page: the next one begins before it
        known = {revision.pk for revision in page}
        same = rows.filter(layer_revision=page[-1].layer_revision).exclude(pk__in=known)
        page += list(same.order_by("-id"))
    earlier = Q(pk__in=[])
    for revision in page:
        if revision.number > 1:
            earlier |= Q(event=revision.event_id, number=revision.number - 1)
    said = {
        (revision.event_id, revision.number): EventState.of(revision).as_dict()
        for revision in Revision.objects.filter(earlier).select_related("event", "author")
    }
    return {
        "changes": [
            {
                **EventState.of(revision).as_dict(),
                "label": revision.get_action_display(),
                "restores": revision.restores,
                "group": str(revision.group or ""),
                "before": said.get((revision.event_id, revision.number - 1)),
            }
            for revision in page
        ],
        "more": rows.filter(layer_revision__lt=page[-1].layer_revision).exists() if page else False,
    }


def way_back(layer: Layer, revision: int) -> list[dict[str, Any]]:
    """Events that changed after the layer's `revision` and what each said then; None: it was not there yet."""
    rows = Revision.objects.filter(event__layer=layer).select_related("event", "author").order_by("number")
    then: dict[Any, EventState | None] = {}
    now: dict[Any, EventState] = {}
    for one in rows.filter(event__in=rows.filter(layer_revision__gt=revision).values("event")):
        state = EventState.of(one)
        then.setdefault(one.event_id, None)
        if one.layer_revision <= revision:
            then[one.event_id] = state
        now[one.event_id] = state
    return [
        {"id": str(event), "said": state.as_dict() if state else None}
        for event, state in then.items()
        if not _same(state, now[event])
    ]


def _same(then: EventState | None, now: EventState) -> bool:
    if then is None or then.deleted:
        return now.deleted
    names = (
        "deleted",
        "code",
        "side",
        "intensity",
        "onset_us",
        "apex_us",
        "offset_us",
        "face",
        "note",
        "standing",
    )
    return all(getattr(then, name) == getattr(now, name) for name in names)
