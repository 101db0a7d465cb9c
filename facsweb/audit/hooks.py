"""What upper layers want to keep from a reader of the log. They fill these lists in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from facsweb.audit.models import Entry

#: Each gives the numbers of those entries whose details are hidden from a person: somebody who codes blind must
#: not read in the log what others coded.
withheld: Final[list[Callable[[Any, Sequence[Entry]], set[int]]]] = []
