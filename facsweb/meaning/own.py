"""A study's own combinations: written, changed, removed, brought back; never overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from analysis.facs.combinations import Combination, CombinationError, catalogue, parse
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.audit.services import differing, record
from facsweb.meaning import inputs, services
from facsweb.meaning.models import OwnCombination
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.studies.models import Scope, Study

#: Recordings that a combination is tried on: the newest ones, so that an answer takes a second or two.
TRIED: Final = 5
#: Moments that are listed of each.
LISTED: Final = 8


class Changed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody else changed the combination in the meantime; the text is a sentence for a person."""


@dataclass(frozen=True)
class Trial:
    """Where a combination stands in one recording: times of onsets, the first of them, and how many in all."""

    run: AnalysisRun
    count: int
    moments: Sequence[tuple[int, str]]
    problem: str = ""


def checked(fields: Mapping[str, Any], key: str) -> Combination:
    """Read a definition.

    Raises
    ------
    CombinationError
        The message names the field and says what to write instead.
    """
    return parse({"id": key, **fields})


def new_key(study: Study, name: str) -> str:
    """A key from a name that neither the catalogue nor the study has yet."""
    taken = {one.id for one in catalogue()}
    taken |= set(OwnCombination.objects.filter(study=study).values_list("key", flat=True))
    base = f"own-{slugify(name)[:48].strip('-') or 'combination'}"
    return next(
        key
        for number in range(1, len(taken) + 2)
        if (key := f"{base}-{number}" if number > 1 else base) not in taken
    )


def revisions(study: Study, key: str) -> list[OwnCombination]:
    """Everything a combination ever was, the newest first."""
    return list(study.combinations.filter(key=key).select_related("author").order_by("-number"))


def write(
    actor: User, study: Study, key: str, fields: Mapping[str, Any], *, expected: int, removed: bool = False
) -> OwnCombination:
    """Append a revision and have the study's recordings read again.

    Parameters
    ----------
    expected : int
        The number that the writer saw last; 0 for a new one.

    Raises
    ------
    CombinationError
        The definition is wrong.
    Changed
        Somebody else changed it in the meantime.
    """
    checked(fields, key)
    try:
        with transaction.atomic():
            last = study.combinations.filter(key=key).order_by("-number").first()
            if (last.number if last else 0) != expected:
                raise Changed
            one = OwnCombination.objects.create(
                study=study,
                key=key,
                number=expected + 1,
                definition={"id": key, **fields},
                removed=removed,
                author=actor,
            )
            former = {**last.definition, "removed": last.removed} if last else None
            said = differing(former, {**one.definition, "removed": removed})
            record(actor, "combination.write", study, key=key, number=one.number, **said)
            read_again(actor, study)
    except (Changed, IntegrityError) as error:
        raise Changed(
            "Somebody else changed this combination in the meantime. Your text is still below: compare it with "
            "the present one under “Earlier versions”, then save it again."
        ) from error
    return one


def read_again(actor: User, study: Study) -> int:
    """Ask for a reading of the newest finished run of every recording of the study; return how many."""
    runs = newest_runs(study)
    return sum(services.ask(actor, run) is not None for run in runs)


def newest_runs(study: Study) -> list[AnalysisRun]:
    """The newest finished run of every recording, the newest first."""
    # Said by what they are not, as in `home.queue`: SQLite would go through every study's runs.
    others = [state for state in AnalysisRun.State if state != AnalysisRun.State.SUCCEEDED]
    mine = AnalysisRun.objects.filter(recording__participant__study=study).exclude(state__in=others)
    finished = mine.defer("error_detail").select_related("recording__participant__study")
    seen: set[Any] = set()
    found = []
    for run in finished.order_by("-created_at"):
        if run.recording_id not in seen:
            seen.add(run.recording_id)
            found.append(run)
    return found


def tried(combination: Combination, runs: Iterable[AnalysisRun]) -> list[Trial]:
    """Where a combination stands in runs whose participant agreed to it."""
    found = []
    for run in runs:
        if Scope.EMOTION not in inputs.allowed_scopes(run.recording.participant):
            continue
        found.append(_tried(combination, run))
        if len(found) == TRIED:
            break
    return found


def _tried(combination: Combination, run: AnalysisRun) -> Trial:
    from analysis.facs.combinations import find
    from analysis.facs.evidence import evidence_of_run, faces_of_run

    try:
        stands = [
            (one.onset_us, one.codes)
            for face in faces_of_run(result_dir(run))
            for one in find(evidence_of_run(result_dir(run), face), [combination])
        ]
    except AnalysisError as error:
        return Trial(run, 0, (), str(error))
    return Trial(run, len(stands), sorted(stands)[:LISTED])


__all__ = [
    "Changed",
    "CombinationError",
    "Trial",
    "checked",
    "new_key",
    "newest_runs",
    "read_again",
    "revisions",
    "tried",
    "write",
]
