"""The words of a new study's consent form. An administrator may replace them by a new version."""

from __future__ import annotations

from collections.abc import Iterable

from facsweb.studies.models import Scope

TITLE = "Taking part in a recording"

QUESTIONS = {
    Scope.VIDEO: "May we record your face on video and code how it moves?",
    Scope.AUDIO: "May we record and analyse your voice?",
    Scope.TEXT: "May we write down and analyse what you say?",
    Scope.EMOTION: "May we estimate emotional states from your facial movements?",
    Scope.INDICATORS: "May we compute exploratory indicators, such as engagement and trust?",
    Scope.CALIBRATION: "May we use your data to improve the method?",
    Scope.QUOTATION: "May we quote your words in reports?",
    Scope.RETENTION: "May we keep your data beyond the study’s usual time?",
}
WHAT_IS_RECORDED = {
    Scope.VIDEO: "a video of your face",
    Scope.AUDIO: "the sound of your voice",
    Scope.TEXT: "a written record of what you say",
}
WHAT_IS_COMPUTED = {
    Scope.VIDEO: "Software measures how parts of your face move, such as a raised eyebrow, and a trained person "
    "checks and corrects what it proposes. The movements are written down in the Facial Action Coding System.",
    Scope.AUDIO: "Software measures properties of your voice, such as pitch, loudness and pauses.",
    Scope.TEXT: "Software analyses the words you used.",
    Scope.EMOTION: "From the movements, software may say which emotional states they would be consistent with, "
    "always with how uncertain that is. Nobody can read from a face what a person truly feels.",
    Scope.INDICATORS: "From all of this, software may compute summary figures, such as engagement. They are "
    "exploratory: nobody has shown that they say what a person intends.",
    Scope.CALIBRATION: "Your data may be used to check and adjust how well the method works for people.",
    Scope.QUOTATION: "Sentences that you said may be printed in reports, under your code and not your name.",
    Scope.RETENTION: "Your data may be kept after the time at which the study otherwise destroys it.",
}

REST = {
    "What the results are": "The results are supportive indicators. They are not a diagnosis and not lie "
    "detection, and nobody may decide about you on them alone.",
    "Who sees it": "Only members of this study’s team, each with their own login. You appear under a code, not "
    "under your name. Each time somebody opens your recording, it is written into a log.",
    "Your rights": "Taking part is voluntary, and saying no has no disadvantage for you. You answer each question "
    "by itself. You may withdraw at any time, without giving a reason; analysis then stops at once. You may ask "
    "to see your data, to have it corrected or to have it deleted.",
    "Questions": "Ask the person who gave you this form, at any time. They also withdraw your consent when you "
    "say so.",
}


def _in_words(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def default_body(*, purpose: str, scopes: Iterable[Scope]) -> str:
    """The form's text: paragraphs under plain headings, for a reader without training.

    Parameters
    ----------
    purpose : str
        The study's purpose as the participant should read it.
    scopes : iterable of Scope
        What the form asks about; nothing else is mentioned.

    Returns
    -------
    str
        Sections separated by empty lines; a section's first line is its heading and starts with ``## ``.
    """
    asked = [scope for scope in Scope if scope in set(scopes)]
    recorded = [WHAT_IS_RECORDED[scope] for scope in asked if scope in WHAT_IS_RECORDED]
    sections = {
        "Why we ask you": purpose.strip(),
        "What is recorded": f"We record {_in_words(recorded)}." if recorded else "Nothing new is recorded.",
        "What is computed": " ".join(WHAT_IS_COMPUTED[scope] for scope in asked),
        **REST,
    }
    return "\n\n".join(f"## {heading}\n{text}" for heading, text in sections.items())


def sections(body: str) -> list[tuple[str, str]]:
    """Split a form's text into (heading, text); text before the first heading has an empty heading."""
    found: list[tuple[str, str]] = []
    for part in f"\n{body.strip()}".split("\n## "):
        heading, _, text = part.partition("\n")
        if heading.strip() or text.strip():
            found.append((heading.strip(), text.strip()))
    return found
