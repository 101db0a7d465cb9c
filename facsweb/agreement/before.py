"""How far two codings agreed before somebody settled them, as plain values that are kept."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from analysis.agreement import Options, agree
from facsweb.agreement.comparing import clock_of, for_run
from facsweb.agreement.matching import Compared
from facsweb.coding.models import Layer

#: Figures that are kept; the first stands on pages and in reports.
KEPT: Final = ("index", "kappa", "alpha", "ac1")


def agreement(first: Layer, second: Layer, found: Compared, options: Options) -> dict[str, Any]:
    """Overall figures of the two codings, and how many disagreements of each kind there are."""
    clock = clock_of(first.run)
    clocks = {} if clock is None else {str(first.run_id): clock}
    result = agree([(for_run(first), for_run(second))], options, clocks=clocks)
    kinds = Counter(place.said.kind for place in found.places)
    said: dict[str, Any] = {
        "disagreements": len(found.places),
        "agreed": len(found.agreed),
        "kinds": dict(sorted(kinds.items())),
        "figures": {},
        "basis": "",
        "seconds": 0.0,
    }
    if result.pairs:
        pair = result.pairs[0]
        said |= {"basis": str(pair.basis), "seconds": round(pair.seconds, 3)}
        said["figures"] = {key: pair.overall[key].as_dict() for key in KEPT}
    return said
