"""What a learned scorer answers: one number for each Action Unit, two for units that have sides."""

from __future__ import annotations

from typing import Final

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.regions import REGIONS

#: Told apart by how long and how far the lids are down, so a single frame has one number for all of them: 43's,
#: five times the share of the way from open to shut (`analysis.facs.lids` names the events).
FROM_LIDS: Final = ("41", "42", "45", "46")
LEARNED: Final[tuple[str, ...]] = tuple(code for code in ACTION_UNITS if code not in FROM_LIDS)
#: (code, subject's side or empty), in the order of the nets' outputs.
TARGETS: Final[tuple[tuple[str, str], ...]] = tuple(
    (code, side) for code in LEARNED for side in (("L", "R") if CATALOGUE[code].sided else ("",))
)
#: For every target the one it becomes in a mirrored picture.
MIRRORED: Final[tuple[int, ...]] = tuple(
    TARGETS.index((code, {"L": "R", "R": "L", "": ""}[side])) for code, side in TARGETS
)
#: For every region (`analysis.facs.regions.REGIONS`) the one it becomes in a mirrored picture.
MIRRORED_REGIONS: Final[tuple[int, ...]] = tuple(
    REGIONS.index({"eye_L": "eye_R", "eye_R": "eye_L"}.get(region, region)) for region in REGIONS
)


def columns_of(code: str) -> list[int]:
    """Places of a code's targets: one, or the left and the right."""
    return [number for number, (other, _) in enumerate(TARGETS) if other == code]
