"""A study's formulas of indicators: changed, added, taken back; never overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from analysis.indicators import formulas as engine
from analysis.indicators.formulas import FormulaError, Indicator, of, shipped, write
from analysis.indicators.statement import claimed
from facsweb.accounts.models import User
from facsweb.audit.services import differing, record
from facsweb.meaning import inputs
from facsweb.meaning.formula_words import changes
from facsweb.meaning.models import OwnIndicator
from facsweb.meaning.own import read_again
from facsweb.studies.models import Study

#: Indicators that a study may have beside the shipped ones. Each costs every reading some milliseconds; more than
#: these nobody looks at (a choice of ours).
MOST: Final = 20
#: In place of a version's number: the formula that came with the product, or none where it had none.
SHIPPED: Final = 0


class Changed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody else changed the formula in the meantime; the text is a sentence for a person."""


@dataclass(frozen=True)
class Entry:
    """An indicator of a study.

    Attributes
    ----------
    key : str
    indicator : Indicator or None
        The formula that holds; None where the stored one no longer fits the catalogue of inputs.
    row : OwnIndicator or None
        The study's own version that holds; None where it is the shipped one.
    is_shipped : bool
        It came with the product.
    problem : str
        Why there is no formula, in a sentence.
    called : str
        What it was called when it was taken out.
    """

    key: str
    indicator: Indicator | None
    row: OwnIndicator | None
    is_shipped: bool
    problem: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        if self.indicator:
            return self.indicator.name
        return str(self.row.definition["name"]) if self.row else self.called


def entries(study: Study) -> list[Entry]:
    """Every indicator of the study with the formula that holds: the shipped ones first."""
    own = {one.key: one for one in inputs.own_indicators(study)}
    known = {one.id: one for one in shipped().indicators}
    found = []
    for key in [*known, *(key for key in own if key not in known)]:
        row, indicator, problem = own.get(key), known.get(key), ""
        if row is not None:
            try:
                indicator = of(row.definition)
            except FormulaError as error:
                indicator, problem = None, str(error)
        found.append(Entry(key, indicator, row, key in known, problem))
    return found


def entry(study: Study, key: str) -> Entry | None:
    """One of them; also an own indicator that was taken out, without a formula. None where it never was."""
    found = next((one for one in entries(study) if one.key == key), None)
    if found is None and (past := revisions(study, key)):
        return Entry(key, None, None, False, called=str(past[0].definition["name"]))
    return found


def shipped_of(key: str) -> Indicator | None:
    """The formula that came with the product."""
    return next((one for one in shipped().indicators if one.id == key), None)


def revisions(study: Study, key: str) -> list[OwnIndicator]:
    """Everything the study made of an indicator, the newest first."""
    return list(study.indicators.filter(key=key).select_related("author").order_by("-number"))


def file_of(study: Study, numbers: Mapping[str, int]) -> str:
    """The file of all formulas with these versions of the study's own; empty where it has none.

    Raises
    ------
    FormulaError
        A stored formula uses what the catalogue of inputs no longer has.
    """
    if not numbers:
        return ""
    rows = OwnIndicator.objects.filter(study=study, key__in=numbers)
    own = {row.key: of(row.definition) for row in rows if row.number == numbers[row.key]}
    return _file([*(own.pop(one.id, one) for one in shipped().indicators), *own.values()])


def present_file(study: Study) -> str:
    """The formulas that hold, as a file for ``python -m analysis indicators --formulas``."""
    return _file(one.indicator for one in entries(study) if one.indicator)


def _file(indicators: Iterable[Indicator]) -> str:
    return write(indicators, f"{shipped().version}, with formulas of the study")


def new_key(study: Study, name: str) -> str:
    """A key from a name that nothing in the study has, or ever had."""
    taken = set(OwnIndicator.objects.filter(study=study).values_list("key", flat=True))
    base = f"own_{slugify(name).replace('-', '_')[:48].strip('_') or 'indicator'}"
    return next(
        key
        for number in range(1, len(taken) + 2)
        if (key := f"{base}_{number}" if number > 1 else base) not in taken
    )


def last_of(past: Sequence[OwnIndicator]) -> Indicator | None:
    """The formula that was last written for an indicator which holds no more; None where it cannot be used."""
    try:
        return of(past[0].definition) if past and past[0].definition else None
    except FormulaError:
        return None


