"""The machine's proposal against what the coder signs: event by event, change by change, person by person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.facs.codes import CATALOGUE
from facsweb.agreement.trace import machine_events
from facsweb.coding.models import Event, Layer, Revision

#: What an event says; the order is that of the sentences in which changes are told.
FIELDS = ("code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face")
Action = Revision.Action


@dataclass(frozen=True, slots=True)
class Coded:
    """One event of the coder's layer, or a machine event that the layer never took over."""

    id: str
    history: Sequence[Revision]
    machine: Revision | None
    taken_over: bool = True

    @property
    def final(self) -> Revision | None:
        """What is signed; None when deleted or not taken over."""
        if not self.taken_over or self.history[-1].deleted:
            return None
        return self.history[-1]

    @property
    def reviewed(self) -> bool:
        """A person decided about it; an acceptance that was undone does not count."""
        last = self.history[-1]
        return self.taken_over and (last.deleted or last.standing != Revision.Standing.PROPOSED)

    @property
    def changed_fields(self) -> list[str]:
        """Fields in which the signed event differs from the machine's."""
        if self.final is None or self.machine is None:
            return []
        return [name for name in FIELDS if getattr(self.final, name) != getattr(self.machine, name)]

    @property
    def status(self) -> str:
        """``unchanged``, ``changed``, ``added``, ``deleted`` or ``not taken over``."""
        if not self.taken_over:
            return "not taken over"
        if self.final is None:
            return "deleted"
        if self.machine is None:
            return "added"
        return "changed" if self.changed_fields else "unchanged"


def _by_event(layer: Layer) -> dict[Any, list[Revision]]:
    grouped: dict[Any, list[Revision]] = defaultdict(list)
    revisions = Revision.objects.filter(event__layer=layer).select_related("author").order_by("number")
    for revision in revisions:
        grouped[revision.event_id].append(revision)
    return grouped


def compare(layer: Layer) -> list[Coded]:
    """Every event of a coder's or an adjudicated layer beside the machine's, in the order of the timeline.

    Added events that were deleted again are left out: they neither were proposed nor are signed. Their revisions
    are still listed by `changes`.
    """
    own = _by_event(layer)
    machine_layer = Layer.objects.filter(run=layer.run_id, kind=Layer.Kind.MACHINE).first()
    machine = {key: revisions[-1] for key, revisions in _by_event(machine_layer).items()} if machine_layer else {}
    if layer.kind == Layer.Kind.ADJUDICATED:  # its events are copies of coders' events, which may be the machine's
        source = machine_events(layer)
    else:
        source = dict(Event.objects.filter(layer=layer).values_list("pk", "source_id"))
    coded = [Coded(str(key), history, machine.get(source[key])) for key, history in own.items()]
    copied = set(source.values())
    coded += [Coded(str(key), [said], said, False) for key, said in machine.items() if key not in copied]
    coded = [event for event in coded if event.final is not None or event.machine is not None]
    return sorted(coded, key=_place)


def _place(event: Coded) -> tuple[Any, ...]:
    said = event.final or event.machine or event.history[-1]
    known = CATALOGUE.get(said.code)
    return said.onset_us, said.face, known.order if known else len(CATALOGUE), said.side, event.id


def plain(revision: Revision | None) -> dict[str, Any] | None:
    """What a revision says, as plain values."""
    return None if revision is None else {name: getattr(revision, name) for name in FIELDS}


def event_rows(events: Iterable[Coded]) -> list[dict[str, Any]]:
    """The event table: numbered, signed reading beside the machine's."""
    rows = []
    for number, event in enumerate(events, 1):
        last = event.history[-1]
        person = last.author if event.taken_over and last.action != Action.PROPOSE else None
        rows.append(
            {
                "number": number,
                "event": event.id,
                "status": event.status,
                "reviewed": event.reviewed,
                "signed": plain(event.final),
                "machine": plain(event.machine),
                "confidence": None
                if event.machine is None or event.machine.confidence is None
                else round(event.machine.confidence, 3),
                "changed": event.changed_fields,
                "by": str(person) if person else "",
                "note": last.note,
            }
        )
    return rows


