"""Scores as pages show them: words for people beside every number, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from facsweb.recordings.models import Recording
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import analysing, services, values
from facsweb.transcripts.languages import name_of
from facsweb.transcripts.models import Recognition, Revision, Scores, Transcript
from facsweb.transcripts.speech import why_not_recognised
from facsweb.transcripts.values import Row

State = Scores.State
#: Labels of a sentence that are shown, of those that reach their thresholds. A choice of ours.
MOST_LABELS: Final = 3
MOST_MEANS: Final = 8
DOCUMENTS: Final = 5
NO_LANGUAGE: Final = "The language could not be told. State it under “Title and language” to get scores."
NOT_YET: Final = "The text has not been analysed yet."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says of a text's scores.

    Attributes
    ----------
    state : str
        ``none``, ``waiting``, ``failed``, ``ready`` or ``hidden``.
    why : str
        A sentence where there is nothing to show.
    result : dict or None
        As text.json.
    older : int or None
        The revision that the result is about, where it is not the newest.
    computed_at : datetime or None
    by_text : dict
        Text of a sentence → what the result says of it.
    """

    state: str
    why: str = ""
    result: dict[str, Any] | None = None
    older: int | None = None
    computed_at: Any = None
    by_text: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, transcript: Transcript, newest: Revision, *, hidden: str) -> Shown:
        """What to show of a transcript's scores to somebody from whom `hidden` may keep them."""
        if why := analysing.why_not(transcript):
            return cls("none", why)
        if hidden:
            return cls("hidden", hidden)
        scores = Scores.objects.filter(transcript=transcript).first()
        if scores is None:
            empty = not any(row[3] for row in newest.units)
            return cls("none", "There are no words yet." if empty else NOT_YET)
        result = scores.result
        return cls(
            str(scores.state),
            scores.error,
            result,
            scores.scored if result is not None and scores.scored != newest.number else None,
            scores.computed_at,
            {one["text"]: one for one in result["units"]} if result else {},
        )

    @property
    def language(self) -> str:
        """The language that was detected or stated, by name; empty where it is not known."""
        code = (self.result or {}).get("language") or ""
        return name_of(code) if code else ""

    @property
    def session(self) -> list[dict[str, Any]]:
        """Means over the text with their intervals, the highest first; empty where nothing was scored."""
        if not self.result or not self.result["session"]["scored"]:
            return []
        means = self.result["session"]["labels"]
        ordered = sorted(means.items(), key=lambda one: -one[1]["mean"])[:MOST_MEANS]
        return [{"label": label, **_drawn(found)} for label, found in ordered]

    @property
    def scored(self) -> int:
        """How many sentences have scores."""
        return sum(one.get("scores") is not None for one in (self.result or {}).get("units", []))

    @property
    def unscored(self) -> int:
        """How many sentences have none."""
        return len((self.result or {}).get("units", [])) - self.scored

    @property
    def warnings(self) -> list[str]:
        """Sentences of the engine, and what to do where no language could be told."""
        from analysis.text.result import UNKNOWN

        said = [one for one in (self.result or {}).get("warnings") or [] if one != UNKNOWN]
        return said if (self.result or {}).get("language") else [*said, NO_LANGUAGE]

    @property
    def covers(self) -> str:
        """What the intervals cover and what not; empty where there are none."""
        any_interval = any(one["interval"] for one in self.session)
        return self.result["session"]["covers"] if self.result and any_interval else ""

    @property
    def model(self) -> str:
        """Name and version of the classifier."""
        found = (self.result or {}).get("model") or {}
        return f"{found.get('id', '')} {found.get('version', '')}".strip()

    @property
    def card(self) -> str:
        """Where the model's card stands on the page of cards."""
        return f"card-{((self.result or {}).get('model') or {}).get('id', '')}"

    @property
    def may_ask(self) -> bool:
        """Whether asking (again) makes sense."""
        return self.state == "failed" or self.why == NOT_YET


