"""What a reading is read from at one moment. Two readings with the same inputs say the same."""

from __future__ import annotations

from typing import Any, Final

from analysis import meaning
from analysis.indicators.permission import Allowed, Override
from analysis.types import AnalysisError
from facsweb.meaning import hooks, speaking, whose
from facsweb.meaning.models import Markers, OwnCombination, OwnIndicator, Reading, Speakers
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies import law
from facsweb.studies.models import Participant, Scope, Study
from facsweb.studies.services import missing_scopes
from facsweb.transcripts.models import Scores

#: What consent a person's own voice, words and indicators need, also in somebody else's recording.
CHANNELS: Final = {"voice": Scope.AUDIO, "text": Scope.TEXT, "indicators": Scope.INDICATORS}
#: What indicators and engagement need of the person that they are about.
INDICATORS: Final = (Scope.EMOTION, Scope.INDICATORS)


def gather(run: AnalysisRun) -> dict[str, Any]:
    """Everything that decides what a reading of the run says, as plain JSON."""
    recording = run.recording
    allowed = allowed_scopes(recording.participant)
    formulas = {one.key: one.number for one in own_indicators(recording.participant.study)}
    return {
        "run": str(run.pk),
        "scopes": allowed,
        "setting": recording.participant.study.setting,
        "words": scored_words(recording) if Scope.TEXT in allowed else None,
        "speakers": latest_number(Speakers, recording),
        "who": speaking.resolved(speaking.latest(recording), run),
        "markers": latest_number(Markers, recording),
        "own": {one.key: one.number for one in own_combinations(recording.participant.study)},
        "people": _people(run),
        "versions": meaning.versions(),
        # absent where the shipped formulas hold, as in readings from before a study could change them
        **({"indicators": formulas} if formulas else {}),
        **_law(recording.participant.study),
    }


def _law(study: Study) -> dict[str, Any]:
    """Whose law holds and which exception is recorded; nothing for settings that no law closes."""
    if not any(rule.off and study.setting in rule.settings for rule in law.rules()):
        return {}
    standing = law.justification(study)
    exception = standing and {
        "ground": standing.ground,
        "reason": standing.reason,
        "by": str(standing.made_by),
        "date": standing.made_at.date().isoformat(),
    }
    return {"place": law.engine_place(study), "exception": exception}


def permission(gathered: dict[str, Any]) -> Allowed:
    """What the engine may compute under gathered inputs."""
    exception = gathered.get("exception")
    return Allowed(
        frozenset(gathered["scopes"]),
        gathered["setting"],
        override=Override(**exception) if exception else None,
        place=gathered.get("place", ""),
    )


def permission_now(participant: Participant) -> Allowed:
    """What may be computed of a participant's recordings at this moment."""
    study = participant.study
    return permission({"scopes": allowed_scopes(participant), "setting": study.setting, **_law(study)})


def _people(run: AnalysisRun) -> list[list[Any]]:
    """Who may be read, by face, the calibration of their cohort, and to what of the sound they did not agree."""
    try:
        people = whose.of_run(run).people
    except AnalysisError:  # its results are gone: the reading says so
        return []
    return [
        [face, str(person.pk), hooks.calibration(person)[0], refused(person)]
        for face, person in sorted(people.items())
    ]


def refused(person: Participant) -> list[str]:
    """What beside states a person does not agree to, as `analysis.indicators` calls it."""
    return [channel for channel, scope in CHANNELS.items() if missing_scopes(person, [scope])]


def of_reading(reading: Reading) -> dict[str, Any]:
    """The same for the run of a reading."""
    return gather(reading.run)


def allowed_scopes(participant: Participant) -> list[str]:
    """What the participant's current consent covers, of the scopes that a reading depends on."""
    asked = (Scope.VIDEO, Scope.AUDIO, Scope.TEXT, Scope.EMOTION, Scope.INDICATORS)
    return [str(scope) for scope in asked if not missing_scopes(participant, [scope])]


def kept_indicators(reading: Reading) -> bool:
    """Whether engagement and indicators of a reading were computed with consent to them, as it was then.

    Readings from before that was a question of its own hold some without; nothing of those is shown.
    """
    return set(INDICATORS) <= set(reading.inputs.get("scopes", ()))


def scored_words(recording: Recording) -> list[Any] | None:
    """Which revision of the transcript has scores, with the time of scoring; None while there are none."""
    scores = Scores.objects.filter(transcript__recording=recording, state=Scores.State.READY).first()
    if scores is None or scores.scored is None or scores.computed_at is None:
        return None
    return [scores.scored, scores.computed_at.isoformat()]


def latest_number(model: Any, recording: Recording) -> int:
    """Number of the last revision of the recording's speakers or markers; 0 while there is none."""
    found = model.objects.filter(recording=recording).order_by("-number").values_list("number", flat=True).first()
    return found or 0


def latest_marks(model: Any, recording: Recording) -> list[dict[str, Any]]:
    """The marks of the last revision; empty while there is none."""
    found = model.objects.filter(recording=recording).order_by("-number").values_list("marks", flat=True).first()
    return found or []


def own_combinations(study: Study) -> list[OwnCombination]:
    """The study's own combinations as they are now, by key."""
    last: dict[str, OwnCombination] = {}
    for one in OwnCombination.objects.filter(study=study).order_by("key", "number"):
        last[one.key] = one
    return [one for one in last.values() if not one.removed]


def own_indicators(study: Study) -> list[OwnIndicator]:
    """The formulas that the study has in place of shipped ones or beside them, by key."""
    last: dict[str, OwnIndicator] = {}
    for one in OwnIndicator.objects.filter(study=study).select_related("author").order_by("key", "number"):
        last[one.key] = one
    return [one for one in last.values() if not one.removed]
