"""Agreement of chosen codings, computed once for what they said at that moment and kept.

What takes long is computed by a worker. A comparison is found again by its key, a hash over the codings, their
revisions and the options, so one that is there is never out of date.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import chain
from typing import Any, Final

import numpy as np
from django.utils import timezone

import facsweb
from analysis.agreement import Agreement, Options, PairAgreement, agree, methods
from analysis.coded import CodedLayer
from analysis.facs.codes import CATALOGUE
from facsweb.agreement.models import Comparison
from facsweb.agreement.pairs import ADJUDICATED, IMPORTED, MACHINE, Pair, key_of
from facsweb.audit.services import canonical
from facsweb.coding.models import Layer
from facsweb.coding.services import limit_us
from facsweb.coding.signals import frame_times
from facsweb.coding.values import coded_layer
from facsweb.processes import queue
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.studies.models import Study

State = Comparison.State
#: Minutes of compared recordings that a page computes itself: less than two seconds on one core.
AT_ONCE_MIN: Final = 120
#: What a code is called that the machine never proposes.
NOT_PROPOSED: Final = "human-coded only"
CHANGED: Final = "A coding changed while it was compared. Open the page again."


def compare(study: Study, pairs: Sequence[Pair], options: Options, *, group: bool) -> Comparison:
    """The comparison of these pairs: kept, computed now, or on its way to a worker.

    Parameters
    ----------
    study : Study
    pairs : sequence of Pair
        At least one.
    options : Options
        Without codes; against the machine those count that it can propose.
    group : bool
        Also compare all people together.
    """
    asked = _asked(pairs, options, group)
    found, made = Comparison.objects.get_or_create(
        key=hashlib.sha256(canonical(asked)).hexdigest(), defaults={"study": study, "asked": asked}
    )
    if found.state == State.WAITING:
        if minutes(pairs) <= AT_ONCE_MIN:
            compute(found)
        elif made or not queue.is_carried(_job_id(found)):
            about = {"study": study.pk, "job_id": _job_id(found)}
            queue.enqueue_on_commit("facsweb.agreement.tasks.compute_comparison", str(found.pk), **about)
    return found


def minutes(pairs: Iterable[Pair]) -> float:
    """How much there is to compare, every pair counted."""
    return sum(limit_us(first.run) for pair in pairs for first, _ in pair.layers) / 60e6


def compute(comparison: Comparison) -> None:
    """Compute what was asked and keep it; doing so twice is once."""
    try:
        result, error = _result(comparison.asked), ""
    except _Changed:
        result, error = None, CHANGED
    state = State.READY if result is not None else State.FAILED
    Comparison.objects.filter(pk=comparison.pk, state=State.WAITING).update(
        state=state, result=result, error=error, computed_at=timezone.now()
    )
    comparison.refresh_from_db()


def options_of(values: dict[str, Any]) -> Options:
    """Options from plain values, as `Comparison.asked` keeps them."""
    return Options(**values)


def machine_codes(runs: Iterable[AnalysisRun]) -> tuple[str, ...]:
    """Codes that the machine could propose on all of the runs, in the catalogue's order."""
    proposed = [
        {code for code, tier in run.summary.get("tiers", {}).items() if tier != NOT_PROPOSED} for run in runs
    ]
    common = set.intersection(*proposed) if proposed else set()
    return tuple(code for code in CATALOGUE if code in common)


def for_run(layer: Layer) -> CodedLayer:
    """The layer's plain values, named by its run: two analyses of a recording can number faces differently."""
    return replace(coded_layer(layer), coder=key_of(layer), recording=str(layer.run_id))


def clock_of(run: AnalysisRun) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """When the run's frames come on screen; None where no file tells."""
    try:
        times = frame_times(result_dir(run))
    except OSError:
        return None
    return times if len(times) else None


class _Changed(Exception):  # noqa: N818 (a state)
    """A layer is gone or has another revision than the one that was asked for."""


def _asked(pairs: Sequence[Pair], options: Options, group: bool) -> dict[str, Any]:
    return {
        "software": facsweb.__version__,
        "options": asdict(options),
        "group": group,
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "names": list(pair.names),
                "layers": [
                    [str(first.pk), first.revision, str(second.pk), second.revision]
                    for first, second in sorted(pair.layers, key=lambda two: two[0].run_id.int)
                ],
            }
            for pair in pairs
        ],
    }


