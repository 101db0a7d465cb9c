"""Files that a worker wrote and died over before a row named them: nobody would ever find, or destroy, them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from facsweb.storage import shelf

log = logging.getLogger(__name__)

#: Between a file and its row lie moments. What is younger may be somebody's work, though they stood still for
#: hours or their clock was set.
OLD: Final = timedelta(days=2)
EVERY_S: Final = 3600.0
_AT_ONCE: Final = 500
_looked: dict[str, float] = {}


def sweep(folder: str, named: Iterable[tuple[type[Any], str]], *, old: timedelta = OLD) -> int:
    """Remove files of a folder that no row names and that have lain there for long; how many.

    Parameters
    ----------
    folder : str
        Below the media folder; looked at, not what lies in folders in it.
    named : iterable of model and field name
        Every field that names a file of this folder.
    old : timedelta
        What was written within this time is left alone.

    Raises
    ------
    StoreAway
    """
    there, fields, count = shelf.beginning(f"{folder}/"), list(named), 0
    for start in range(0, len(there), _AT_ONCE):
        count += sum(
            _remove(name) for name in _unnamed(there[start : start + _AT_ONCE], fields) if _age(name) > old
        )
    return count


def sweep_seldom(folder: str, *named: tuple[type[Any], str]) -> int:
    """The same, once an hour: a duty of the recovery process."""
    if time.monotonic() - _looked.get(folder, float("-inf")) < EVERY_S:
        return 0
    _looked[folder] = time.monotonic()
    return sweep(folder, named)


def _unnamed(names: Sequence[str], fields: Iterable[tuple[type[Any], str]]) -> list[str]:
    known: set[str] = set()
    for model, field in fields:
        known |= set(model._base_manager.filter(**{f"{field}__in": names}).values_list(field, flat=True))
    return [name for name in names if name not in known]


def _age(name: str) -> timedelta:
    written = shelf.written_at(name)
    return timedelta(0) if written is None else timedelta(seconds=time.time() - written)


def _remove(name: str) -> bool:
    log.warning("%s belongs to nothing; whoever wrote it died over it. It is removed.", name)
    shelf.remove(name, for_good=True)  # it may be about a person whose data were destroyed meanwhile
    return True
