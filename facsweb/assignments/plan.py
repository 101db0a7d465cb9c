"""Who gets what: recordings, coders and wishes in, work out. Plain values; nothing here reads or writes."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from facsweb.assignments.sampling import Span, length, words


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be coded of one recording; no spans: all of it.

    ``taken`` are the people who have a coding of the recording already, by id with their names.
    """

    run: uuid.UUID
    title: str
    duration_us: int
    spans: tuple[Span, ...] = ()
    taken: Mapping[uuid.UUID, str] = field(default_factory=dict)

    @property
    def long_us(self) -> int:
        return length(self.spans) or self.duration_us


@dataclass(frozen=True, slots=True)
class Work:
    """One coding that one person is asked for."""

    run: uuid.UUID
    title: str
    coder: uuid.UUID
    spans: tuple[Span, ...]
    long_us: int
    ending: Literal["sign_off", "adjudication"]

    @property
    def words(self) -> str:
        """Its stretches as they are typed."""
        return words(self.spans)


@dataclass(frozen=True, slots=True)
class Plan:
    """All work, and what could not be given to anybody.

    Attributes
    ----------
    works : tuple of Work
    doubled : int
        Recordings that two people code.
    skipped : tuple of (str, str)
        Recording, and who was left out of it because they have a coding of it already.
    alone : tuple of str
        Recordings that were to be doubled and have one coder only.
    nobody : tuple of str
        Recordings that nobody is left for.
    """

    works: tuple[Work, ...]
    doubled: int
    skipped: tuple[tuple[str, str], ...]
    alone: tuple[str, ...]
    nobody: tuple[str, ...]

    @property
    def recordings(self) -> int:
        return len({work.run for work in self.works})

    def minutes(self) -> dict[uuid.UUID, float]:
        """Minutes of video by coder."""
        found: dict[uuid.UUID, float] = {}
        for work in self.works:
            found[work.coder] = found.get(work.coder, 0.0) + work.long_us / 60e6
        return found

    def codings(self, coder: uuid.UUID) -> int:
        return sum(work.coder == coder for work in self.works)

    @property
    def digest(self) -> str:
        """Tells two plans apart, so that what is created is what was looked at."""
        said = [[str(work.run), str(work.coder), work.spans, work.ending] for work in self.works]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def share_out(
    pieces: Sequence[Piece],
    coders: Sequence[uuid.UUID],
    *,
    seed: int,
    double_percent: int = 0,
) -> Plan:
    """Give the pieces to coders, as even by minutes as it goes; the longest first, to whoever has the least.

    Parameters
    ----------
    pieces : sequence of Piece
    coders : sequence of UUID
        Ids.
    seed : int
        Of what is doubled and of who comes first among equals.
    double_percent : int
        0–100: this share of the recordings goes to two coders. They are adjudicated; what one person codes alone
        ends with their signature.
    """
    rng = random.Random(f"share out {seed}")  # noqa: S311 (a draw that has to be repeatable)  # nosec B311
    ordered = sorted(pieces, key=lambda piece: str(piece.run))
    free = {piece.run: [coder for coder in coders if coder not in piece.taken] for piece in ordered}
    doubled = _doubled(ordered, free, rng, double_percent)
    load, works = dict.fromkeys(coders, 0), []
    order = {coder: place for place, coder in enumerate(rng.sample(sorted(coders), len(coders)))}
    for piece in sorted(ordered, key=lambda one: (one.run not in doubled, -one.long_us, str(one.run))):
        several = piece.run in doubled
        people = sorted(free[piece.run], key=lambda coder: (load[coder], order[coder]))[: 2 if several else 1]
        together = several and len(people) > 1
        for coder in people:
            long_us = length(piece.spans) or piece.duration_us
            ending: Literal["sign_off", "adjudication"] = "adjudication" if together else "sign_off"
            works.append(Work(piece.run, piece.title, coder, piece.spans, long_us, ending))
            load[coder] += long_us
    by_title = sorted(works, key=lambda work: (work.title, str(work.run), work.coder))
    chosen = set(coders)
    return Plan(
        works=tuple(by_title),
        doubled=sum(len(free[run]) > 1 for run in doubled),
        skipped=tuple(
            (piece.title, ", ".join(name for coder, name in piece.taken.items() if coder in chosen))
            for piece in ordered
            if chosen & set(piece.taken)
        ),
        alone=tuple(piece.title for piece in ordered if piece.run in doubled and len(free[piece.run]) == 1),
        nobody=tuple(piece.title for piece in ordered if not free[piece.run]),
    )


def _doubled(
    pieces: Sequence[Piece], free: Mapping[uuid.UUID, list[uuid.UUID]], rng: random.Random, percent: int
) -> set[uuid.UUID]:
    """Runs that two people code."""
    if not percent:
        return set()
    # Recordings that two people are left for come first: a share that somebody asked for should be reached.
    candidates = rng.sample(pieces, len(pieces))
    candidates.sort(key=lambda piece: len(free[piece.run]) < 2)
    return {piece.run for piece in candidates[: max(1, round(len(pieces) * percent / 100))]}
