"""What the indicators do not do, in the only words in which the product speaks of it."""

from __future__ import annotations

from typing import Final

#: Shown wherever an indicator is: page, report, command, file. The only place where these words may stand.
STATEMENT: Final = (
    "This product does not detect lies or deception and cannot tell who is truthful. "
    "Literature search found no validated Action Unit formula for trust, credibility or resistance. "
    "The indicators are exploratory sums of named measurements; they say nothing certain about a person."
)
#: Stands beside every value of an indicator, in the same size as the number.
EXPLORATORY: Final = "exploratory"
#: Why there is no such formula. Titles are left out on purpose: their words belong in the statement alone.
SOURCES: Final = (
    "DePaulo et al. 2003, Psychological Bulletin 129:74–118: of 158 cues most had weak links or none.",
    "Burgoon 2018, Frontiers in Psychology 9:1672, doi 10.3389/fpsyg.2018.01672: very short facial expressions "
    "are too rare and too ambiguous to rest a judgement on.",
    "Vrij, Hartwig & Granhag 2019, Annual Review of Psychology 70:295–317, "
    "doi 10.1146/annurev-psych-010418-103135: nonverbal cues found so far are faint and unreliable.",
    "Barrett et al. 2019, doi 10.1177/1529100619832930: one configuration of a face has several meanings.",
)
