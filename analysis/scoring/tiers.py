"""The rule of the tiers: what a figure on unseen people is worth."""

from __future__ import annotations

from typing import Final

MEASURED: Final = "measured"
EXPERIMENTAL: Final = "experimental"
HUMAN: Final = "human-coded only"
#: ICC(3,1) on people never trained on: measured from here on, unless real clips contradict it; experimental from
#: there on.
MEASURED_ICC: Final = 0.60
EXPERIMENTAL_ICC: Final = 0.30


def tier(icc: float, *, contradicted: bool = False) -> str:
    """Tier of a code; one without a figure (NaN) is human-coded only."""
    if icc >= MEASURED_ICC and not contradicted:
        return MEASURED
    return EXPERIMENTAL if icc >= EXPERIMENTAL_ICC else HUMAN
