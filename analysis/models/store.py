"""Where the finished ONNX files lie, and whether they are the ones that were made.

The cache folder is ``FACSWEB_MODELS`` when set, otherwise ``facsweb/models`` below the user's cache folder
(``XDG_CACHE_HOME`` is respected). Beside the files lies ``manifest.json``: what was made from what, when and by
which version of the converter.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from analysis.models import registry
from analysis.models.registry import MODELS, ModelSpec
from analysis.types import ModelError

MANIFEST: Final = "manifest.json"
_HINT: Final = "Run: python -m analysis models install"


def models_dir() -> Path:
    """Return the cache folder; it need not exist yet."""
    if given := os.environ.get("FACSWEB_MODELS"):
        return Path(given).expanduser()
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache).expanduser() / "facsweb" / "models"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "facsweb" / "models"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "facsweb" / "models"
    return Path.home() / ".cache" / "facsweb" / "models"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_intact(spec: ModelSpec, folder: Path | None = None) -> bool:
    """Tell whether the model's file is there and has the registered hash (reads it all, some milliseconds)."""
    try:
        return sha256(((folder or models_dir()) / spec.file_name).read_bytes()) == spec.sha256
    except OSError:
        return False


def present() -> dict[str, bool]:
    """Tell for every registered model whether an intact file is in the cache."""
    return {model_id: is_intact(spec) for model_id, spec in MODELS.items()}


def path(model_id: str) -> Path:
    """Return the path of an installed model.

    Raises
    ------
    ModelError
        Unknown model, or no file of it in the cache.
    """
    found = models_dir() / registry.spec(model_id).file_name
    if not found.is_file():
        raise ModelError(f"The face model {model_id} is not installed in {found.parent}. {_HINT}")
    return found


def read(model_id: str) -> bytes:
    """Return the verified content of an installed model.

    The whole file is hashed: at 2 GB/s that costs less than asking whether it is needed.

    Raises
    ------
    ModelError
        Unknown model, not installed, or not the file that was installed.
    """
    found = path(model_id)
    try:
        data = found.read_bytes()
    except OSError as error:
        raise ModelError(f"The face model {found} cannot be read: {error.strerror}.") from error
    if sha256(data) != registry.spec(model_id).sha256:
        raise ModelError(f"The face model file {found} is damaged. {_HINT} (it is made again).")
    return data


def manifest() -> dict[str, Any]:
    """Return what the last installation wrote down; empty where there was none."""
    try:
        content: dict[str, Any] = json.loads((models_dir() / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def description() -> list[dict[str, Any]]:
    """Return every model as a plain dictionary, for lists and reports."""
    here = present()
    return [
        {
            "id": spec.id,
            "version": spec.version,
            "sha256": spec.sha256,
            "licence": spec.licence,
            "provenance": spec.provenance,
            "trained_on": spec.trained_on,
            "intended_for": spec.intended_for,
            "present": here[spec.id],
            "path": str(models_dir() / spec.file_name),
        }
        for spec in MODELS.values()
    ]
