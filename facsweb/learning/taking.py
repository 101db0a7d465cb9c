"""Writing down what a training or a calibration uses, as its attempt begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from facsweb.learning.material import Candidate


def take(row: Any, candidates: Callable[..., list[Candidate]]) -> list[Candidate]:
    """What may be used at this moment, written down in ``row.material`` in place of what an attempt before used.

    The files are compared before, because that takes a while; consent is asked again in the transaction that
    writes down what is used, so that a withdrawal either is seen here or finds the row (`after_withdrawal`).

    Parameters
    ----------
    row : model
        A training, a calibration.
    candidates : callable
        Gives the codings; with ``thorough=True`` it compares their files too.
    """
    intact = {one.layer.pk for one in candidates(thorough=True) if not one.why_not}
    with transaction.atomic():
        type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
        usable = [one for one in candidates() if not one.why_not and one.layer.pk in intact]
        known = [(one, one.participant) for one in usable if one.participant is not None]
        row.material.all().delete()
        row.material.bulk_create(
            row.material.model(
                **{row.material.field.name: row},
                layer=one.layer.pk,
                recording=one.layer.run.recording_id,
                study=one.study.pk,
                participant=participant.pk,
                coder=one.layer.owner_id,
            )
            for one, participant in known
        )
    return [one for one, _ in known]
