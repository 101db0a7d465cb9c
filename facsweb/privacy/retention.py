"""How long a study keeps recordings and documents: what goes when and why, announcements, and the daily job.

Nothing goes that was not announced three days before: a period that is set or shortened, and a machine that was
off for weeks, destroy nothing at once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Min, Prefetch
from django.urls import reverse
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.privacy import attempts, closure, destroying
from facsweb.privacy.models import Erasure, Hold, Notice, RetentionDay
from facsweb.recordings.models import Recording
from facsweb.reports import packages
from facsweb.reports import services as reports
from facsweb.reports.models import Report
from facsweb.studies import law
from facsweb.studies.models import Consent, Membership, Participant, Role, Scope, Study
from facsweb.studies.services import current_consent
from facsweb.studies.withdrawing import lock_work
from facsweb.transcripts.models import Transcript

log = logging.getLogger(__name__)

#: Days before which it is announced, by mail and on the page; the last is the least there is.
ANNOUNCED: Final = (14, 3)
AT_ONCE: Final = 500  # announcements in one statement
NO_LIMIT: Final = "The study keeps data without a limit."
LONGER: Final = "The participant agreed to longer keeping. It stays until that is withdrawn."
LONGEST: Final = "The participant agreed to longer keeping, but {place} lets data be kept for at most {days} days."
ON_HOLD: Final = "On hold: an administrator recorded a reason why it may not be destroyed now."
OVER: Final = "The time for which the study keeps data was over."
PACKED: Final = (
    "The time for which the study keeps a report in it was over, so this package was destroyed. Pack it again."
)


class Unfinished(Exception):  # noqa: N818 (a state, not a fault)
    """Some study could not be worked on."""


@dataclass(frozen=True, slots=True)
class Item:
    """One recording or document, and when it goes.

    Attributes
    ----------
    kind : str
        ``recording`` or ``document``.
    due : datetime or None
        When it goes; None where it stays.
    why : str
        A sentence.
    """

    kind: str
    id: UUID
    title: str
    participant: Participant
    since: datetime
    due: datetime | None
    why: str

    def days_left(self, now: datetime) -> int | None:
        """Whole days until it goes, 0 when that is today or over; None where it stays."""
        return None if self.due is None else max(0, -(-(self.due - now) // timedelta(days=1)))


def items(study: Study, now: datetime | None = None) -> list[Item]:
    """Every recording and document of a study with when it goes, the earliest first."""
    now = now or timezone.now()
    told = dict(Notice.objects.filter(study=study).values_list("object_id").annotate(first=Min("at")))
    stored = _stored(study)  # before the people: whose first recording comes meanwhile is not asked for
    people = _people(study)
    held = set(Hold.objects.filter(participant__study=study, lifted_at=None).values_list("participant", flat=True))
    periods = {longer: _period(study, longer=longer) for longer in (False, True)}
    kept = {pk: (None, ON_HOLD) if pk in held else periods[_longer(person)] for pk, person in people.items()}
    found = []
    for kind, pk, title, since, whose in stored:
        if whose not in people:  # deleted meanwhile
            continue
        days, why = kept[whose]
        due = None if days is None else _due(since, days, told.get(pk), now)
        found.append(Item(kind, pk, title, people[whose], since, due, why))
    return sorted(found, key=lambda item: (item.due is None, item.due or item.since, item.since))


def _period(study: Study, *, longer: bool) -> tuple[int | None, str]:
    """Days that data of a participant are kept (None: without a limit), and why; the law goes before a wish."""
    most, days = law.most_days(study.setting, study.jurisdiction), law.days_kept(study)
    if longer:
        if most is None:
            return None, LONGER
        return most, LONGEST.format(place=f"the law of {law.normalised(study.jurisdiction)}", days=f"{most:,}")
    return days, sentence(study)


def sentence(study: Study) -> str:
    """How long a study keeps data and who says so: itself, or the law of its place."""
    days = law.days_kept(study)
    if days is None:
        return NO_LIMIT
    if days != study.retention_days:
        place = law.normalised(study.jurisdiction)
        return f"The study keeps data for {days:,} days, which is the longest that the law of {place} allows."
    return f"The study keeps data for {days:,} {'day' if days == 1 else 'days'}."


def _due(created: datetime, days: int, announced: datetime | None, now: datetime) -> datetime:
    # The day's work is done when the day begins: what waited for the hour of its upload would go a day late.
    last = timezone.localtime(created + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(last, (announced or now) + timedelta(days=ANNOUNCED[-1]))


def _stored(study: Study) -> list[tuple[str, UUID, str, datetime, UUID]]:
    """Kind, id, title, day and participant of what is stored; no rows as objects, for there may be 100,000."""
    columns = ("pk", "title", "created_at", "participant")
    sources = (("recording", Recording.objects.all()), ("document", Transcript.objects.filter(recording=None)))
    return [
        (kind, *row)
        for kind, rows in sources
        for row in rows.filter(participant__study=study).order_by().values_list(*columns)
    ]


def _people(study: Study) -> dict[UUID, Participant]:
    """Participants of a study by id, with their consents."""
    read = ("participant", "scopes", "given_at", "recorded_at", "withdrawn_at", "withdrawn_scopes")
    consents = Prefetch("consents", Consent.objects.only(*read))
    found = Participant.objects.filter(study=study).only("code", "study").prefetch_related(consents)
    people = {one.pk: one for one in found.order_by()}
    for one in people.values():
        one.study = study
    return people


def _longer(person: Participant) -> bool:
    consent = current_consent(person)
    return consent is not None and Scope.RETENTION in consent.granted


# --- the daily job ---------------------------------------------------------------------------------------------


def daily() -> bool:
    """Do the day's work unless it was done; what was missed while the machine was off is done with it."""
    if RetentionDay.objects.filter(day=timezone.localdate()).exists():
        return False
    try:
        run()
    except Exception:  # one study's trouble must not end the recovery process's round
        log.exception("The daily retention job failed; it is tried again.")
        return False
    return True


