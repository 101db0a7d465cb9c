"""What rooms above know of a participant. They fill this list in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final
from uuid import UUID

from django.db.models import Model

#: Each finds rows of a study that speak of destroyed objects without hanging on them, by the objects' ids. They go
#: with a tombstone each.
on_destruction: Final[list[Callable[[UUID, Collection[str]], Iterable[Model]]]] = []