def definition(actor: User, key: str, number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the file of formulas from what somebody wrote: who, when and which version are not typed."""
    today = timezone.localdate().isoformat()
    return {"id": key, **fields, "version": f"own {number}", "author": str(actor), "date": today}


def faults(study: Study, row: Mapping[str, Any]) -> list[FormulaError]:
    """Everything that is wrong with a formula for this study."""
    found = list(engine.faults(row))
    others = [one for one in entries(study) if one.key != row["id"]]
    name = str(row.get("name", "")).strip().casefold()
    if name and name in {one.name.casefold() for one in others}:
        said = "the study has an indicator of this name; choose another, so that nobody mixes them up."
        found.append(FormulaError(f"Indicator {row['id']!r}", said, "name"))
    if row["id"] not in {one.key for one in entries(study)} and sum(not one.is_shipped for one in others) >= MOST:
        said = f"a study has at most {MOST} indicators of its own; take one out first."
        found.append(FormulaError(f"Indicator {row['id']!r}", said))
    return found


def save(
    actor: User, study: Study, key: str, fields: Mapping[str, Any], *, reason: str, expected: int
) -> OwnIndicator:
    """Append a version and have the study's recordings read again.

    Parameters
    ----------
    fields : mapping
        ``name``, ``note`` and ``input`` of an entry of the file of formulas.
    reason : str
    expected : int
        The number that the writer saw last; 0 for the first.

    Raises
    ------
    FormulaError
        The formula or the reason is wrong, or nothing is different.
    Changed
        Somebody else changed it in the meantime.
    """
    row = definition(actor, key, expected + 1, fields)
    for fault in faults(study, row):
        raise fault
    after, before = of(row), entry(study, key)
    told = changes(before.indicator if before else None, after)
    if not told:
        raise FormulaError(after.name, "nothing is different from the formula that holds, so nothing was saved.")
    return _append(actor, study, row, reason=reason, told=told, expected=expected)


def back_to(actor: User, study: Study, key: str, number: int, *, expected: int) -> OwnIndicator:
    """Make an earlier version hold again, or (`SHIPPED`) what came with the product, by a version of its own.

    Raises
    ------
    FormulaError
        There is no such version, it already holds, or it no longer fits the catalogue of inputs.
    Changed
        Somebody else changed it in the meantime.
    """
    holds, known = entry(study, key), shipped_of(key)
    earlier = study.indicators.filter(key=key, number=number).first()
    if holds is None or (number != SHIPPED and earlier is None):
        raise FormulaError(key, "there is no such version.")
    if number == SHIPPED:
        if holds.row is None:
            raise FormulaError(holds.name, "that is what holds already.")
        stays = {**holds.row.definition} if known is None else {}
        reason = "Taken out of the study" if known is None else "Back to the shipped formula"
        told = changes(holds.indicator, known) if known else [f"“{holds.name}” is no longer computed"]
        return _append(actor, study, stays, key=key, reason=reason, told=told, expected=expected, removed=True)
    assert earlier is not None
    fields = {name: earlier.definition[name] for name in ("name", "note", "input") if name in earlier.definition}
    if not fields:
        raise FormulaError(holds.name, "this version went back to the shipped formula: choose that.")
    return save(actor, study, key, fields, reason=f"Back to version {number}", expected=expected)


def _append(
    actor: User,
    study: Study,
    row: Mapping[str, Any],
    *,
    reason: str,
    told: Sequence[str],
    expected: int,
    key: str = "",
    removed: bool = False,
) -> OwnIndicator:
    key = key or row["id"]
    if not reason.strip() or claimed(reason):
        said = "write why, so that others understand it."
        if found := claimed(reason):
            said = f"no indicator speaks of {found!r}; the product does not detect that."
        raise FormulaError(key, said, "reason")
    try:
        with transaction.atomic():
            last = study.indicators.filter(key=key).order_by("-number").first()
            if (last.number if last else 0) != expected:
                raise Changed
            about = {"key": key, "number": expected + 1, "removed": removed, "reason": reason.strip()}
            one = OwnIndicator.objects.create(
                study=study, author=actor, definition=dict(row), changes=list(told), **about
            )
            said = differing(last.definition if last else None, one.definition)
            record(actor, "indicator.write", study, told=list(told), **about, **said)
            read_again(actor, study)
    except (Changed, IntegrityError) as error:
        raise Changed(
            "Somebody else changed this formula in the meantime. What you typed is still below: compare it with "
            "the present one under “Versions”, then save it again."
        ) from error
    return one