def run(now: datetime | None = None) -> RetentionDay:
    """Announce what goes soon and let go what is due. Running twice changes nothing the second time.

    Parameters
    ----------
    now : datetime, optional
        Another moment than this one, for tests.

    Raises
    ------
    Unfinished
        A study failed. The others are done, and the day is not: whoever runs it again comes to that study again.
    """
    now = now or timezone.now()
    announced, due, failed = 0, 0, []
    for pk in Study.objects.order_by("pk").values_list("pk", flat=True):
        try:
            with transaction.atomic():
                study = Study.objects.select_for_update(no_key=True).get(pk=pk)  # of two processes one comes first
                known = items(study, now)
                found = _announce(study, known, now), _let_go(study, known, now)
            announced, due = announced + found[0], due + found[1]
        except Exception:  # one study's trouble must not keep the others' data
            log.exception("Retention of study %s failed; it is tried again.", pk)
            failed.append(pk)
    mail_announcements(now)
    if failed:
        raise Unfinished(f"Retention of {len(failed)} of the studies failed; see the log.")
    with transaction.atomic():
        day, _ = RetentionDay.objects.select_for_update(no_key=True).get_or_create(day=timezone.localdate(now))
        day.announced, day.due = day.announced + announced, day.due + due
        day.save(update_fields=["announced", "due"])
    return day


def is_due(item: Item, now: datetime) -> bool:
    """Whether it goes at this moment."""
    return item.due is not None and item.due <= now


