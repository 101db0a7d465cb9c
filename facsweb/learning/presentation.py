"""What the pages about scorers show: plain rows, read from the database and the packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.scoring.choice import RULES, available
from facsweb.learning import lapses, material, packages, services
from facsweb.learning.models import Training
from facsweb.studies import access

METRICS: Final = ("icc", "pcc", "mae", "f1")
STAGES: Final = (
    ("consent", "Checking consents and files"),
    ("read", "Reading the codings"),
    ("fit", "Fitting, and measuring on participants left out"),
)
KINDS: Final = {"au-nets": "came with the product", "au-own": "learned here", "au-rules": "came with the product"}


@dataclass(frozen=True, slots=True)
class ScorerRow:
    """One scorer of this installation."""

    name: str
    kind: str
    is_default: bool
    training: Training | None
    lapsed: str  # sentence; empty when nothing is against it
    why_no_default: str
    counts: Mapping[str, int]  # participants, recordings, coders

    @property
    def version(self) -> str:
        return self.name.partition("/")[2]

    @property
    def id(self) -> str:
        return self.name.partition("/")[0]

    @property
    def made_at(self) -> datetime | None:
        return self.training.finished_at if self.training else None

    @property
    def made_by(self) -> str:
        """Who started the training, in words; empty for what came with the product."""
        if self.id != "au-own":
            return ""
        if self.training is None:
            return "put into the folder by hand"
        return str(self.training.created_by) if self.training.created_by else "the command line"


def scorer_row(name: str) -> ScorerRow:
    """One scorer by its name; it must be `available`."""
    kind, _, version = name.partition("/")
    training = None
    if kind == "au-own" and version.isdigit():
        done = Training.objects.filter(number=int(version), state=Training.State.SUCCEEDED)
        training = done.select_related("created_by").first()
    return ScorerRow(
        name=name,
        kind=KINDS.get(kind, ""),
        is_default=name == (services.default_name() or services.newest_shipped()),
        training=training,
        lapsed=lapses.sentence(name),
        why_no_default=services.may_be_default(name),
        counts=_counts(training, name),
    )


def _counts(training: Training | None, name: str) -> dict[str, int]:
    learned = training.learned if training else packages.about(name).get("learned") or {}
    names = ("participants", "recordings", "coders")
    return {key: int(learned[key]) for key in names if learned.get(key) is not None}


def scorer_rows() -> list[ScorerRow]:
    """Every scorer: own ones newest first, then the shipped ones, the rules last."""
    return [scorer_row(name) for name in reversed(available())]


# --- what could be learned from ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StudyRow:
    """Signed codings of one study; ``name`` is empty for the studies that the reader is not in, taken together."""

    name: str
    pk: str
    usable: int
    participants: int
    left_out: list[tuple[str, str, int]]  # reason, what to do, how many


@dataclass(frozen=True, slots=True)
class Material:
    """What could be learned from now."""

    studies: list[StudyRow]
    signed: int
    codings: int
    participants: int
    recordings: int
    coders: int

    @property
    def left_out(self) -> int:
        return self.signed - self.codings


def material_now(user: Any) -> Material:
    """Counts of every study; those that the reader is no member of are not named."""
    found = material.candidates(services.newest_shipped())
    mine = {study.pk: study.name for study in access.studies(user, "studies:detail")}
    groups: dict[Any, list[material.Candidate]] = {}
    for one in found:
        groups.setdefault(one.study.pk if one.study.pk in mine else None, []).append(one)
    order = sorted(groups, key=lambda pk: (pk is None, mine.get(pk, "")))
    usable = [one for one in found if not one.why_not]
    return Material(
        studies=[_study(mine.get(pk, ""), str(pk or ""), groups[pk]) for pk in order],
        signed=len(found),
        codings=len(usable),
        participants=_people(usable),
        recordings=len({one.layer.run.recording_id for one in usable}),
        coders=len({one.layer.owner_id for one in usable}),
    )


def _study(name: str, pk: str, found: list[material.Candidate]) -> StudyRow:
    usable = [one for one in found if not one.why_not]
    counted = Counter(one.why_not for one in found if one.why_not)
    reasons = [(*material.REASONS[why], counted[why]) for why in material.REASONS if counted[why]]
    return StudyRow(name, pk, len(usable), _people(usable), reasons)


def _people(found: list[material.Candidate]) -> int:
    return len({one.participant.pk for one in found if one.participant is not None})


# --- one training -----------------------------------------------------------------------------------------


def stages(training: Training) -> list[dict[str, Any]]:
    """The stages of a training as ``components/stages.html`` shows them."""
    keys = [key for key, _ in STAGES]
    at = keys.index(training.stage) if training.stage in keys else (0 if training.state == "running" else -1)
    rows = []
    for place, (key, name) in enumerate(STAGES):
        state = "done" if place < at or training.state == "succeeded" else "waiting"
        row: dict[str, Any] = {"key": key, "name": name, "state": state}
        if place == at and training.state != "succeeded":
            row["state"] = "active" if training.is_active else "failed"
            row |= {"value": training.done if training.total else None, "max": training.total or 1}
            row["note"] = f"{training.done} of {training.total}" if training.total else ""
        rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One Action Unit before and after; a figure is None where it could not be computed."""

    code: str
    name: str
    region: str
    pairs: list[tuple[float | None, float | None]]  # in the order of METRICS
    participants: int
    examples: int
    used: bool
    why: str


def unit_rows(learned: Mapping[str, Any]) -> list[UnitRow]:
    """The before/after table of a training, in the catalogue's order."""
    codes = learned.get("codes") or {}
    return [_unit(code, codes[code]) for code in ACTION_UNITS if code in codes]


def _unit(code: str, said: Mapping[str, Any]) -> UnitRow:
    before, after = said.get("before") or {}, said.get("after") or {}
    return UnitRow(
        code=code,
        name=CATALOGUE[code].name,
        region=CATALOGUE[code].group,
        pairs=[(before.get(metric), after.get(metric)) for metric in METRICS],
        participants=int(said.get("participants") or 0),
        examples=int(said.get("examples") or 0),
        used=bool(said.get("used")),
        why=str(said.get("why") or ""),
    )


def is_known(name: str) -> bool:
    """Whether a scorer of that name can be looked at."""
    return name == RULES or name in available()
