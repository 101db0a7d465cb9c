"""What administrators do: calibrate, stop, apply a version or none; and what a withdrawal does to them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from analysis.calibration.fit import LEAST_PARTICIPANTS
from facsweb.accounts.models import User
from facsweb.audit.services import lock, record
from facsweb.calibration import attempts, lapses, material
from facsweb.calibration.models import Choice, Version
from facsweb.learning.material import NEEDED
from facsweb.studies.models import Consent, Participant
from facsweb.studies.services import missing_scopes

if TYPE_CHECKING:
    from analysis.calibration import Calibration

State = Version.State
TOO_FEW: Final = (
    f"A cohort needs {LEAST_PARTICIPANTS} participants with signed codings that may be used, and there are fewer "
    "in all. This page says what is missing; nothing was started."
)


class CalibrationRefused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was started or changed; the text is a sentence for a person."""


def active() -> Version | None:
    """The calibration under way, if there is one."""
    return Version.objects.filter(state__in=Version.ACTIVE).select_related("created_by").first()


def start(actor: User | None, *, enqueue: bool = True) -> Version:
    """Start a calibration; the one under way when somebody was faster, or clicked twice.

    Parameters
    ----------
    actor : User, optional
        Who asks; None on the command line.
    enqueue : bool
        Let a worker do it; otherwise the caller does.

    Raises
    ------
    CalibrationRefused
        Fewer participants in all than one cohort needs.
    """
    if (running := active()) is not None:
        return running
    scorer = material.scorer()
    people = {one.participant.pk for one in material.candidates(scorer) if not one.why_not and one.participant}
    if len(people) < LEAST_PARTICIPANTS:
        raise CalibrationRefused(TOO_FEW)
    try:
        with transaction.atomic():
            number = (Version.objects.aggregate(last=Max("number"))["last"] or 0) + 1
            version = Version.objects.create(number=number, scorer=scorer, created_by=actor)
            record(actor, "calibration.start", version, number=number, scorer=scorer)
            if enqueue:
                attempts.FENCE.enqueue(version.pk, version.attempt)
    except IntegrityError:  # the constraint allows one active calibration
        if (running := active()) is None:
            raise
        return running
    return version


def cancel(actor: User | None, version: Version) -> Version:
    """Stop a calibration: at once while it waits, within a second while it runs; later nothing happens."""
    attempts.FENCE.cancel(actor, version)
    version.refresh_from_db()
    return version


# --- which one is applied ---------------------------------------------------------------------------------


def chosen() -> Choice | None:
    """The last choice, with who made it; None while nobody chose."""
    return Choice.objects.select_related("version", "chosen_by").last()


def applied() -> Version | None:
    """The calibration that new readings apply."""
    last = chosen()
    return last.version if last is not None else None


def may_be_applied(version: Version) -> str:
    """Why a calibration cannot be applied, as a sentence; empty when it can."""
    if version.state != State.SUCCEEDED:
        return "It did not finish."
    if not any(one["calibrated"] for one in version.result["cohorts"]):
        return "It calibrates no cohort."
    return lapses.sentence(version)


def choose(actor: User, version: Version | None) -> None:
    """Have new readings apply a calibration, or none; choosing what is chosen already changes nothing.

    Raises
    ------
    CalibrationRefused
        It did not finish, calibrates nobody, or used codings that may not be used any more.
    """
    if version is not None and (reason := may_be_applied(version)):
        raise CalibrationRefused(reason)
    with transaction.atomic():
        lock()  # one after another: the last row says nothing of one that is being added
        last = Choice.objects.last()
        before = last.version_id if last else None
        if before == (version.pk if version else None):
            return
        made = Choice.objects.create(version=version, chosen_by=actor)
        former = last.version.number if last and last.version else None
        after = version.number if version else None
        record(actor, "calibration.choose", made, before={"calibration": former}, after={"calibration": after})


def for_participant(participant: Participant) -> tuple[str, Any] | None:
    """Name and content of the calibration of a participant's cohort (``meaning.hooks.calibrations``).

    None where they stated no cohort, none is applied, or theirs is not in it. One that is in it and not calibrated
    is given, and says so.
    """
    version = applied()
    if version is None or participant.cohort is None:
        return None
    found = content(version).for_cohort(participant.cohort.key)
    return None if found is None else (f"{participant.cohort.key}, calibration {version.number}", found)


def content(version: Version) -> Calibration:
    """A finished calibration as values."""
    return _content(version.pk)


@lru_cache(maxsize=4)
def _content(pk: UUID) -> Calibration:  # finished calibrations never change
    from analysis.calibration import of_dict

    return of_dict(Version.objects.get(pk=pk, state=State.SUCCEEDED).result)


# --- withdrawals ------------------------------------------------------------------------------------------


def at_work(participant: Participant) -> list[QuerySet[Version]]:
    """What a withdrawal may end (``studies.hooks``)."""
    used = Version.objects.filter(state=Version.State.RUNNING, material__participant=participant.pk)
    return [Version.objects.filter(pk__in=used.values("pk"))]


def after_withdrawal(consent: Consent) -> None:
    """Take what used a participant's codings out of use, who no longer agrees to it.

    A calibration under way loses its work; one that is applied is applied no longer. Called inside the withdrawal.
    """
    participant = consent.participant
    if not missing_scopes(participant, NEEDED):
        return
    for version in Version.objects.filter(material__participant=participant.pk).distinct():
        if version.state == State.RUNNING:
            attempts.FENCE.fail(version.pk, version.attempt, error=lapses.WHILE_CALIBRATING, detail="")
        elif version.state == State.SUCCEEDED:
            record(None, "calibration.consent_withdrawn", version, number=version.number, consent=str(consent.pk))
            if applied() == version:
                reason = lapses.NO_LONGER.format(number=version.number)
                made = Choice.objects.create(version=None, reason=reason)
                former = {"calibration": version.number}
                record(None, "calibration.choose", made, before=former, after={"calibration": None})
