"""Which codings can be compared, and by whom. Nothing here writes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final
from uuid import UUID

from facsweb.accounts.models import User
from facsweb.agreement.models import Adjudication
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.studies import access
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import missing_scopes

Kind, State = Layer.Kind, Layer.State

MACHINE: Final = "machine"
#: What several people settled; it follows from theirs, so it is nobody more when all are compared together.
ADJUDICATED: Final = "adjudicated"
#: Before the key of a layer that came from a file.
IMPORTED: Final = "imported-"
#: A coding counts once its coder has handed it in.
FINISHED: Final = (State.SUBMITTED, State.ADJUDICATION, State.SETTLED, State.SIGNED)
#: From here on a coder can no longer be swayed by what the other one said.
OVER: Final = (State.SETTLED, State.SIGNED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be compared.

    Attributes
    ----------
    coders : frozenset of str
        Keys of coders (`key_of`); empty: all.
    against : str
        ``people``, ``machine`` or ``both``: human–human, human–machine.
    kinds : frozenset of str
        ``coder``, ``imported``, ``adjudicated``; empty: all.
    cohort : str
        Key of the cohort that the participant stated; empty: all.
    batch : UUID, optional
        Of ``facsweb.assignments``: only codings that it gave out.
    recordings : frozenset of UUID
        Empty: all.
    since, until : date, optional
        Days on which the later of two codings was handed in, both included.
    """

    coders: frozenset[str] = frozenset()
    against: str = "both"
    kinds: frozenset[str] = frozenset()
    cohort: str = ""
    batch: UUID | None = None
    recordings: frozenset[UUID] = frozenset()
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(slots=True)
class Pair:
    """Two coders and the runs that both coded.

    Attributes
    ----------
    first, second : str
        Keys of the coders; the machine is always second.
    names : (str, str)
    layers : list of (Layer, Layer)
        One a run, in the order of the coders.
    """

    first: str
    second: str
    names: tuple[str, str]
    layers: list[tuple[Layer, Layer]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Names the pair in addresses and pictures."""
        return f"{self.first}:{self.second}"

    @property
    def participants(self) -> int:
        """How many people were coded by both."""
        return len({a.run.recording.participant_id for a, _ in self.layers})


def key_of(layer: Layer) -> str:
    """Who made the layer: a person's id, the machine, what people settled together, or a file's layer by its name.

    Files that were imported under one name are one coder on every recording, whoever imported them.
    """
    if layer.owner_id is None:
        return MACHINE
    if layer.kind == Kind.IMPORTED:
        return IMPORTED + hashlib.sha256(layer.name.strip().casefold().encode()).hexdigest()[:16]
    return ADJUDICATED if layer.kind == Kind.ADJUDICATED else str(layer.owner_id)


def name_of(layer: Layer) -> str:
    """What figures call whoever made the layer."""
    if layer.owner is None:
        return "Machine"
    if layer.kind == Kind.IMPORTED:
        return f"{layer.name.strip() or 'no name'} (imported)"
    return "Adjudicated" if layer.kind == Kind.ADJUDICATED else str(layer.owner.get_full_name())


def finished(study: Study) -> list[Layer]:
    """Codings handed in, imported ones, signed adjudications, and the machine's of the runs that have some.

    No figures are computed of people whose consent no longer covers coding.
    """
    layers = Layer.objects.filter(run__recording__participant__study=study).select_related(
        "owner", "run__recording__participant__study", "run__recording__participant__cohort", "assignment"
    )
    layers = layers.prefetch_related("run__recording__participant__consents")
    made = layers.filter(kind__in=(Kind.CODER, Kind.IMPORTED), state__in=FINISHED)
    people = list(made.order_by("submitted_at", "created_at"))
    people += layers.filter(kind=Kind.ADJUDICATED, state=State.SIGNED).order_by("created_at")
    people = [layer for layer in people if _is_consented(layer)]
    machines = layers.filter(kind=Kind.MACHINE, run__in={layer.run_id for layer in people})
    return [*people, *machines]


def may_compare(user: User, first: Layer, second: Layer) -> bool:
    """Whether the user may see how far these two agree.

    Leads see all, a coder their own pairs with a colleague once neither can change anything any more, and their
    own with the machine, which they see while they code, and with what they imported themselves. Who still codes
    the recording blind sees nothing.
    """
    if sight.hides(user, first.run) or not (_is_compared(first) and _is_compared(second)):
        return False
    if access.roles_of(user, first.study) & access.LEADS:
        return True
    theirs = (Kind.CODER, Kind.IMPORTED)
    own = [layer for layer in (first, second) if layer.owner_id == user.pk and layer.kind in theirs]
    if not own:
        return False
    if Kind.MACHINE in (first.kind, second.kind) or len(own) == 2:
        return True
    # An imported layer never gets so far: nobody sees a colleague's coding by bringing a file.
    return all(layer.state in OVER for layer in (first, second))


def _is_compared(layer: Layer) -> bool:
    # Practice is its coder's own affair, and an adjudication that is going on or was given up is nobody's result.
    kinds = (Kind.CODER, Kind.IMPORTED, Kind.MACHINE)
    settled = layer.kind == Kind.ADJUDICATED and layer.state == State.SIGNED
    return (layer.kind in kinds or settled) and _is_consented(layer)


def _is_consented(layer: Layer) -> bool:
    return not missing_scopes(layer.run.recording.participant, [Scope.VIDEO])


def pairs_of(user: User, study: Study, chosen: Chosen | None = None) -> list[Pair]:
    """Every two coders that the user may compare, people before the machine, by name."""
    chosen = chosen or Chosen()
    found: dict[tuple[str, str], Pair] = {}
    lead = bool(access.roles_of(user, study) & access.LEADS)
    hidden: dict[UUID, bool] = {}
    for first, second in _couples(finished(study), chosen):
        if first.run_id not in hidden:
            hidden[first.run_id] = bool(sight.hides(user, first.run))
        if hidden[first.run_id] or not (lead or may_compare(user, first, second)):
            continue
        key = key_of(first), key_of(second)
        pair = found.setdefault(key, Pair(*key, (name_of(first), name_of(second))))
        pair.layers.append((first, second))
    return sorted(found.values(), key=lambda pair: (pair.second == MACHINE, pair.names, pair.key))


def _couples(layers: Iterable[Layer], chosen: Chosen) -> Iterator[tuple[Layer, Layer]]:
    # Of two files under one name, or two adjudications of a run, the later one counts.
    runs: dict[UUID, dict[str, Layer]] = defaultdict(dict)
    for layer in layers:
        key = key_of(layer)
        if _is_wanted(layer, chosen) and (key == MACHINE or not chosen.coders or key in chosen.coders):
            runs[layer.run_id][key] = layer
    for group in runs.values():
        # The same two people stand in the same order on every run, or they would be two pairs.
        ordered = sorted(
            group.values(), key=lambda layer: (key_of(layer) == MACHINE, name_of(layer), key_of(layer))
        )
        for first, second in combinations(ordered, 2):
            wanted = chosen.against in ("both", "machine" if key_of(second) == MACHINE else "people")
            if wanted and _in_time(first, second, chosen):
                yield first, second


def _is_wanted(layer: Layer, chosen: Chosen) -> bool:
    run = layer.run
    given = getattr(layer, "assignment", None)  # codings that nobody assigned, and the machine's, have none
    if (
        chosen.batch is not None
        and layer.owner_id is not None
        and (given is None or given.batch_id != chosen.batch)
    ):
        return False
    if chosen.kinds and layer.owner_id is not None and layer.kind not in chosen.kinds:
        return False
    stated = run.recording.participant.cohort
    if chosen.cohort and (stated is None or stated.key != chosen.cohort):
        return False
    return not chosen.recordings or run.recording_id in chosen.recordings


def _in_time(first: Layer, second: Layer, chosen: Chosen) -> bool:
    days = [(layer.submitted_at or layer.created_at).date() for layer in (first, second)]
    later = max(days)
    return (chosen.since is None or later >= chosen.since) and (chosen.until is None or later <= chosen.until)


def couples_to_settle(study: Study) -> list[tuple[Layer, Layer]]:
    """Two submitted codings of the same run that nobody settles yet, the oldest first."""
    people = [
        layer
        for layer in finished(study)
        if layer.kind == Kind.CODER and layer.state in (State.SUBMITTED, State.SIGNED, State.ADJUDICATION)
    ]
    taken = set(Adjudication.objects.filter(given_up_at__isnull=True).values_list("first_id", "second_id"))
    runs: dict[UUID, list[Layer]] = defaultdict(list)
    for layer in people:
        runs[layer.run_id].append(layer)
    found = [two for group in runs.values() for couple in combinations(group, 2) if (two := in_order(*couple))]
    open_states = (State.SUBMITTED, State.ADJUDICATION)
    return [
        (a, b)
        for a, b in found
        if (a.pk, b.pk) not in taken and (a.state in open_states or b.state in open_states) and common(a, b)
    ]


def common(one: Layer, two: Layer) -> bool:
    """Whether two codings of a run have time in common."""
    if not one.spans or not two.spans:
        return True
    return any(max(a[0], b[0]) < min(a[1], b[1]) for a in one.spans for b in two.spans)


def in_order(one: Layer, two: Layer) -> tuple[Layer, Layer]:
    """Coder A and coder B: by the layers' random ids, which say nothing about who they are or who was first."""
    return (one, two) if one.pk.int < two.pk.int else (two, one)
