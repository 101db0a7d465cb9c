"""Figures that were kept go with the recordings and the consent that they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from facsweb.agreement.models import Comparison
from facsweb.coding.models import Layer
from facsweb.recordings.models import Recording
from facsweb.studies.models import Consent, Scope
from facsweb.studies.services import missing_scopes


def forget_recording(recording: Recording) -> list[Path]:
    """Delete the figures that rest on a recording that goes; there are no files of theirs."""
    _forget(recording.participant.study_id, [recording])
    return []


def forget_withdrawn(consent: Consent) -> None:
    """Delete the figures that rest on a person whose consent no longer covers coding."""
    if missing_scopes(consent.participant, [Scope.VIDEO]):
        _forget(consent.participant.study_id, consent.participant.recordings.all())


def _forget(study: object, recordings: Iterable[Recording]) -> None:
    layers = Layer.objects.filter(run__recording__in=list(recordings)).values_list("pk", flat=True)
    gone = {str(pk) for pk in layers}
    kept = Comparison.objects.filter(study=study).values_list("pk", "asked")
    rest_on_it = [pk for pk, asked in kept if gone & _layers(asked)]
    Comparison.objects.filter(pk__in=rest_on_it).delete()


def _layers(asked: dict[str, list[dict[str, list[list[str]]]]]) -> set[str]:
    rows = chain.from_iterable(pair["layers"] for pair in asked["pairs"])
    return {key for row in rows for key in (row[0], row[2])}
