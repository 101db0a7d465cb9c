"""Engagement, agreement of channels, exploratory indicators, responses to markers, comparison of sessions.

Nothing here reads a mind: `STATEMENT` says what the product does not do and stands wherever an indicator is shown.
"""

from __future__ import annotations

from analysis.indicators.derive import Derived, derive
from analysis.indicators.markers import Marker
from analysis.indicators.permission import Allowed, Override
from analysis.indicators.statement import EXPLORATORY, SOURCES, STATEMENT

__all__ = ["EXPLORATORY", "SOURCES", "STATEMENT", "Allowed", "Derived", "Marker", "Override", "derive"]
