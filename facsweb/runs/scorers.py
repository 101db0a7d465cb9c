"""Which scorer read a run, which others could, and reading a finished run again with one of them.

The choice lives in the run's parameters, ``scorer``, by the name that `analysis.scoring.choice` gives it. A run
without one was read by the newest scorer of its time; ``summary.json`` says which that was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from django.db import transaction

from analysis.scoring.choice import RULES, available, chosen
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.runs import hooks, neutrals, services
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import RunRefused

ABOUT = "measurement.json"


@dataclass(frozen=True, slots=True)
class Scorer:
    """One scorer that a run could be read with."""

    name: str
    in_use: bool
    why_not: str  # empty where it can read the run's measurement
    note: str = ""  # what is to be known before it is chosen

    @property
    def words(self) -> str:
        """What a list says."""
        kind, version = self.name.split("/", 1)
        kinds = {"au-rules": "rules on landmarks", "au-nets": "learned", "au-own": "learned, of this installation"}
        return f"{kind} {version} ({kinds.get(kind, 'learned')})"


def of_run(run: AnalysisRun) -> str:
    """Name of the scorer that was asked for or has read the run, ``au-nets/1.0.0``; may be empty."""
    said = run.summary.get("scorer") or {}
    return str(run.parameters.get("scorer") or (f"{said['id']}/{said['version']}" if said else ""))


def options(run: AnalysisRun) -> list[Scorer]:
    """Every scorer of this installation, newest first, and whether it can read the run's measurement."""
    measured_for = _measured_for(run)
    used = of_run(run)
    return [
        Scorer(name, name == used, _why_not(name, measured_for), note=_note(name))
        for name in reversed(available())
    ]


def _note(name: str) -> str:
    return "; ".join(note for say in hooks.scorer_notes if (note := say(name)))


def _measured_for(run: AnalysisRun) -> str | None:
    """SHA-256 of the encoder that made the measurement's codes; None where it has none, as older ones do."""
    try:
        about = json.loads((services.result_dir(run) / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RunRefused):
        return None
    found: str | None = about.get("encoder")
    return found


def _why_not(name: str, measured_for: str | None) -> str:
    if name == RULES:
        return ""
    try:
        needed = _encoder_of(name)
    except AnalysisError as error:
        return str(error)
    return "" if needed == measured_for else "needs a new analysis of the recording"


@lru_cache(maxsize=16)
def _encoder_of(name: str) -> str | None:
    package = chosen(name)
    return package.encoder_sha256 if package else None


def choose(actor: User, run: AnalysisRun, name: str) -> AnalysisRun:
    """Read a finished run again with another scorer, as a new run; the neutral faces and people stay.

    Raises
    ------
    RunRefused
        No such scorer, it cannot read the measurement, or the run is signed, not finished, or being read again.
    ConsentMissing
        The consent is gone.
    """
    if reason := neutrals.refusal(run):
        raise RunRefused(reason)
    found = next((one for one in options(run) if one.name == name), None)
    if found is None:
        raise RunRefused("There is no such scorer in this installation.")
    if found.why_not:
        raise RunRefused(f"{found.words} cannot read this run: {found.why_not}.")
    with transaction.atomic():
        if (active := services.reading_again(run)) is not None:
            return active
        kept = run.parameters.get("neutrals")
        again = services.reinterpret(actor, run, run.parameters.get("neutral_us"), neutrals=kept, scorer=name)
        former = {"run": str(run.pk), "scorer": run.parameters.get("scorer")}
        record(actor, "run.scorer", again, before=former, after={"run": str(again.pk), "scorer": name})
    return again
