"""Many reports in one file, and a study's signed data as a bundle: asked for here, made by a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.attempts import RecordedFence
from facsweb.audit.services import record
from facsweb.reports import documents, services
from facsweb.reports.models import Package, Report
from facsweb.storage import shelf
from facsweb.studies.models import Study

FENCE: Final = RecordedFence(lambda: Package.objects, "facsweb.reports.tasks.pack", "package")
STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = f"Packing stopped unexpectedly {MAX_CRASHES} times, so it was given up. The reports are safe."
#: A package is a copy of personal data: it goes after this.
KEPT: Final = timedelta(days=7)
AGAIN: Final = "This package was destroyed. Pack it again."
WITHDRAWN: Final = "A participant changed or withdrew consent, so this package was destroyed. Pack it again."
REVOKED: Final = "A report in it was revoked, so this package was destroyed. Pack it again."
EXPIRED: Final = f"It was kept for {KEPT.days} days. Pack it again."
FULL: Final = "full-en"
State = Package.State


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing is packed; the text says why."""


def signed(user: User, study: Study) -> QuerySet[Report]:
    """Signed reports of the study that the user may see, the newest first."""
    reports = services.visible(user).filter(sign_off__layer__run__recording__participant__study=study)
    related = "sign_off__layer__run__recording__participant"
    return reports.filter(state=Report.State.READY).select_related(related).order_by("-sign_off__signed_at")


def start(actor: User, study: Study, kind: str, reports: list[str], wanted: list[str]) -> Package:
    """Have a package made. While one of the kind is being made that one is returned, so a double click is one.

    Parameters
    ----------
    actor : User
    study : Study
    kind : str
        Of `Package.Kind`; a bundle holds every signed report that the actor may see.
    reports : list of str
        Ids; none means all of them.
    wanted : list of str
        Documents of each, as ``kind-language``; only of packages of reports.

    Raises
    ------
    Refused
        There is nothing to pack, or what was chosen is not to be had.
    """
    known = [str(pk) for pk in signed(actor, study).values_list("pk", flat=True)]
    chosen = [pk for pk in known if pk in reports] if reports and kind == Package.Kind.REPORTS else known
    offered = {FULL, *(f"{one}-{language}" for one, language in documents.OFFERED)}
    if not chosen:
        raise Refused("There is no signed report to pack.")
    if kind == Package.Kind.REPORTS and not set(wanted) & offered:
        raise Refused("Choose at least one document.")
    asked = {"reports": chosen, "documents": [one for one in wanted if one in offered]}
    active = Package.objects.filter(study=study, kind=kind, state__in=Package.ACTIVE)
    try:
        with transaction.atomic():
            package = Package.objects.create(study=study, kind=kind, asked=asked, created_by=actor)
            record(
                actor, "package.start", package, kind=str(kind), reports=len(chosen), documents=asked["documents"]
            )
            FENCE.enqueue(package.pk, package.attempt)
    except IntegrityError:  # one of the kind is being made
        found = active.first()
        if found is None:
            raise Refused("The package before has just ended. Start again.") from None
        return found
    return package


def folder(package: Package) -> Path:
    """Folder of a package's files."""
    return Path(settings.MEDIA_ROOT) / "packages" / str(package.pk)


def recover() -> int:
    """Put back packages whose worker or job is gone, and let go of old ones; return how many were put back."""
    for package in Package.objects.filter(state=State.SUCCEEDED, finished_at__lt=timezone.now() - KEPT):
        _destroy(package, EXPIRED)
    _sweep()
    return FENCE.recover(stale=STALE, most_crashes=MAX_CRASHES, given_up=GIVEN_UP, leftovers=_remove_attempt)


def withdraw(package: Package, why: str = WITHDRAWN) -> None:
    """Stop the making of a package, or destroy it, because something in it may not be kept any more.

    Parameters
    ----------
    package : Package
        As it is stored counts, not as it was read: its worker may have ended in between.
    why : str
        A sentence for whoever had it packed.
    """
    if FENCE.cancel(None, package):
        Package.objects.filter(pk=package.pk).update(error=why)
    else:
        _destroy(package, why)


def after_revocation(report: Report) -> None:
    """Destroy what holds a revoked report (``hooks.on_revocation``); a package that still waits leaves it out."""
    # Locked where the database can: who begins to pack meanwhile finds the report revoked.
    for package in holding(report.study.pk, [report], Package.objects.select_for_update(no_key=True)):
        if package.state != State.QUEUED and str(report.pk) not in left_out(package):
            withdraw(package, REVOKED)


def holding(study: UUID, found: Iterable[Report], among: QuerySet[Package] | None = None) -> Iterator[Package]:
    """Packages and bundles of a study for which one of these reports was asked, ready or not."""
    theirs = {str(report.pk) for report in found}
    if not theirs:
        return
    there = Package.objects.all() if among is None else among
    for package in there.filter(study=study, state__in=(*Package.ACTIVE, State.SUCCEEDED)):
        if theirs.intersection(package.asked.get("reports", ())):
            yield package


def left_out(package: Package) -> set[str]:
    """Ids of reports that were asked for and are not in a finished package."""
    return {one["report"] for one in package.summary.get("left_out", ())}


def _destroy(package: Package, why: str) -> None:
    values: dict[str, Any] = {"state": State.FAILED, "error": why, "file": "", "size": 0}
    with transaction.atomic():
        ready = Package.objects.select_for_update(no_key=True).filter(pk=package.pk, state=State.SUCCEEDED).first()
        if ready is not None and Package.objects.filter(pk=ready.pk, state=State.SUCCEEDED).update(**values):
            record(None, "package.destroy", ready, sha256=ready.sha256, why=why)
            name = ready.file
            transaction.on_commit(lambda: shelf.remove(name))


def _sweep() -> None:
    """Remove folders that no package is in any more: whoever let go of one may have died before its file went."""
    there = shelf.folders("packages")  # before the query: what is begun later is not among them
    kept = Package.objects.filter(state__in=(*Package.ACTIVE, State.SUCCEEDED)).values_list("pk", flat=True)
    names = {str(pk) for pk in kept} if there else set()
    for one in there:
        if one not in names:
            shelf.remove(f"packages/{one}")


def _remove_attempt(package: Package) -> None:
    shelf.remove(folder(package) / f"{package.attempt}.zip")
