"""A coder's own reliability over time: tries at gold-standard segments, codings beside their settled result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from analysis.agreement import CERTIFIED, Options, agree
from facsweb.accounts.models import User
from facsweb.coding.models import Layer
from facsweb.coding.values import coded_layer
from facsweb.practice.models import Attempt
from facsweb.studies.models import Study

#: Width and height of the drawing, in its own units; the index runs from 0 at the bottom to 1 at the top.
WIDTH, HEIGHT = 640, 200


@dataclass(frozen=True, slots=True)
class Point:
    """One comparison.

    Attributes
    ----------
    at : datetime
        When the coding was finished.
    what : str
        ``practice`` or ``adjudication``.
    name : str
        Of the segment or the recording.
    index : float
        Wexler/Ekman, 0–1.
    attempt : Attempt or None
        For practice.
    """

    at: datetime
    what: str
    name: str
    index: float
    attempt: Attempt | None = None

    @property
    def certified(self) -> bool:
        return self.index >= CERTIFIED


def points(coder: User, study: Study) -> list[Point]:
    """Every comparison of the coder in the study that has an index, the oldest first."""
    return sorted([*_practice(coder, study), *_adjudicated(coder, study)], key=lambda point: point.at)


def _practice(coder: User, study: Study) -> list[Point]:
    tries = Attempt.objects.filter(
        layer__owner=coder, segment__layer__run__recording__participant__study=study, index__isnull=False
    ).select_related("segment")
    return [Point(one.checked_at, "practice", one.segment.name, one.index, one) for one in tries]


def _adjudicated(coder: User, study: Study) -> list[Point]:
    settled = Layer.objects.filter(
        owner=coder,
        kind=Layer.Kind.CODER,
        run__recording__participant__study=study,
        adjudications__kind=Layer.Kind.ADJUDICATED,
        adjudications__state=Layer.State.SIGNED,
    ).distinct()
    found = []
    for layer in settled.select_related("run__recording"):
        result = layer.adjudications.filter(kind=Layer.Kind.ADJUDICATED, state=Layer.State.SIGNED).latest(
            "created_at"
        )
        index = _index(layer.pk, layer.revision, result.pk, result.revision)
        if index is not None:
            found.append(
                Point(layer.submitted_at or layer.created_at, "adjudication", layer.run.recording.title, index)
            )
    return found


@lru_cache(maxsize=512)
def _index(own: Any, _own_revision: int, settled: Any, _settled_revision: int) -> float | None:
    """Index of a coding against its settled result; both are closed, so their revisions say all."""
    layers = [coded_layer(Layer.objects.get(pk=pk)) for pk in (settled, own)]
    if layers[0].coder == layers[1].coder:
        return None
    figure = agree([layers], Options(resamples=0)).pairs[0].overall["index"]
    return figure.value if figure.defined else None


def drawing(found: list[Point]) -> dict[str, Any]:
    """Where the points of the chart stand, in the units of its drawing; comparisons are evenly apart."""
    step = WIDTH / (len(found) + 1)
    marks = [
        {"x": round(step * (number + 1), 1), "y": round(HEIGHT * (1 - point.index), 1), "point": point}
        for number, point in enumerate(found)
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "certified_y": round(HEIGHT * (1 - CERTIFIED), 1),
        "certified": CERTIFIED,
        "marks": marks,
        "line": " ".join(f"{mark['x']},{mark['y']}" for mark in marks),
    }
