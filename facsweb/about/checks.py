"""What takes long to check, checked once in a while, with the moment at which it was."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Max
from django.utils import timezone

import facsweb
from facsweb.audit import checking
from facsweb.audit.models import Entry
from facsweb.recordings.files import sha256_of
from facsweb.recordings.models import Recording
from facsweb.reports.content import sha256
from facsweb.reports.models import Report, SignOff
from facsweb.storage import shelf
from facsweb.studies.models import Consent, Participant

#: How long an answer holds, and how soon it is computed again when somebody asks for it: a reader who keeps asking
#: costs the server little. Choices of ours.
HOLDS, AGAIN = dt.timedelta(minutes=10), dt.timedelta(seconds=5)
#: Faults that are named; the log page of a study names more.
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Chain:
    """The log: entries there were, up to which number, and what is wrong with it."""

    entries: int
    last: int
    faults: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Reports:
    """Signed contents and documents: how many there are, and how many are byte for byte what they were."""

    sign_offs: int
    whole_sign_offs: int
    documents: int
    whole_documents: int
    waiting: int
    revoked: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A result and when it was found."""

    at: dt.datetime
    result: Any


def checked(key: str, compute: Callable[[], Any], *, again: bool = False) -> Checked:
    """The result of a check: the last one as long as it holds, or a new one.

    Parameters
    ----------
    key : str
        Names the check, and what it is of.
    compute : callable
    again : bool
        A reader asked for a new one.
    """
    place = f"about:{hashlib.sha256(f'{facsweb.__version__} {key}'.encode()).hexdigest()}"
    known: Checked | None = cache.get(place)
    now = timezone.now()
    if known is not None and now - known.at < (AGAIN if again else HOLDS):
        return known
    found = Checked(now, compute())
    cache.set(place, found, HOLDS.total_seconds())
    return found


def chain(*, again: bool = False) -> Checked:
    """Every hash of the log computed again."""
    return checked(f"chain {settings.DATABASES['default']['NAME']}", _chain, again=again)


def _chain() -> Chain:
    last = Entry.objects.order_by("-number").values_list("number", flat=True).first() or 0
    faults = list(checking.faults())
    return Chain(Entry.objects.count(), last, tuple(faults[:NAMED]), len(faults))


def of_consents(name: str, compute: Callable[[], Any]) -> Any:
    """What follows from everybody's consent now, computed again when any consent, person or recording changed."""
    said = Consent.objects.aggregate(Count("pk"), Count("withdrawn_at"), Max("withdrawn_at"), Max("recorded_at"))
    key = [name, *said.values(), Participant.objects.count(), Recording.objects.count()]
    return checked(" ".join(map(str, key)), compute).result


def reports(*, again: bool = False) -> Checked:
    """Every frozen content and every document hashed again."""
    return checked(f"reports {settings.DATABASES['default']['NAME']}", _reports, again=again)


def _reports() -> Reports:
    state = Report.State
    signed = SignOff.objects.values_list("content", "content_sha256").iterator(chunk_size=50)
    same = [sha256(content) == digest for content, digest in signed]
    files = Report.objects.filter(state__in=(state.READY, state.REVOKED)).values_list("pdf", "pdf_sha256")
    whole = [bool(name) and _sha256(shelf.bring(name)) == digest for name, digest in files]
    return Reports(
        sign_offs=len(same),
        whole_sign_offs=sum(same),
        documents=len(whole),
        whole_documents=sum(whole),
        waiting=Report.objects.filter(state__in=(state.WAITING, state.FAILED)).count(),
        revoked=Report.objects.filter(state=state.REVOKED).count(),
    )


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        return ""