def _drawn(found: dict[str, float | None]) -> dict[str, Any]:
    """A mean and its interval as whole percents, and where a drawing of 100 units has them."""
    at = 100 * (found["mean"] or 0)
    drawn = {"percent": percent(found["mean"] or 0), "at": f"{min(at, 99.2):.1f}", "interval": None}
    if found["low"] is None or found["high"] is None:
        return drawn
    low, high = 100 * found["low"], 100 * found["high"]
    return drawn | {
        "interval": f"{round(low)}–{round(high)} %",
        "x": f"{low:.1f}",
        "width": f"{max(high - low, 0.5):.1f}",
    }


def unit(rows: Sequence[Row], index: int, shown: Shown | None) -> dict[str, Any]:
    """One unit as the page lists it: whole, or sentence by sentence where something is known of them."""
    start, end, speaker, text = rows[index]
    parts = _parts(text, shown.by_text) if shown and shown.by_text else []
    return {
        "number": index + 1,
        "start": start,
        "end": end,
        "speaker": speaker,
        "new_speaker": speaker and (index == 0 or rows[index - 1][2] != speaker),
        "parts": parts if any(part["known"] for part in parts) else [{"text": text}],
    }


def _parts(text: str, by_text: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    from analysis.text.sentences import boundaries

    line = " ".join(text.split())
    return [_part(line[start:end], by_text.get(line[start:end])) for start, end in boundaries(line)]


def _part(text: str, found: dict[str, Any] | None) -> dict[str, Any]:
    part: dict[str, Any] = {"text": text, "known": found is not None, "labels": [], "why": ""}
    if found and found["scores"] is not None:
        part["labels"] = [(label, percent(found["scores"][label])) for label in found["top"][:MOST_LABELS]]
        part["why"] = "" if part["labels"] else "Nothing stands out"
    elif found:
        part["why"] = why_unscored(found)
    return part


def percent(probability: float) -> str:
    """A probability in words: never 0 % or 100 %, which no classifier can know."""
    if probability > 0.99:
        return "over 99 %"
    return f"{round(100 * probability)} %" if probability >= 0.01 else "under 1 %"


def why_unscored(found: dict[str, Any]) -> str:
    """Why a sentence has no scores, as a sentence."""
    code = found.get("language") or ""
    if code:
        return f"Not scored: this is taken for {name_of(code)}, which the classifier does not know."
    return "Not scored: the language could not be told."


def card(recording: Recording) -> dict[str, Any]:
    """What the recording's page says of its transcript."""
    transcript = services.of_recording(recording)
    consented = not missing_scopes(recording.participant, [Scope.TEXT])
    newest = services.current(transcript) if transcript and consented else None
    scores = Scores.objects.filter(transcript=transcript).first() if newest else None
    detected = (scores.result or {}).get("language") if scores else ""
    language = transcript.language or detected or "" if transcript else ""
    return {
        "transcript": transcript,
        "consented": consented,
        "newest": newest,
        "facts": values.facts(newest.units) if newest else None,
        "language": name_of(language) if language else "",
        "scores": scores,
        "why_no_speech": why_not_recognised(recording),
        "recognition": Recognition.objects.filter(recording=recording).first(),
    }


def documents(study: Study) -> dict[str, Any]:
    """The newest documents of a study, as its page lists them, and how many there are."""
    found = Transcript.objects.filter(participant__study=study, recording=None).select_related(
        "participant", "scores"
    )
    return {"rows": listed(found[:DOCUMENTS]), "count": found.count()}


def listed(transcripts: Iterable[Transcript]) -> list[dict[str, Any]]:
    """Texts as a list shows them."""
    rows = []
    for one in transcripts:
        scores = getattr(one, "scores", None)
        rows.append(
            {
                "transcript": one,
                "state": str(scores.state) if scores else "none",
                "label": scores.get_state_display() if scores else "",
            }
        )
    return rows