def counts(events: Sequence[Coded]) -> dict[str, int]:
    """How many events there are of each kind."""
    statuses = Counter(event.status for event in events)
    return {
        "machine": sum(event.machine is not None for event in events),
        "signed": sum(event.final is not None for event in events),
        "unchanged": statuses["unchanged"],
        "confirmed": sum(event.status == "unchanged" and event.reviewed for event in events),
        "changed": statuses["changed"],
        "added": statuses["added"],
        "deleted": statuses["deleted"],
        "not_taken_over": statuses["not taken over"],
        "unreviewed": sum(event.taken_over and not event.reviewed for event in events),
    }


def changes(layer: Layer, numbers: dict[str, int]) -> list[dict[str, Any]]:
    """Every revision that a person wrote, oldest first, with what it changed.

    Parameters
    ----------
    layer : Layer
    numbers : dict of str to int
        Event id → number in the event table; None is written for an event that was added and deleted again.
    """
    rows = []
    for key, history in _by_event(layer).items():
        before: Revision | None = None
        for revision in history:
            if revision.action != Action.PROPOSE:
                rows.append(
                    (revision.layer_revision, revision.number, _change(revision, before, numbers.get(str(key))))
                )
            before = revision
    return [row for _, _, row in sorted(rows, key=lambda item: item[:2])]


def _change(revision: Revision, before: Revision | None, number: int | None) -> dict[str, Any]:
    differing = [
        {"field": name, "from": getattr(before, name), "to": getattr(revision, name)}
        for name in FIELDS
        if before is not None and getattr(before, name) != getattr(revision, name)
    ]
    return {
        "at": revision.at.isoformat(),
        "by": str(revision.author) if revision.author else "machine",
        "action": str(revision.action),
        "event": number,
        "says": plain(revision),
        "changes": differing,
        "note": revision.note,
    }


def people(revisions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who did how much, most first."""
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for row in revisions:
        tally[row["by"]][row["action"]] += 1
    kinds = (Action.ACCEPT, Action.CHANGE, Action.CREATE, Action.DELETE, Action.RESTORE)
    rows = [{"name": name} | {str(kind): done[str(kind)] for kind in kinds} for name, done in tally.items()]
    return sorted(rows, key=lambda row: (-sum(tally[row["name"]].values()), row["name"]))


def open_questions(events: Iterable[Coded]) -> list[str]:
    """What a careful coder would look at once more before signing, each a sentence."""
    signed = sorted((event.final for event in events if event.final), key=lambda said: said.onset_us)
    found = []
    for said in signed:
        known = CATALOGUE.get(said.code)
        if known and known.has_intensity and not said.intensity:
            found.append(f"AU {said.code} at {clock(said.onset_us)} has no intensity.")
        if "?" in said.note:
            found.append(f"AU {said.code} at {clock(said.onset_us)} carries a question: “{said.note}”")
    active: list[Revision] = []
    for said in signed:
        active = [other for other in active if other.offset_us > said.onset_us]
        for other in active:
            if other.face == said.face and (clash := _clash(other, said)):
                found.append(f"{clash} at {clock(said.onset_us)}.")
        active.append(said)
    return found


def _clash(one: Revision, two: Revision) -> str:
    if {one.side, two.side} == {"left", "right"}:
        return ""  # the two sides of a face are scored separately
    if one.code == two.code:
        return f"AU {one.code} is scored twice"
    known = CATALOGUE.get(one.code)
    return (
        f"AU {one.code} and AU {two.code} exclude each other" if known and two.code in known.exclusive_with else ""
    )


def clock(time_us: int) -> str:
    """Media time as ``00:03:12.480``."""
    milliseconds = round(time_us / 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
