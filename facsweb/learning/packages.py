"""Where this installation's own scorers lie: a folder for each version, made whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis.scoring import package
from facsweb.recordings.files import sha256_of
from facsweb.storage import shelf

CARD = "card.md"


def folder() -> Path:
    """Folder of the installation's own scorers."""
    return Path(settings.SCORERS_DIR)


def draft(name: str) -> Path:
    """Where one attempt may write; on the same disk, so that publishing is one rename."""
    return folder() / ".drafts" / name


def location(name: str) -> Path | None:
    """Folder of a scorer by its name; None where it has none (the rules) or is not there."""
    kind, _, version = name.partition("/")
    if not version or "/" in version or version.startswith("."):
        return None
    path = {"au-nets": package.SHIPPED, "au-own": folder()}.get(kind)
    if kind == "au-own":
        shelf.bring(folder() / version)  # another host may have made it
    if path is None or not (path / version / package.ABOUT).is_file():
        return None
    return path / version


def about(name: str) -> Mapping[str, Any]:
    """What a scorer's ``scorer.json`` says; empty where it cannot be read."""
    path = location(name)
    try:
        return dict(json.loads((path / package.ABOUT).read_text(encoding="utf-8"))) if path else {}
    except (OSError, ValueError):
        return {}


def own_versions() -> list[str]:
    """Versions that lie in the folder, whoever made them."""
    if not folder().is_dir():
        return []
    return sorted(path.parent.name for path in folder().glob(f"*/{package.ABOUT}"))


def card(name: str) -> Path | None:
    """A scorer's model card, Markdown."""
    path = location(name)
    if name.startswith("au-own/"):
        found = path / CARD if path else None
    else:
        known = {card.stem: card for card in (Path(settings.BASE_DIR) / "docs" / "model_cards").glob("*.md")}
        found = known.get(name.partition("/")[0])
    return found if found is not None and found.is_file() else None


def hashes(path: Path) -> dict[str, str]:
    """SHA-256 (hex) of every file of a package, by name."""
    return {file.name: sha256_of(file) for file in sorted(path.iterdir()) if file.is_file()}


def publish(made: Path, version: str) -> None:
    """Put a finished package in place; what a dead attempt of the same training left there goes."""
    target = folder() / version
    if target.exists():
        shelf.remove(target)
    made.rename(target)
    try:
        shelf.keep(target)
    except BaseException:
        target.rename(made)  # it is tried again, and nobody sees it before it is safe
        raise
