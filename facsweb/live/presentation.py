"""What the page of a live session is given."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.urls import reverse

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.tiers import Tier
from analysis.scoring.package import default
from facsweb.live.models import Session

#: Lids that are down are 43, 45 or 46 by how long they stay so, and 41 or 42 by how far: with nothing of the
#: future known, one bar for the closing of the eyes says as much as can be said.
_LEFT_OUT = frozenset({"45", "46"})


@cache
def units() -> list[dict[str, Any]]:
    """Action Units that have a bar, in the catalogue's order: those that the machine may propose."""
    tiers = default().tiers
    found = sorted((CATALOGUE[code] for code in ACTION_UNITS), key=lambda code: code.order)
    return [
        {
            "code": one.code,
            "name": one.name,
            "group": one.group,
            "sided": one.sided,
            "tier": tiers.get(one.code, one.tier),
        }
        for one in found
        if _shown(one.code, tiers.get(one.code, one.tier))
    ]


def _shown(code: str, tier: Tier | str) -> bool:
    return tier != "human-coded only" and code not in _LEFT_OUT


def addresses(session: Session) -> dict[str, str]:
    """Where the page of a session sends what."""
    assert session.upload_id is not None
    return {
        "id": str(session.pk),
        "socket": f"/ws/live/{session.pk}/",
        "film": reverse("recordings:tus", args=[session.upload_id]),
        "markers": reverse("live:markers", args=[session.pk]),
        "end": reverse("live:end", args=[session.pk]),
        "throw_away": reverse("live:throw_away", args=[session.pk]),
    }
