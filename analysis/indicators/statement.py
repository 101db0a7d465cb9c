"""What the indicators do not do, in the only words in which the product speaks of it."""

from __future__ import annotations

import re
import unicodedata
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

#: Claims that no indicator may make, in any of its words.
_CLAIMS: Final = re.compile(
    r"\b(lie[ds]?|lying|liars?|lie[ -]?detect\w*|dece(it|iv|pt)\w*|(un)?truth\w*|(dis)?honest\w*|verac\w+"
    r"|polygraph\w*)\b",
    re.IGNORECASE,
)
#: A name says what an indicator is, so it must not be that of a judgement on a person either. The words about it
#: may say that it is none.
_JUDGEMENTS: Final = re.compile(r"\b(diagnos\w*|guilt\w*)\b", re.IGNORECASE)


def claimed(text: str) -> str:
    """The word of a text that claims what the product does not do; empty where there is none."""
    found = _CLAIMS.search(_read(text))
    return found[0] if found else ""


def judging(name: str) -> str:
    """The word of an indicator's name that would make it a judgement on a person; empty where there is none."""
    found = _JUDGEMENTS.search(_read(name))
    return found[0] if found else ""


def _read(text: str) -> str:
    """As it reads: wide letters are letters, what cannot be seen is gone, words written together are words."""
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", seen).replace("_", " ")
