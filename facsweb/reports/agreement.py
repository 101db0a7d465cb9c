"""How far the signed coding agrees with others, where somebody compared them: figures with intervals."""

from __future__ import annotations

from typing import Any, Final

from facsweb.agreement import trace
from facsweb.agreement.models import Comparison
from facsweb.agreement.pairs import ADJUDICATED, IMPORTED, MACHINE
from facsweb.coding.models import Layer

#: Figures that are printed, where a comparison has them, in this order.
FIGURES: Final = {
    "index": "Wexler index",
    "kappa": "Cohen’s κ, presence by frame",
    "alpha": "Krippendorff’s α, presence by frame",
    "ac1": "Gwet’s AC1, presence by frame",
    "icc2": "ICC(2,1), intensity by frame",
}
_OTHERS: Final = {MACHINE: "the machine", ADJUDICATED: "the adjudicated coding", IMPORTED: "an imported coding"}
#: How many of a study's newest comparisons are looked through.
_NEWEST: Final = 50


def section(layer: Layer) -> dict[str, Any] | None:
    """Rows of figures for the report; None where nobody compared exactly this coding."""
    rows = [*_before_adjudication(layer), *_compared(layer)]
    return {"rows": rows} if rows else None


def _before_adjudication(layer: Layer) -> list[dict[str, Any]]:
    settled = trace.of_layer(layer)
    if settled is None or not settled.before.get("figures"):
        return []
    before = settled.before
    return [_row("the two coders, before adjudication", before["figures"], before.get("seconds"), 1)]


def _compared(layer: Layer) -> list[dict[str, Any]]:
    ready = Comparison.objects.filter(study=layer.study, state=Comparison.State.READY).order_by("-computed_at")
    found: dict[str, dict[str, Any]] = {}
    for comparison in ready[:_NEWEST]:
        for asked in comparison.asked["pairs"]:
            other = _other(asked, layer)
            if not other or other in found:
                continue
            key = f"{asked['first']}:{asked['second']}"
            result = next((one for one in comparison.result["pairs"] if one.get("key") == key), None)
            if result is not None:
                found[other] = _row(other, result["overall"], result.get("seconds"), len(asked["layers"]))
    return list(found.values())


def _other(asked: dict[str, Any], layer: Layer) -> str:
    """With whom the layer, as it stands, was compared; empty where it is not in the pair."""
    mine = [str(layer.pk), layer.revision]
    for first, first_revision, second, second_revision in asked["layers"]:
        if [first, first_revision] == mine:
            return _OTHERS.get(asked["second"], "another coder")
        if [second, second_revision] == mine:
            return _OTHERS.get(asked["first"], "another coder")
    return ""


def _row(other: str, figures: dict[str, Any], seconds: Any, recordings: int) -> dict[str, Any]:
    shown = [
        {"label": label, **{name: figures[key].get(name) for name in ("value", "low", "high", "why")}}
        for key, label in FIGURES.items()
        if key in figures
    ]
    return {"with": other, "seconds": seconds, "recordings": recordings, "figures": shown}