def _announce(study: Study, known: list[Item], now: datetime) -> int:
    far, made = [], []
    told = set(Notice.objects.filter(study=study).values_list("object_id", "days"))
    for item in known:
        left = None if item.due is None else item.due - now
        near = [days for days in ANNOUNCED if left is not None and left <= timedelta(days=days)]
        if not near:
            far.append(item.id)
            continue
        if is_due(item, now):
            continue
        if (item.id, near[-1]) not in told:
            made.append(
                Notice(object_id=item.id, days=near[-1], study=study, participant=item.participant, at=now)
            )
    Notice.objects.bulk_create(made, batch_size=AT_ONCE)
    # A longer period, or a participant's wish, took it back: it is announced again when its time comes.
    back = {object_id for object_id, _ in told} & set(far)
    Notice.objects.filter(study=study, object_id__in=back).delete()
    return len(made)


def _let_go(study: Study, known: list[Item], now: datetime) -> int:
    busy = Erasure.objects.filter(study=study, why=Erasure.Why.RETENTION).exclude(state=Erasure.State.SUCCEEDED)
    going = {str(one) for only in busy.values_list("only", flat=True) for one in only}
    due: dict[Participant, list[str]] = defaultdict(list)
    for item in known:
        if is_due(item, now) and str(item.id) not in going:
            due[item.participant].append(str(item.id))
    lock_work(due)
    for person, ids in due.items():
        erasure = Erasure.objects.create(
            study=study, participant=person, why=Erasure.Why.RETENTION, only=ids, before=now
        )
        signed = Report.objects.filter(sign_off__layer__run__recording__in=ids)
        for package in list(packages.holding(study.pk, signed)):
            for trace in closure.traces(package):
                destroying.note(erasure, trace)
            packages.withdraw(package, PACKED)
        for report in signed:
            if report.state != Report.State.REVOKED:
                reports.revoke(None, report, OVER)
        record(None, "erasure.begin", erasure, why=erasure.why, objects=ids, days=law.days_kept(study))
        attempts.FENCE.enqueue(erasure.pk, erasure.attempt)
    return sum(map(len, due.values()))


# --- mail ------------------------------------------------------------------------------------------------------


def mail_announcements(now: datetime) -> int:
    """Tell the administrators of each study once what goes soon; return how many mails were sent.

    A mail that could not be sent is tried with the next day's work; the page shows the same meanwhile.
    """
    waiting: dict[Study, list[Notice]] = defaultdict(list)
    for notice in Notice.objects.filter(mailed_at=None).select_related("study", "participant"):
        waiting[notice.study].append(notice)
    sent = 0
    for study, notices in waiting.items():
        addresses = administrators(study)
        # Taken before it is sent: of two processes one sends.
        mine = Notice.objects.filter(pk__in=[one.pk for one in notices], mailed_at=None)
        if not addresses or not mine.update(mailed_at=now):
            continue
        try:
            message(study, notices, addresses).send()
            sent += 1
        except Exception:  # whatever a mail server answers
            log.exception("The retention mail of study %s could not be sent.", study.pk)
            Notice.objects.filter(pk__in=[one.pk for one in notices], mailed_at=now).update(mailed_at=None)
    return sent


def administrators(study: Study) -> list[str]:
    """Addresses of those who can change the period or record a hold."""
    held = Membership.objects.filter(study=study, role=Role.ADMINISTRATOR, user__is_active=True)
    return sorted(held.values_list("user__email", flat=True).distinct())


def message(study: Study, notices: list[Notice], addresses: list[str]) -> EmailMessage:
    """The mail: codes and numbers, no titles."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in notices:
        found[one.days][one.participant.code] += 1
    lines = []
    for days in sorted(found):
        lines.append(f"Within {days} days:")
        lines += [f"  {code}: {count}" for code, count in sorted(found[days].items())]
    page = settings.SITE_URL.rstrip("/") + reverse("privacy:retention", args=[study.pk])
    body = (
        f"Recordings and documents of the study “{study.name}” go soon, with everything made from them: analyses, "
        f"codings, reports. {sentence(study)}\n\n" + "\n".join(lines) + f"\n\nWhat goes when, and why: {page}\n"
        "To keep something longer, ask the participant for consent to longer keeping, record a hold, or change "
        "the study’s period.\n"
    )
    return EmailMessage(f"{study.name}: data go soon", body, None, addresses)