def _job_id(comparison: Comparison) -> str:
    return f"comparison-{comparison.pk}"


def _layers(asked: dict[str, Any]) -> dict[str, Layer]:
    wanted = {key: revision for pair in asked["pairs"] for row in pair["layers"] for key, revision in _two(row)}
    layers = Layer.objects.filter(pk__in=[uuid.UUID(key) for key in wanted]).select_related(
        "owner", "run__recording__participant"
    )
    found = {str(layer.pk): layer for layer in layers}
    if any(key not in found or found[key].revision != revision for key, revision in wanted.items()):
        raise _Changed
    return found


def _two(row: Sequence[Any]) -> list[tuple[str, int]]:
    return [(row[0], row[1]), (row[2], row[3])]


def _result(asked: dict[str, Any]) -> dict[str, Any]:
    layers = _layers(asked)
    options = options_of(asked["options"])
    values = {key: for_run(layer) for key, layer in layers.items()}
    clocks = {str(layer.run_id): layer.run for layer in layers.values()}
    times = {key: clock for key, run in clocks.items() if (clock := clock_of(run)) is not None}
    rows, pairs, notes = [], [], []
    for pair in asked["pairs"]:
        own = options
        runs = [layers[row[0]].run for row in pair["layers"]]
        if pair["second"] == MACHINE:
            own = replace(options, codes=machine_codes(runs))
        found = agree([(values[row[0]], values[row[2]]) for row in pair["layers"]], own, clocks=times)
        if not found.pairs:
            notes.append(f"{pair['names'][0]} and {pair['names'][1]} coded no time of a recording both.")
            continue
        pairs.append(found.pairs[0])
        people = len({run.recording.participant_id for run in runs})
        rows.append(
            {**found.pairs[0].as_dict(), "names": pair["names"], "participants": people}
            | {"key": f"{pair['first']}:{pair['second']}", "codes": list(own.codes) if own.codes else None}
        )
    together = _together(asked, values, options, times) if asked["group"] else None
    return {
        "pairs": rows,
        "group": together.as_dict()["group"] if together else None,
        "notes": notes,
        "methods": _methods(asked, pairs, options, together),
    }


def _together(
    asked: dict[str, Any], values: dict[str, CodedLayer], options: Options, clocks: dict[str, Any]
) -> Agreement | None:
    """All people of each run at once; the pairs of this call are not needed.

    What people settled follows from their codings and would count them twice.
    """
    groups: dict[str, dict[str, CodedLayer]] = {}
    for pair in asked["pairs"]:
        if pair["second"] != MACHINE:
            for key in chain.from_iterable((row[0], row[2]) for row in pair["layers"]):
                if values[key].coder != ADJUDICATED:
                    groups.setdefault(values[key].recording, {})[values[key].coder] = values[key]
    if len({coder for group in groups.values() for coder in group}) < 3:
        return None
    found = agree([tuple(group.values()) for group in groups.values()], options, clocks=clocks)
    return found if found.group else None


def _methods(
    asked: dict[str, Any], pairs: Sequence[PairAgreement], options: Options, together: Agreement | None
) -> str:
    names = {key: name for pair in asked["pairs"] for key, name in zip(_keys(pair), pair["names"], strict=True)}
    # A paper names coders by number; the page has their names.
    said = {
        key: _said(key, number)
        for number, key in enumerate(sorted(names, key=lambda key: (key == MACHINE, names[key])), 1)
    }
    shown = tuple(replace(pair, first=said[pair.first], second=said[pair.second]) for pair in pairs)
    used = tuple(dict.fromkeys(chain.from_iterable((pair.first, pair.second) for pair in shown)))
    text = methods(Agreement(used, shown, together.group if together else None), options)
    if any(pair.second == MACHINE for pair in pairs):
        text += " Against the machine only the codes that it can propose were compared."
    return text


def _said(key: str, number: int) -> str:
    if key == MACHINE:
        return "the machine"
    if key == ADJUDICATED:
        return "the adjudicated coding"
    return f"coder {number} (imported)" if key.startswith(IMPORTED) else f"coder {number}"


def _keys(pair: dict[str, Any]) -> tuple[str, str]:
    return pair["first"], pair["second"]
