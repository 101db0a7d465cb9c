"""What a study may have, what it has, and refusals before it has more.

Refused is only what would begin: nothing that was accepted is thrown away, and an upload that has begun ends. One
that tells its length at its end takes room as it arrives; the piece for which there is none is refused.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Greatest
from django.template.defaultfilters import filesizeformat

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.processes import duties, queue
from facsweb.processes.models import Ticket
from facsweb.quotas.models import Quota
from facsweb.recordings.models import Recording, Upload
from facsweb.recordings.uploads import OverQuota
from facsweb.runs.progress import duration
from facsweb.runs.services import RunOverQuota
from facsweb.studies.models import Participant, Study

GB: Final = 1024**3  # as pages write sizes
HOUR_US: Final = 3_600_000_000
FIELDS: Final = ("gigabytes", "hours", "queued", "running", "weight")
ASK: Final = "An administrator of this site can allow more."


@dataclass(frozen=True, slots=True)
class Limits:
    """What a study may have; None: no limit.

    Attributes
    ----------
    bytes : int or None
        Of original files, those on their way included.
    us : int or None
        Microseconds of recordings.
    queued, running : int or None
        Analyses that wait for a worker; jobs of one queue at once.
    weight : int
        Its part of the workers while others wait too.
    """

    bytes: int | None
    us: int | None
    queued: int | None
    running: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a study has: bytes of originals and of uploads on their way, microseconds, how many recordings."""

    bytes: int
    us: int
    recordings: int


_known: dict[UUID, tuple[float, Usage]] = {}


def limits_of(study: Study | UUID) -> Limits:
    """The study's own limits, and the installation's where it has none."""
    own = Quota.objects.filter(study=study).first() or Quota()
    gigabytes, hours = own.gigabytes or settings.QUOTA_GB, own.hours or settings.QUOTA_HOURS
    return Limits(
        bytes=int(gigabytes * GB) or None,
        us=int(hours * HOUR_US) or None,
        queued=own.queued or settings.QUOTA_QUEUED or None,
        running=own.running or settings.QUOTA_RUNNING or None,
        weight=own.weight,
    )


def usage_of(study: Study) -> Usage:
    """What the study has now.

    Adding it up grows with the study's recordings. Where that takes long, what was found is believed for a while,
    so that it takes at most one part in `duties.REST` of the time.
    """
    until, found = _known.get(study.pk, (0.0, None))
    if found is not None and time.monotonic() < until:
        return found
    began = time.monotonic()
    stored = Recording.objects.filter(participant__study=study)
    told = stored.order_by().aggregate(bytes=Sum("size"), us=Sum("duration_us"))
    coming = Upload.objects.filter(participant__study=study, state=Upload.State.RECEIVING)
    more = coming.order_by().aggregate(bytes=Sum(Greatest("length", "offset")))["bytes"] or 0
    found = Usage((told["bytes"] or 0) + more, told["us"] or 0, stored.count())
    took = time.monotonic() - began
    _known.pop(study.pk, None)
    if took > duties.SLOW_S:
        _known[study.pk] = (time.monotonic() + duties.REST * took, found)
    return found


def queued(study: Study, most: int) -> int:
    """How many analyses of the study wait for a worker; no more than ``most`` are counted."""
    waits = Ticket.objects.filter(lane__queue=queue.GPU, lane__study=study.pk, taken_at=None)
    return waits.filter(function="facsweb.runs.tasks.analyse").order_by()[:most].count()


def check_upload(participant: Participant, length: int) -> None:
    """Raise OverQuota where an upload of so many bytes would be more than the study may store.

    Called in the transaction that begins the upload. The study's row is locked where the database can, so two that
    begin at once do not both have the last room.
    """
    allowed = limits_of(participant.study_id)
    if allowed.bytes is None and allowed.us is None:
        return
    study = Study.objects.select_for_update(no_key=True).get(pk=participant.study_id)
    has = usage_of(study)
    _check_bytes(allowed, has, length, "file", "Nothing was sent, and what is stored is safe")
    if allowed.us is not None and has.us >= allowed.us:
        raise OverQuota(
            f"This study may hold {hours(allowed.us)} of recordings and has {hours(has.us)}. Nothing was sent, "
            f"and what is stored is safe. {ASK}"
        )


def check_more(upload: Upload, more: int) -> None:
    """Raise OverQuota where so many further bytes of an upload without a length are more than the study may store.

    Called in the transaction that takes them.
    """
    study_id = upload.participant.study_id
    allowed = limits_of(study_id)
    if allowed.bytes is not None:
        has = usage_of(Study.objects.select_for_update(no_key=True).get(pk=study_id))
        _check_bytes(allowed, has, more, "piece", "It was not taken, and what had arrived is safe")


def _check_bytes(allowed: Limits, has: Usage, more: int, what: str, safe: str) -> None:
    if allowed.bytes is not None and has.bytes + more > allowed.bytes:
        raise OverQuota(
            f"This study may store {filesizeformat(allowed.bytes)} of recordings and has "
            f"{filesizeformat(has.bytes)}; this {what} has {filesizeformat(more)}. {safe}. {ASK}"
        )


def check_run(recording: Recording) -> None:
    """Raise RunOverQuota where as many analyses of the study wait as may."""
    study = recording.participant.study
    most = limits_of(study.pk).queued
    if most is not None and queued(study, most) >= most:
        many = "1 analysis of this study waits" if most == 1 else f"{most} analyses of this study wait"
        raise RunOverQuota(
            f"{many} for a worker already, and no more may. The recording is safe; start the analysis when one of "
            f"them has begun. {ASK}"
        )


def hours(us: int) -> str:
    """Media time in words: ``4 min``, ``1 h 20 min``."""
    return duration(us / 1e6) if us else "nothing"


def change(actor: User, study: Study, **limits: Any) -> bool:
    """Give a study limits of its own (None: those of the installation); False when they are that already."""
    with transaction.atomic():
        quota, _ = Quota.objects.select_for_update(no_key=True).get_or_create(study=study)
        before = {name: getattr(quota, name) for name in FIELDS}
        after = {name: limits[name] for name in FIELDS}
        if before == after:
            return False
        Quota.objects.filter(study=study).update(**after)
        changed = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
        record(actor, "quota.change", study, changed=changed)
        queue.set_share(study.pk, weight=limits["weight"], most=limits["running"])
    return True
