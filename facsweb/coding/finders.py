"""Serves plotly.js from the plotly wheel, so that neither the repository nor a CDN holds a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "plotly"
FILE = "plotly.min.js"


def package_data() -> Path:
    """Folder of the wheel's browser files, found without importing the package."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The plotly package is not installed; the review page needs its plotly.js.")
    return Path(spec.submodule_search_locations[0]) / "package_data"


class PlotlyFinder(BaseFinder):
    """Finds exactly one file: ``plotly/plotly.min.js``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=package_data())
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]  # as Django's own finders do
        super().__init__(*args, **kwargs)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        found = [self.storage.path(FILE)] if Path(path).as_posix() == f"{PREFIX}/{FILE}" else []
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        yield FILE, self.storage
