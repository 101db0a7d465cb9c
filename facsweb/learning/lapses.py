"""Scorers that learned from people who no longer agree to it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from analysis.types import AnalysisError
from facsweb.learning.material import NEEDED
from facsweb.learning.models import Training
from facsweb.recordings.models import Recording
from facsweb.studies.models import Participant
from facsweb.studies.services import missing_scopes

SHORT: Final = "trained with recordings whose consent was withdrawn since"
WHILE_TRAINING: Final = (
    "A participant withdrew consent while the scorer was being trained. Nothing of it is kept. Train again; their "
    "recordings are left out then."
)
NO_LONGER: Final = "A participant from whom {name} learned withdrew consent, so it is no longer the default."


class Lapsed(AnalysisError):  # noqa: N818 (a state that people are told about)
    """Somebody's consent ended while their coding was being used; nothing was kept."""


def of_training(training: Training) -> int:
    """From how many people a training learned who no longer agree to it, or are not known here any more."""
    pairs = set(training.material.values_list("participant", "recording"))
    return len({participant for participant, recording in pairs if lapsed(participant, recording)})


def of_scorer(name: str) -> int:
    """The same for a scorer by its name; 0 for those that came with the product."""
    kind, _, version = name.partition("/")
    if kind != "au-own" or not version.isdigit():
        return 0
    training = Training.objects.filter(number=int(version), state=Training.State.SUCCEEDED).first()
    return of_training(training) if training else 0


def sentence(name: str) -> str:
    """Why a scorer should not be used any more; empty when nothing is against it."""
    count = of_scorer(name)
    if not count:
        return ""
    people = "a participant" if count == 1 else f"{count} participants"
    verb = "has" if count == 1 else "have"
    return (
        f"{name} was trained with recordings of {people} whose consent {verb} been withdrawn since. Train again."
    )


def lapsed(participant_id: UUID, recording_id: UUID) -> bool:
    """Whether one person's consent no longer covers it; a new consent does not bring back what was withdrawn."""
    participant = Participant.objects.select_related("study").filter(pk=participant_id).first()
    if participant is None or missing_scopes(participant, NEEDED):
        return True
    recording = Recording.objects.filter(pk=recording_id).first()
    return recording is not None and participant.consents.filter(withdrawn_at__gte=recording.created_at).exists()
