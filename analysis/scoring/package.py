"""Reads a trained scorer: nets, scales, what was measured of it. Every version lies in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.models.runtime import session_from
from analysis.models.store import sha256
from analysis.scoring.targets import TARGETS
from analysis.types import Float32, ModelError

SHIPPED: Final = Path(__file__).parent / "models"
ABOUT: Final = "scorer.json"
SCALES: Final = "scales.npz"
ENCODER: Final = "encoder.onnx"
SIGHT: Final = "sight.onnx"


@dataclass(frozen=True)
class Package:
    """One version of the scorer.

    Attributes
    ----------
    folder : Path
        Where its files are.
    id, version : str
    about : mapping
        Content of ``scorer.json``: per code its winner, tier and figures; the intervals; where it came from.
    points_mean : float32, shape (1434,)
    points_basis : float32, shape (1434, P)
    feature_spread : float32, shape (F,)
    encoder : session
        (n, 96, 16, 16), (n, 32, 24, 24) → (n, 160).
    encoder_sha256 : str
        Of its file; a head reads only codes of its own encoder.
    heads : mapping of str to session
        By candidate.
    sight : session
        (n, 32, 24, 24) → (n, 6): how much of each of `analysis.facs.regions.REGIONS` is in view.
    """

    folder: Path
    id: str
    version: str
    about: Mapping[str, Any]
    points_mean: Float32
    points_basis: Float32
    feature_spread: Float32
    encoder: Any
    encoder_sha256: str
    heads: Mapping[str, Any]
    sight: Any

    @property
    def tiers(self) -> dict[str, str]:
        """Tier of every Action Unit."""
        return {code: str(found["tier"]) for code, found in self.about["codes"].items()}

    def winner(self, code: str) -> str | None:
        """Candidate that answers for a code; None where nothing learned does."""
        found: str | None = self.about["codes"].get(code, {}).get("winner")
        return found


def load(folder: Path) -> Package:
    """Read a package.

    Raises
    ------
    ModelError
        Something is missing, damaged, or of a version of the product with other targets.
    """
    try:
        found = _read(folder)
    except Exception as error:  # what a damaged archive or net raises is of any kind
        raise ModelError(f"The scorer in {folder.name} cannot be read: {error}.") from error
    if [tuple(target) for target in found.about["targets"]] != list(TARGETS):
        raise ModelError(f"The scorer in {folder.name} answers other Action Units than this version asks for.")
    return found


def _read(folder: Path) -> Package:
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    with np.load(folder / SCALES) as stored:
        scales = {name: stored[name].astype(np.float32) for name in stored.files}
    encoder = (folder / ENCODER).read_bytes()
    if not {"targets", "codes"} <= about.keys():
        raise ValueError(f"{ABOUT} is incomplete")
    return Package(
        folder,
        about["id"],
        about["version"],
        about,
        encoder=session_from(encoder),
        encoder_sha256=sha256(encoder),
        heads={kind: session_from((folder / f"{kind}.onnx").read_bytes()) for kind in about["heads"]},
        sight=session_from((folder / SIGHT).read_bytes()),
        **scales,
    )


def shipped_versions() -> list[str]:
    """Versions that came with the product, oldest first."""
    folders = [path for path in SHIPPED.glob("*") if (path / ABOUT).is_file()]
    return sorted((path.name for path in folders), key=lambda name: [int(part) for part in name.split(".")])


@cache
def default() -> Package:
    """The newest version that came with the product.

    Raises
    ------
    ModelError
        None did, or it cannot be read.
    """
    versions = shipped_versions()
    if not versions:
        raise ModelError("No scorer came with this copy of the product; reinstall it.")
    return load(SHIPPED / versions[-1])
