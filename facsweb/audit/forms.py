"""How the log is narrowed down. Every filter goes along an index, so that a million entries answer as ten do."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.apps import apps
from django.db import connection
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from facsweb.audit import personal, reading
from facsweb.audit.models import Entry

#: Acts that only look, copy or take away.
READS: Final = frozenset(
    act for pages in (reading.WINDOWED, reading.EVERY, reading.ITSELF, reading.BY_LINK) for act in pages.values()
)

_NUMBER: Final = re.compile(r"[0-9a-fA-F-]+")

# One step through the index for every value, where DISTINCT would read every entry of the study.
_DISTINCT: Final = """
WITH RECURSIVE found(value) AS (
    SELECT MIN({column}) FROM audit_entry WHERE {where}
    UNION ALL
    SELECT (SELECT MIN({column}) FROM audit_entry WHERE {where} AND {column} > found.value)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL
"""


def values_of(column: str, study: UUID | None) -> list[str]:
    """Different values of ``action`` or ``actor_label`` in a study's entries, or in those of no study."""
    key = Entry._meta.get_field("study_id").get_db_prep_value(study, connection) if study else None
    where = "study_id = %s" if study else "study_id IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.format(column=column, where=where), [key, key] if study else [])
        return [value for (value,) in cursor.fetchall()]


class FilterForm(forms.Form):
    """Everything may stay empty. The choices are what this study's entries hold."""

    kind = forms.ChoiceField(
        required=False,
        label="Kind",
        choices=[("", "Reading and changes"), ("change", "Changes"), ("read", "Reading and downloads")],
    )
    action = forms.ChoiceField(required=False)
    person = forms.ChoiceField(required=False)
    object = forms.CharField(required=False, max_length=64, label="Object", help_text="its number or its kind")
    origin = forms.CharField(required=False, max_length=64, label="From where")
    text = forms.CharField(required=False, max_length=100, label="Text in the details")
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, study: UUID | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        for name, column, every in (("action", "action", "Every action"), ("person", "actor_label", "Everybody")):
            values = values_of(column, study)
            self.fields[name].choices = [("", every), *((value, value) for value in values)]

    @property
    def narrows(self) -> bool:
        """Whether anything is chosen."""
        return self.is_valid() and any(self.cleaned_data.values())

    @property
    def searches_words(self) -> bool:
        """Whether it asks what entries say: then one that is hidden must not be among the answers."""
        return self.is_valid() and bool(self.cleaned_data["text"])

    def in_words(self) -> dict[str, str]:
        """What was chosen, as the log may keep it: words that somebody typed stand there as marks."""
        chosen = (
            {name: str(value) for name, value in self.cleaned_data.items() if value} if self.is_valid() else {}
        )
        kinds = {one._meta.model_name for one in apps.get_models()}
        for name in {"text", "origin", "object"} & chosen.keys():
            if not (name == "object" and (_NUMBER.fullmatch(chosen[name]) or chosen[name].lower() in kinds)):
                chosen[name] = personal.mark(chosen[name])
        return chosen

    def filtered(self) -> QuerySet[Entry]:
        """The entries that match; all of them when the form is empty or wrong."""
        chosen = self.cleaned_data if self.is_valid() else {}
        entries = Entry.objects.filter(study_id=self.study) if self.study else Entry.objects.filter(study_id=None)
        for name, column in (("action", "action"), ("person", "actor_label")):
            if chosen.get(name):
                entries = entries.filter(**{column: chosen[name]})
        if kind := chosen.get("kind"):
            entries = entries.filter(action__in=READS) if kind == "read" else entries.exclude(action__in=READS)
        if wanted := chosen.get("object"):
            entries = entries.filter(Q(object_id=wanted) | Q(object_type=wanted.lower()))
        if came := chosen.get("origin"):
            entries = entries.filter(
                Q(address__startswith=came) | Q(session=came) | Q(via__icontains=came) | Q(agent__icontains=came)
            )
        if text := chosen.get("text"):
            entries = entries.filter(_says(text))
        return _within(entries, chosen.get("since"), chosen.get("until"))


def _says(text: str) -> Q:
    # SQLite keeps JSON as Django wrote it, with every letter beyond ASCII escaped; PostgreSQL keeps the letters.
    stored = json.dumps(text)[1:-1] if connection.vendor == "sqlite" else text
    return Q(details__icontains=stored) | Q(before__icontains=stored) | Q(after__icontains=stored)


def _within(entries: QuerySet[Entry], since: date | None, until: date | None) -> QuerySet[Entry]:
    """Days as times, and their ends as numbers too, for the page goes along the numbers.

    Numbers grow with time but for a clock that was put back, so the outermost number of an hour is taken.
    """
    if since:
        start = _start(since)
        first = Entry.objects.filter(at__gte=start).order_by("at").values_list("at", flat=True).first() or start
        hour = Entry.objects.filter(at__gte=start, at__lt=first + timedelta(hours=1))
        entries = entries.filter(at__gte=start, number__gte=hour.aggregate(first=Min("number"))["first"] or 0)
    if until and until < date.max:
        end = _start(until + timedelta(days=1))
        last = Entry.objects.filter(at__lt=end).order_by("-at").values_list("at", flat=True).first() or end
        hour = Entry.objects.filter(at__lt=end, at__gte=last - timedelta(hours=1))
        entries = entries.filter(at__lt=end, number__lte=hour.aggregate(last=Max("number"))["last"] or 0)
    return entries


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
