"""What upper layers tell about layers. They fill these lists in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from facsweb.coding.models import Layer

#: Each says what is known of how a layer came to its owner: ``instructions``, ``due``, ``by``, ``returned`` and
#: the like, for the page before it is begun; empty where it knows nothing.
about_layer: Final[list[Callable[[Layer], dict[str, Any]]]] = []


def about(layer: Layer) -> dict[str, Any]:
    """Everything that upper layers know of how a layer came to its owner."""
    return {name: value for hook in about_layer for name, value in hook(layer).items()}
