"""The machine's layer: what the analysis proposed, written once and never again."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from facsweb.audit.services import record
from facsweb.coding.bulk import write_proposals
from facsweb.coding.content import Content, check
from facsweb.coding.models import Layer
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir


class BadResult(Exception):  # noqa: N818 (a fault of the files, told to people)
    """The run's events cannot be read; its text is a sentence for a person."""


def make_machine_layer(run: AnalysisRun) -> Layer:
    """Store the events that a succeeded run proposed; return the layer that is there when called again.

    Raises
    ------
    BadResult
        The events file is missing, altered since the run finished, or not what the interface promises.
    """
    layer = Layer.objects.filter(run=run, kind=Layer.Kind.MACHINE).first()
    if layer is not None:
        return layer
    if run.state != AnalysisRun.State.SUCCEEDED:
        raise BadResult("Only a finished run has events.")
    proposed = list(_read(run))
    try:
        with transaction.atomic():
            layer = Layer.objects.create(run=run, kind=Layer.Kind.MACHINE)
            write_proposals(layer, [(None, content) for content in proposed])
            record(None, "layer.propose", layer, run=str(run.pk), events=len(proposed))
    except IntegrityError:  # another worker was faster; the constraint allows one machine layer a run
        return Layer.objects.get(run=run, kind=Layer.Kind.MACHINE)
    return layer


def _read(run: AnalysisRun) -> Iterator[Content]:
    path = result_dir(run) / "events.csv"
    if not path.is_file():
        raise BadResult("The run's events file is missing.")
    expected = run.files.get(path.name)
    if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise BadResult("The run's events file is not the one that the analysis wrote.")
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            yield _content(run, row, path, number)


def _content(run: AnalysisRun, row: dict[str, str], path: Path, number: int) -> Content:
    try:
        times = {name: int(row[name]) for name in ("onset_us", "apex_us", "offset_us")}
        content = Content(
            code=row["code"],
            side=row["side"],
            intensity=row["intensity"],
            face=int(row.get("face") or 0),
            confidence=float(row["confidence"]) if row["confidence"] else None,
            **times,
        )
        # The last frame may be shown longer than the container says; the machine's times stay as they are.
        return check(content, limit_us=max(times.values()), faces=[content.face])
    except ValidationError as error:
        raise BadResult(f"{path.name}, line {number}: {' '.join(error.messages)}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadResult(f"{path.name}, line {number}, is not an event.") from error
