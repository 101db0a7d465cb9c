"""How far the machine agrees with what people signed here, and people with each other: totals of the installation.

A reader may be no member of any of the studies, so nothing is said of fewer participants than `LEAST`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.cache import cache
from django.db.models import Q, QuerySet

from analysis.agreement import Options, agree
from analysis.facs.codes import CATALOGUE
from facsweb.agreement.comparing import clock_of, for_run, machine_codes
from facsweb.agreement.models import Adjudication
from facsweb.coding.models import Layer
from facsweb.coding.services import limit_us
from facsweb.demo.seed import ACCOUNTS
from facsweb.learning.services import LEAST_PARTICIPANTS
from facsweb.practice.models import Attempt
from facsweb.reports.models import Report
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import missing_scopes

#: Figures of one or two people are figures of those people (as where a scorer is learned).
LEAST: Final = LEAST_PARTICIPANTS
#: Minutes of signed recordings that are compared when the page is asked for, the newest first. 120 minutes take a
#: study's own page two seconds (`facsweb.agreement.comparing`), and this one is to answer at once.
MINUTES: Final = 30
KEPT_S: Final = 24 * 3600
#: Draws of the bootstrap over participants: enough for an interval to two digits, and a tenth of the time.
RESAMPLES: Final = 200


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed codings that can be compared with the machine.

    Attributes
    ----------
    pairs : tuple of (Layer, Layer)
        Signed and machine layer of a run, newest first.
    left_out : int
        Older ones that are not compared here.
    """

    pairs: tuple[tuple[Layer, Layer], ...]
    left_out: int = 0

    def of_mode(self, mode: str) -> Signed:
        """Those of single coders who saw the machine's proposals (``assisted``) or did not (``blind``)."""
        return Signed(tuple(two for two in self.pairs if two[0].mode == mode and two[0].kind == Layer.Kind.CODER))

    @property
    def participants(self) -> int:
        return len({signed.run.recording.participant_id for signed, _ in self.pairs})

    @property
    def coders(self) -> int:
        return len({signed.owner_id for signed, _ in self.pairs})


def demonstration() -> QuerySet[Study]:
    """The demonstration's studies: a program wrote their codings, so they are said apart and count for nothing."""
    return Study.objects.filter(created_by__email__in=[email for _, email, _ in ACCOUNTS])


def signed(*, demonstrated: bool = False) -> Signed:
    """Codings that somebody signed, whose report was not revoked and whose participant still agrees.

    Parameters
    ----------
    demonstrated : bool
        Those of the demonstration, instead of all others.
    """
    layers = Layer.objects.filter(
        kind__in=(Layer.Kind.CODER, Layer.Kind.ADJUDICATED), state=Layer.State.SIGNED, sign_off__isnull=False
    ).exclude(sign_off__report__state=Report.State.REVOKED)
    of_demonstration = Q(run__recording__participant__study__in=demonstration())
    layers = layers.filter(of_demonstration if demonstrated else ~of_demonstration)
    layers = layers.select_related("owner", "run__recording__participant__study").order_by("-sign_off__signed_at")
    known = [
        layer
        for layer in layers.prefetch_related("run__recording__participant__consents").defer("run__files")
        if not missing_scopes(layer.run.recording.participant, [Scope.VIDEO])
    ]
    machines = {
        layer.run_id: layer
        for layer in Layer.objects.filter(kind=Layer.Kind.MACHINE, run__in=[one.run_id for one in known])
    }
    found, minutes = [], 0.0
    for layer in known:
        machine = machines.get(layer.run_id)
        if machine is None:
            continue
        minutes += limit_us(layer.run) / 60e6
        if found and minutes > MINUTES:
            break
        machine.run = layer.run
        found.append((layer, machine))
    return Signed(tuple(found), len([one for one in known if one.run_id in machines]) - len(found))


def with_machine(found: Signed) -> dict[str, Any] | None:
    """Agreement of the machine with signed codings: ``all`` and ``codes``; None where there is nothing to compare.

    Computed once for these codings at these revisions.
    """
    if not found.pairs:
        return None
    said = "".join(f"{a.pk}/{a.revision}/{b.pk}/{b.revision} " for a, b in found.pairs)
    key = f"about:agreement:{hashlib.sha256(said.encode()).hexdigest()}"
    known: dict[str, Any] | None = cache.get(key)
    if known is None:
        known = _compared(found.pairs)
        cache.set(key, known, KEPT_S)
    return known or None


def _compared(pairs: Sequence[tuple[Layer, Layer]]) -> dict[str, Any]:
    # Two people may have signed one run: each is compared with the machine by itself, under a name of its own.
    groups, clocks = [], {}
    for number, (person, machine) in enumerate(pairs):
        name = f"{person.run_id}/{number}"
        if (clock := clock_of(person.run)) is not None:
            clocks[name] = clock
        groups.append(
            (
                replace(for_run(person), coder="people", recording=name),
                replace(for_run(machine), coder="machine", recording=name),
            )
        )
    codes = machine_codes(person.run for person, _ in pairs)
    whole = agree(groups, Options(codes=codes or None, resamples=RESAMPLES), clocks=clocks)
    if not whole.pairs:
        return {}
    pair = whole.pairs[0]
    people: dict[str, set[str]] = {}
    for person, _ in groups:
        for event in person.events:
            people.setdefault(event.code, set()).add(person.participant)
    rows = [
        {
            "code": row.code,
            "name": CATALOGUE[row.code].name,
            "participants": len(people[row.code]),
            "people": row.matched + row.first_only,
            "matched": row.matched,
            "extra": row.second_only,
            **{key: row[key].as_dict() for key in ("index", "kappa", "icc2")},
        }
        for row in pair.rows
        if len(people.get(row.code, ())) >= LEAST
    ]
    overall = pair.overall
    return {
        "all": {
            "people": overall.matched + overall.first_only,
            "matched": overall.matched,
            "extra": overall.second_only,
            **{key: overall[key].as_dict() for key in ("index", "kappa", "icc2")},
        },
        "codes": rows,
    }


def among_people() -> list[dict[str, Any]]:
    """Agreement of people with each other: practice on gold standards, and double codings before adjudication."""
    left_out = {"run__recording__participant__study__in": demonstration()}
    layers = Layer.objects.exclude(**left_out)
    tries = Attempt.objects.filter(index__isnull=False, layer__in=layers).values_list("index", "layer__owner")
    settled = Adjudication.objects.filter(
        given_up_at__isnull=True, layer__state=Layer.State.SIGNED, layer__in=layers
    )
    before = list(settled.values_list("before", "first__owner", "second__owner"))
    doubles = [(index, coders) for said, *coders in before if (index := _index(said)) is not None]
    return [
        _mean("Tries at gold-standard segments", [index for index, _ in tries], {coder for _, coder in tries}),
        _mean(
            "Two codings of one recording, before they were settled",
            [index for index, _ in doubles],
            {coder for _, two in doubles for coder in two},
        ),
    ]


def _mean(what: str, values: list[float], coders: set[Any]) -> dict[str, Any]:
    """One row; the mean of fewer coders would be said of those people."""
    shown = values and len(coders) >= LEAST
    return {
        "what": what,
        "index": sum(values) / len(values) if shown else None,
        "n": len(values),
        "coders": len(coders),
    }


def _index(before: dict[str, Any]) -> float | None:
    value: float | None = before.get("figures", {}).get("index", {}).get("value")
    return value
