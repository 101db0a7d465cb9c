"""What the tiers mean, in words: by rule for learned scorers, by judgement for everything else."""

from __future__ import annotations

from typing import Final

from analysis.facs.codes import Tier

#: Units that a learned scorer answers; the thresholds are those of `analysis.training.scorer.build`.
BY_RULE: Final[dict[Tier, str]] = {
    "measured": "held-out ICC of at least .60 on rendered faces, and no contradiction on real clips",
    "experimental": "held-out ICC of at least .30 on rendered faces",
    "human-coded only": "below that, or never seen in training: scored frame by frame, but never proposed",
}
#: The rules on landmarks, head and eye positions, visibility (docs/validation.md).
BY_JUDGEMENT: Final[dict[Tier, str]] = {
    "measured": "follows exact labels of rendered clips, and another tool on real ones",
    "experimental": "some evidence, or poor figures",
    "human-coded only": "never proposed",
}


def tier_words(scorer_id: str) -> dict[Tier, str]:
    """What the tiers of a scorer's Action Units mean; ``scorer_id`` is that of ``summary.json``."""
    return BY_JUDGEMENT if scorer_id == "au-rules" else BY_RULE
