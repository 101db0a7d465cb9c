"""One attempt at a training: read what may be read at this moment, train, publish."""

from __future__ import annotations

import shutil
import uuid
from functools import partial
from pathlib import Path
from typing import Final

from analysis.types import AnalysisError
from facsweb.learning import attempts, material, packages
from facsweb.learning.models import Training
from facsweb.learning.taking import take
from facsweb.processes.pulse import Pulse, Tell, carry_out
from facsweb.storage import shelf

UNEXPECTED: Final = (
    "The training stopped because of an error in the program. Codings and scorers are unchanged. Try again; if it "
    "happens again, give whoever runs the site the number of this training."
)
NOTHING: Final = (
    "When the training began there was no signed coding left to learn from: consents or reports changed since it "
    "was started. Nothing was made."
)


def perform(training_id: uuid.UUID, attempt: int, worker: str, tell: Tell | None = None) -> None:
    """Claim the attempt, do the work, publish the scorer; whatever happens is written to the training."""
    training = attempts.claim(training_id, attempt, worker)
    if training is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    out = packages.draft(f"{training.pk}-{attempt}")
    try:
        carry_out(training, attempts.FENCE, partial(_attempt, out), unexpected=UNEXPECTED, tell=tell)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _attempt(out: Path, training: Training, pulse: Pulse) -> bool:
    from analysis.learning import train

    pulse.hook("consent", 0, None)
    usable = take(training, partial(material.candidates, training.base))
    if not usable:
        raise AnalysisError(NOTHING)
    out.mkdir(parents=True, exist_ok=True)
    trained = train(
        material.codings(usable),
        out,
        version=training.version,
        base=training.base,
        hook=pulse.hook,
        should_stop=pulse.should_stop,
    )
    learned = dict(trained.about["learned"])
    # Published in the middle of a transaction, which must not wait for a store that is away: it is begun again.
    return shelf.patiently(lambda: attempts.succeed(training, trained.folder, learned))
