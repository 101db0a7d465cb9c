"""The code of a face: what a picture is worth to the scorers, whatever the neutral. Stored with a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.scoring.inputs import POINT_CODE
from analysis.scoring.package import Package
from analysis.types import Float32, InnerMaps

PICTURE_CODE: Final = 160
CODE_COLUMNS: Final[tuple[str, ...]] = tuple(f"code_{i:03d}" for i in range(PICTURE_CODE + POINT_CODE))


def picture_code(package: Package, maps: Sequence[InnerMaps]) -> Float32:
    """Encode faces, (n, 160); call it with a batch, one by one is slower."""
    regions = np.stack([one.regions for one in maps])
    crops = np.stack([one.crop for one in maps])
    found: Float32 = package.encoder.run(None, {"region_maps": regions, "crop_map": crops})[0]
    return found


def point_code(package: Package, aligned: Float32) -> Float32:
    """Project aligned points (n, 478, 3), centimetres, to (n, 64)."""
    moved = aligned.reshape(len(aligned), -1) - package.points_mean
    return np.asarray(moved @ package.points_basis, np.float32)


def in_view(package: Package, maps: Sequence[InnerMaps]) -> Float32:
    """Shares of every region in view, (n, 6), 0–1."""
    found: Float32 = package.sight.run(None, {"crop_map": np.stack([one.crop for one in maps])})[0]
    return found


def codes(package: Package, maps: Sequence[InnerMaps], aligned: Float32) -> Float32:
    """Columns `CODE_COLUMNS` of faces, (n, 224)."""
    return np.concatenate([picture_code(package, maps), point_code(package, aligned)], axis=1)
