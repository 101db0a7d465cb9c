"""How many jobs come before one that waits, as a person is told: numbers, and nothing of whose they are."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from facsweb.processes import belt
from facsweb.processes.models import Lane, Ticket

MOST: Final = 100  # jobs that are counted; beyond it is said that there are more
LANES: Final = 50  # studies whose jobs are counted
FRESH_S: Final = 3.0  # so long what waits in other studies is not counted again

_waiting: dict[str, tuple[float, dict[int, int]]] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """What comes before a job.

    Attributes
    ----------
    before, own : int
        Jobs that begin earlier, and how many of them belong to the same study. Studies take turns, so with others
        waiting this is where it stands now; who comes later may still come first.
    more : bool
        There are more than were counted.
    """

    before: int
    own: int
    more: bool = False

    @property
    def words(self) -> str:
        """Such as ``3 before it, one of them of this study``."""
        if self.more:
            return f"more than {min(self.before, MOST)} before it"
        if not self.before:
            return "next"
        said = f"{self.before} before it"
        if not self.own:
            return f"{said}, none of them of this study"
        if self.own == self.before:
            return f"{said}, {'all ' if self.own > 1 else ''}of this study"
        return f"{said}, {'one' if self.own == 1 else self.own} of them of this study"


def places(rows: Iterable[UUID]) -> dict[UUID, Place]:
    """The place of every row of work whose job waits; the cost grows with the rows, not with what waits."""
    tickets = list(belt.waiting().filter(row__in=list(rows)).select_related("lane"))
    found = {}
    for lane in {ticket.lane for ticket in tickets}:
        mine = [ticket for ticket in tickets if ticket.lane_id == lane.pk]
        on = list(
            Ticket.objects.filter(lane__queue=lane.queue, belt_at__isnull=False, taken_at=None)
            .order_by("belt_at", "pk")
            .values_list("pk", "lane")
        )
        order = {pk: number for number, pk in enumerate(belt.oldest(lane).values_list("pk", flat=True)[:MOST])}
        for ticket in mine:
            if ticket.row is not None:
                found[ticket.row] = _place(ticket, lane, on, order)
    return found


def forget() -> None:
    """Count what waits anew for whoever asks next."""
    _waiting.clear()


def _place(ticket: Ticket, lane: Lane, on: list[tuple[int, int]], order: dict[int, int]) -> Place:
    earlier = [whose for pk, whose in on if pk != ticket.pk]
    for number, (pk, _) in enumerate(on):
        if pk == ticket.pk:
            before = [whose for _, whose in on[:number]]
            return Place(len(before), before.count(lane.pk))
    own = order.get(ticket.pk, MOST)
    others = sum(min(count, own + 1) for pk, count in _others(lane.queue).items() if pk != lane.pk)
    before_it = len(earlier) + own + others
    return Place(before_it, earlier.count(lane.pk) + own, more=own >= MOST or before_it > MOST)


def _others(name: str) -> dict[int, int]:
    """How many jobs wait in each lane of a queue, counted as far as `MOST`."""
    at, found = _waiting.get(name, (-FRESH_S, {}))
    if time.monotonic() - at >= FRESH_S:
        lanes = belt.next_lanes(name).values_list("pk", flat=True)[:LANES]
        found = {pk: Ticket.objects.filter(lane=pk, belt_at=None).order_by()[:MOST].count() for pk in lanes}
        _waiting[name] = (time.monotonic(), found)
    return found
