"""What upper layers want to keep from a reader of the log. They fill these lists in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db.models import Model

from facsweb.audit.models import Entry

#: Each gives the numbers of those entries whose details are hidden from a person: somebody who codes blind must
#: not read in the log what others coded.
withheld: Final[list[Callable[[Any, Sequence[Entry]], set[int]]]] = []

#: Each says what else an entry notes about how the act came about, such as the token that a program acted with.
circumstances: Final[list[Callable[[], dict[str, Any]]]] = []

#: Called inside the transaction that appends an entry, with the entry and what it is about: what a hook writes to
#: the database happens together with the act or not at all.
on_entry: Final[list[Callable[[Entry, Model], None]]] = []
