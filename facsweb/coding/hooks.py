"""What upper layers tell about layers. They fill these lists in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from facsweb.coding.models import Layer
from facsweb.runs.models import AnalysisRun

#: Each says what is known of how a layer came to its owner: ``instructions``, ``due``, ``by``, ``returned`` and
#: the like, for the page before it is begun; empty where it knows nothing.
about_layer: Final[list[Callable[[Layer], dict[str, Any]]]] = []

#: Each says what a layer is called for a person who must not know whose it is, because they settle it with another
#: one (``Coder A``); empty where they may know.
aliases: Final[list[Callable[[Any, Layer], str]]] = []


def about(layer: Layer) -> dict[str, Any]:
    """Everything that upper layers know of how a layer came to its owner."""
    return {name: value for hook in about_layer for name, value in hook(layer).items()}


def alias(user: Any, layer: Layer) -> str:
    """What stands for the name of the layer's owner; empty where the user may know it."""
    if layer.owner_id is None or layer.owner_id == user.pk:
        return ""
    return next((name for hook in aliases if (name := hook(user, layer))), "")


def unnamed(user: Any, layer: Layer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """States of events with the alias for every author, where the user must not know the layer's owner."""
    if name := alias(user, layer):
        for row in rows:
            row["author"] = row["author"] and name
            if before := row.get("before"):
                before["author"] = before["author"] and name
    return rows


#: Each says where lanes that lie beside the rows come from (``url``, ``more``: a page about the whole session), or
#: None where the user has none for the run.
lanes: Final[list[Callable[[Any, AnalysisRun], dict[str, str] | None]]] = []


def lanes_of(user: Any, run: AnalysisRun) -> dict[str, str] | None:
    """Where the lanes beside the rows come from; None where there are none."""
    return next((found for hook in lanes if (found := hook(user, run)) is not None), None)
