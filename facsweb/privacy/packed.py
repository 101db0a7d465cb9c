"""Packages of reports: their files go with a withdrawal at once; the row stays and tells whoever packed them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from facsweb.privacy import closure
from facsweb.reports.models import Package


def _is_there(pk: str) -> bool:
    return Package.objects.filter(pk=pk, state__in=(*Package.ACTIVE, Package.State.SUCCEEDED)).exists()


#: Kind → whether one of them is still there, though its row stays.
CHECKS: Final[dict[str, Callable[[str], bool]]] = {closure.label(Package): _is_there}
