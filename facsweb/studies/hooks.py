"""What upper layers want to know about. They fill these lists in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from facsweb.accounts.models import User
from facsweb.studies.models import Consent, Participant, Study

#: Called inside the transaction that withdraws or narrows a consent: what a hook writes to the database happens
#: together with the withdrawal or not at all. What touches another process goes through ``transaction.on_commit``.
on_withdrawal: Final[list[Callable[[Consent], None]]] = []

#: Each says in a sentence what is left behind when a person loses a role in a study; empty where nothing is.
role_warnings: Final[list[Callable[[Study, User, str], str]]] = []

#: Each lists the destruction certificates that a participant can fetch (``privacy:own_certificate``), the newest
#: first: id, when it was checked, and the scopes whose data went.
certificates: Final[list[Callable[[Participant], list[tuple[UUID, datetime, list[str]]]]]] = []

#: Each says how far the destruction of what a participant withdrew is: the last part of a key ``destruction.…`` of
#: the participant's words, and when it was finished and checked; None where nothing is to be destroyed.
destruction: Final[list[Callable[[Participant], tuple[str, datetime | None] | None]]] = []

#: Each names rows of a participant that others are at work on, and that the hooks above and below may change. They
#: are locked before anything is written into the log: whoever is at work on one locks it first and the log then.
at_work: Final[list[Callable[[Participant], Iterable[QuerySet[Any]]]]] = []

#: Called inside the transaction that changes what may be computed in a study: setting, place, recorded exception.
on_law_change: Final[list[Callable[[Study], None]]] = []
