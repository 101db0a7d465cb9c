"""Words of the participant in a report: only where they agreed to be quoted, and only where it is surely they."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facsweb.recordings.models import Recording
from facsweb.reports.comparison import Coded
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import services as transcripts

MOST: Final = 8
LONGEST: Final = 240
_STRONG: Final = frozenset("CDE")


def section(recording: Recording, events: Sequence[Coded]) -> list[dict[str, Any]] | None:
    """What the participant said while the strongest signed events stood; None without consent or transcript.

    A transcript with one speaker is the participant's; with several it is the speaker named by the participant's
    code. Where neither holds nobody is quoted, since an interviewer agreed to nothing.
    """
    if missing_scopes(recording.participant, [Scope.TEXT, Scope.QUOTATION]):
        return None
    transcript = transcripts.of_recording(recording)
    revision = transcripts.current(transcript) if transcript else None
    if revision is None:
        return None
    # Also who says something without a time: with them there are several.
    speakers = {unit[2] for unit in revision.units}
    units = [unit for unit in revision.units if unit[0] is not None and unit[1] is not None]
    own = speakers if len(speakers) == 1 else speakers & {recording.participant.code}
    strong = [one.final for one in events if one.final is not None and one.final.intensity in _STRONG]
    rows = []
    for start, end, speaker, text in units:
        codes = sorted({said.code for said in strong if said.onset_us < end and said.offset_us > start})
        if speaker in own and codes and text.strip():
            words = text.strip()
            rows.append(
                {"at_us": start, "text": words[:LONGEST] + ("…" if len(words) > LONGEST else ""), "codes": codes}
            )
    kept = sorted(rows, key=lambda row: -len(row["codes"]))[:MOST]
    return sorted(kept, key=lambda row: row["at_us"]) or None
