"""The sentences for a methods section."""

from __future__ import annotations

from analysis.agreement.figures import Agreement
from analysis.agreement.options import Options


def methods(found: Agreement, options: Options | None = None) -> str:
    """What was compared and how, for a methods section.

    Parameters
    ----------
    found : Agreement
    options : Options, optional
        Those that it was made with.

    Returns
    -------
    str
        A paragraph of plain English.
    """
    raise NotImplementedError
