"""Which scorers there are, and the one that is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from analysis.scoring import package
from analysis.scoring.package import ABOUT, SHIPPED, Package
from analysis.types import AnalysisError

#: The rules on landmarks that came before learned scorers; still there for comparison.
RULES: Final = "au-rules/1.0.0"


def _age(path: Path) -> tuple[int, str]:
    """Sorts whole numbers as numbers: 2 before 10."""
    return len(path.parent.name), path.parent.name


def _folders() -> dict[str, Path]:
    """Packages by name, shipped ones first, then those of this installation (``FACSWEB_SCORERS``)."""
    found = {f"au-nets/{version}": SHIPPED / version for version in package.shipped_versions()}
    own = os.environ.get("FACSWEB_SCORERS")
    if own:
        for path in sorted(Path(own).expanduser().glob(f"*/{ABOUT}"), key=_age):
            found[f"au-own/{path.parent.name}"] = path.parent
    return found


def available() -> list[str]:
    """Names that `chosen` takes: ``au-rules/1.0.0``, ``au-nets/VERSION``, ``au-own/VERSION``."""
    return [RULES, *_folders()]


def chosen(name: str | None) -> Package | None:
    """The package of that name, the shipped one for None; None for the rules.

    Raises
    ------
    AnalysisError
        No such scorer.
    ModelError
        It cannot be read.
    """
    if name is None:
        return package.default()
    if name == RULES:
        return None
    folders = _folders()
    if name not in folders:
        raise AnalysisError(f"There is no scorer {name!r}. There are: {', '.join(available())}.")
    return package.load(folders[name])
