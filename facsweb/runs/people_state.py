"""What can be done to the people of a measurement: plain values in, plain values out, nothing stored here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from analysis.people import NOBODY, Person, Piece, Sightings, person


class NotPossible(ValueError):  # noqa: N818 (a state that people are told about)
    """The change makes no sense; its text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person of a recording, and who it is said to be.

    Attributes
    ----------
    person : Person
        Pieces of tracks, and whether they are left out of the reading.
    participant : str
        Id of a participant of the study; empty while nobody said.
    """

    person: Person
    participant: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where one piece of a track is seen: frames, first and last time in microseconds."""

    piece: Piece
    frames: int
    first_us: int
    last_us: int


def as_measured(seen: Sightings) -> list[Somebody]:
    """The people that the measurement found."""
    return [Somebody(one) for one in seen.as_measured()]


def load(state: Sequence[dict[str, Any]]) -> list[Somebody]:
    """People from plain JSON values, as `dump` makes them."""
    return [Somebody(person(found), found["participant"]) for found in state]


def dump(people: Sequence[Somebody]) -> list[dict[str, Any]]:
    """Plain JSON values of people."""
    return [
        {
            "pieces": [asdict(piece) for piece in one.person.pieces],
            "left_out": one.person.left_out,
            "participant": one.participant,
        }
        for one in people
    ]


def stretches(seen: Sightings, one: Somebody) -> list[Stretch]:
    """Where each piece of a person is seen, in the pieces' order; pieces that are never seen are left out."""
    found = []
    for piece in one.person.pieces:
        times = seen.time_us[seen.person([Person((piece,))]) != NOBODY]
        if len(times):
            found.append(Stretch(piece, len(times), int(times.min()), int(times.max())))
    return found


def merge(people: list[Somebody], seen: Sightings, number: int, other: int) -> list[Somebody]:
    """Make two people one. Who the first is said to be counts, unless only the other one has a name."""
    if number == other:
        raise NotPossible("Choose another person to merge with.")
    first, second = _one(people, number), _one(people, other)
    if first.participant and second.participant and first.participant != second.participant:
        raise NotPossible("These two are said to be two participants. Change that first, then merge them.")
    whose = seen.person([entry.person for entry in people])
    both, at = np.intersect1d(seen.frame[whose == number], seen.frame[whose == other], return_indices=True)[:2]
    if len(both):
        seconds = seen.time_us[whose == number][at[0]] / 1e6
        raise NotPossible(
            f"Both are seen in the same frame ({len(both)} frames, the first at {seconds:.3f} s), so they are two "
            "people."
        )
    left_out = first.person.left_out and second.person.left_out
    one = Person((*first.person.pieces, *second.person.pieces), left_out)
    rest = [entry for place, entry in enumerate(people) if place not in (number, other)]
    return _in_order([*rest, Somebody(one, first.participant or second.participant)], seen)


def split_tracks(people: list[Somebody], seen: Sightings, number: int, chosen: set[int]) -> list[Somebody]:
    """Make the chosen pieces of a person (by place) somebody else."""
    pieces = _one(people, number).person.pieces
    if not chosen or not chosen <= set(range(len(pieces))):
        raise NotPossible("Choose the tracks that are somebody else.")
    if len(chosen) == len(pieces):
        raise NotPossible("At least one track has to stay with this person.")
    stays = tuple(piece for place, piece in enumerate(pieces) if place not in chosen)
    goes = tuple(piece for place, piece in enumerate(pieces) if place in chosen)
    return _split(people, seen, number, stays, goes)


def split_at(people: list[Somebody], seen: Sightings, number: int, time_us: int) -> list[Somebody]:
    """Make a person somebody else from a time on, microseconds."""
    stays: list[Piece] = []
    goes: list[Piece] = []
    for piece in _one(people, number).person.pieces:
        if piece.start_us < time_us:
            end = time_us if piece.end_us is None else min(time_us, piece.end_us)
            stays.append(replace(piece, end_us=end))
        if piece.end_us is None or piece.end_us > time_us:
            goes.append(replace(piece, start_us=max(time_us, piece.start_us)))
    found = seen.person([Person(tuple(stays)), Person(tuple(goes))])
    if not ((found == 0).any() and (found == 1).any()):
        raise NotPossible("This person is not seen both before and after that time.")
    return _split(people, seen, number, tuple(stays), tuple(goes))


def assign(people: list[Somebody], number: int, participant: str, *, left_out: bool = False) -> list[Somebody]:
    """Say who a person is (a participant's id, or nobody known), or that they are left out of the reading."""
    one = _one(people, number)
    for place, other in enumerate(people):
        if participant and place != number and other.participant == participant:
            raise NotPossible(f"Person {place + 1} is this participant already. Merge the two instead.")
    changed = Somebody(replace(one.person, left_out=left_out), participant)
    if changed == one:
        raise NotPossible("Nothing changed.")
    return [changed if place == number else other for place, other in enumerate(people)]


def _one(people: list[Somebody], number: int) -> Somebody:
    if not 0 <= number < len(people):
        raise NotPossible("There is no such person any more.")
    return people[number]


def _split(
    people: list[Somebody], seen: Sightings, number: int, stays: tuple[Piece, ...], goes: tuple[Piece, ...]
) -> list[Somebody]:
    one = people[number]
    kept = replace(one, person=replace(one.person, pieces=stays))
    rest = [other for place, other in enumerate(people) if place != number]
    return _in_order([*rest, kept, Somebody(Person(goes))], seen)


def _in_order(people: list[Somebody], seen: Sightings) -> list[Somebody]:
    """People by first appearance, without pieces that are never seen."""
    known = []
    for one in people:
        found = stretches(seen, one)
        if found:
            pieces = tuple(stretch.piece for stretch in sorted(found, key=lambda stretch: stretch.first_us))
            first = (min(stretch.first_us for stretch in found), pieces[0].track)
            known.append((first, replace(one, person=replace(one.person, pieces=pieces))))
    return [one for _, one in sorted(known, key=lambda entry: entry[0])]
