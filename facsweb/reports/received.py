"""Checking a PDF that somebody sent: first in a child with limits, then here."""

from __future__ import annotations

from typing import Final

from analysis import confined
from analysis.types import AnalysisError
from facsweb.reports import verification

UNSAFE: Final = "This PDF cannot be read safely."


def verify(data: bytes) -> verification.Verification:
    """As `verification.verify_pdf`; what breaks a reader, or takes too much of it, does so in the child."""
    try:
        confined.taste_pdf(data)
    except AnalysisError as error:
        return verification.refusal(UNSAFE, str(error))
    return verification.verify_pdf(data)
