"""What was read here: readings, transcripts and voice, counted; never whose."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import Count, Max, OuterRef, Subquery, Sum

from analysis import meaning
from analysis.text.classifier import ABOUT, SHIPPED, shipped_versions
from facsweb.about import checks
from facsweb.about.values import Column, Table, counted, listed
from facsweb.meaning.models import Reading, Speakers
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Scope
from facsweb.transcripts.models import Scores, Transcript

FACTS: Final = (Column("what", "What"), Column("n", "How many", "count"), Column("how", "Of what"))
_PARTLY: Final = "partly: "
#: By the state of the scores; without any there is nothing to score, or the law leaves it.
_UNSCORED: Final = {
    Scores.State.WAITING: "waiting for a worker",
    Scores.State.READY: "changed since it was scored",
    Scores.State.FAILED: "the attempt failed",
    None: "without words, or in a setting where the law prohibits it",
}
_KINDS: Final = {"file": "from a file", "typed": "typed here", "speech": "recognised here"}
_OF_EACH: Final = "The lines from the second to the one about a voice are of the newest reading of each analysis."
_AGREED: Final = "A voice is analysed only where the participant agreed to that."
Row = dict[str, Any]


def tables() -> tuple[Table, ...]:
    """Three tables, each of which says so where it is empty."""
    newest = list(_newest())
    scored = _scored()
    return _readings(newest), _versions(newest, scored["models"]), _transcripts(scored["rows"]), _voice(newest)


def _newest() -> Iterator[tuple[Mapping[str, Any], bool, int]]:
    """The reading of each analysis that holds: its inputs, whether it has a voice, how long the recording is."""
    known = set()
    rows = Reading.objects.filter(state=Reading.State.SUCCEEDED).order_by("-created_at")
    for run, inputs, voice, length in rows.values_list(
        "run_id", "inputs", "summary__voice", "run__recording__duration_us"
    ):
        if run not in known:
            known.add(run)
            yield inputs, bool(voice), length


def _readings(newest: list[tuple[Mapping[str, Any], bool, int]]) -> Table:
    states = dict(Reading.objects.order_by().values_list("state").annotate(Count("pk")))
    inputs = [one for one, _, _ in newest]
    finished = AnalysisRun.objects.filter(state=AnalysisRun.State.SUCCEEDED).count()
    changed = {
        "With own combinations": (
            sum(bool(one.get("own")) for one in inputs),
            "of their study, beside the shipped",
        ),
        "With own formulas": (sum(bool(one.get("indicators")) for one in inputs), "of indicators"),
        "With a calibration": (
            sum(any(person[2] for person in one.get("people", ())) for one in inputs),
            "of somebody’s cohort",
        ),
        "With words": (sum(one.get("words") is not None for one in inputs), "of a scored transcript"),
        "With a voice": (sum(voice for _, voice, _ in newest), "that was analysed"),
    }
    rows = [
        {
            "what": "Analyses that were read",
            "n": len(newest),
            "how": f"of {counted(finished, 'finished analysis', 'finished analyses')}",
        },
        *({"what": what, "n": n, "how": how} for what, (n, how) in changed.items()),
        {
            "what": "Readings in all",
            "n": states.get(Reading.State.SUCCEEDED, 0),
            "how": "a new one for each change of inputs",
        },
        {"what": "Readings that failed", "n": states.get(Reading.State.FAILED, 0), "how": "each with its reason"},
        {
            "what": "Waiting or being read",
            "n": sum(states.get(state, 0) for state in Reading.ACTIVE),
            "how": "at this moment",
        },
    ]
    return Table("readings", "Readings", FACTS, tuple(rows) if states else (), _OF_EACH, "None yet.")


def _versions(newest: list[tuple[Mapping[str, Any], bool, int]], text: Sequence[Row]) -> Table:
    now = meaning.versions()
    found = Counter(
        (part, version)
        for inputs, voice, _ in newest
        for part, version in inputs.get("versions", {}).items()
        if (voice if part == "voice" else Scope.EMOTION in inputs.get("scopes", ()))
    )
    rows = [
        {"part": part, "version": version, "n": n, "now": _today(now.get(part) == version)}
        for (part, version), n in sorted(found.items(), key=lambda item: (item[0][0], -item[1]))
    ]
    rows += [{"part": "text", **row} for row in text]
    return Table(
        "read_versions",
        "Versions that these readings were computed with",
        (
            Column("part", "Part"),
            Column("version", "Version", "mono"),
            Column("n", "Readings", "count"),
            Column("now", "Today’s"),
        ),
        tuple(rows),
        "A version is a number of the program’s and a hash of the data that steer it; of text it is the "
        "classifier’s, and transcripts are counted. A part counts where consent and sound allowed it; what an "
        "earlier version computed stays until it is read again.",
        "None yet.",
    )


def _today(same: bool) -> str:
    return "the same" if same else "an earlier one"


def _transcripts(rows: Sequence[Row]) -> Table:
    return Table(
        "transcripts",
        "Transcripts",
        (
            Column("kind", "Kind"),
            Column("language", "Language"),
            Column("n", "How many", "count"),
            Column("scored", "Scored", "count"),
            Column("why", "Why not, or not wholly"),
        ),
        tuple(rows),
        "Of the newest revision of each. The classifier scores sentences in the languages that it knows.",
        "None yet.",
    )


def _scored() -> dict[str, Any]:
    """Counted again when a transcript or a score changed: scores are large, and hold what was said."""
    key = [
        *Transcript.objects.aggregate(Count("pk"), Sum("revision")).values(),
        *Scores.objects.aggregate(Count("pk"), Max("computed_at"), Sum("revision"), Sum("attempts")).values(),
        *sorted(Scores.objects.order_by().values_list("state").annotate(Count("pk"))),
    ]
    found: dict[str, Any] = checks.checked(" ".join(map(str, ["transcripts", *key])), _count_transcripts).result
    return found


def _count_transcripts() -> dict[str, Any]:
    known = _classifier()
    groups: dict[tuple[str, str], list[str]] = {}
    models: Counter[str] = Counter()
    told = ("state", "scored", *(f"result__{path}" for path in ("language", "session__scored", "session__units")))
    rows = Transcript.objects.order_by().values_list(
        "source",
        "recording_id",
        "language",
        "revision",
        "scores__result__model",
        *(f"scores__{one}" for one in told),
    )
    for source, recording, stated, revision, model, state, of, detected, scored, units in rows:
        kind = f"{'of a recording' if recording else 'a document'}, {_KINDS[source]}"
        ready = state == Scores.State.READY and of == revision
        language = stated or (ready and detected) or ("could not be told" if ready else "not told")
        why = _why_unscored(language, scored, units, known["languages"]) if ready else _UNSCORED[state]
        groups.setdefault((kind, language), []).append(why)
        if ready and scored and model:
            models[f"{model['id']} {model['version']}"] += 1
    now = f"{known['id']} {known['version']}"
    return {
        "rows": [_group(kind, language, whys) for (kind, language), whys in sorted(groups.items())],
        "models": [{"version": name, "n": n, "now": _today(name == now)} for name, n in models.most_common()],
    }


def _classifier() -> Mapping[str, Any]:
    """What the newest classifier says of itself, without opening it."""
    path = SHIPPED / shipped_versions()[-1] / ABOUT
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _why_unscored(language: str, scored: int | None, units: int | None, known: Collection[str]) -> str:
    """Why a transcript that was looked at has no score, or not all of it has; empty where all has."""
    if scored and scored == units:
        return ""
    if scored:
        return f"{_PARTLY}some sentences are in a language that the classifier does not know, or that nobody told"
    return (
        "its language could not be told"
        if language == "could not be told"
        else (
            "the classifier does not know the language" if language not in known else "no sentence could be scored"
        )
    )


def _group(kind: str, language: str, whys: Sequence[str]) -> Row:
    reasons = Counter(why.removeprefix(_PARTLY) for why in whys if why)
    scored = sum(not why or why.startswith(_PARTLY) for why in whys)
    why = listed([f"{reason} ({n})" for reason, n in reasons.most_common()])
    return {"kind": kind, "language": language, "n": len(whys), "scored": scored, "why": why}


def _voice(newest: list[tuple[Mapping[str, Any], bool, int]]) -> Table:
    found = Recording.objects.filter(has_audio=True).aggregate(n=Count("pk"), length=Sum("duration_us"))
    heard = [length for _, voice, length in newest if voice]
    last = Speakers.objects.filter(recording=OuterRef("recording")).order_by("-number").values("number")[:1]
    by_hand = Speakers.objects.filter(number=Subquery(last)).exclude(marks=[]).count()
    who = Speakers.objects.filter(number=Subquery(last)).exclude(faces={}).count()
    rows = (
        {"what": "Recordings with sound", "n": found["n"], "how": _length(found["length"] or 0)},
        {
            "what": "Analyses whose voice was read",
            "n": len(heard),
            "how": _length(sum(heard)),
        },
        {
            "what": "With speakers marked by hand",
            "n": by_hand,
            "how": "recordings, by their last version",
        },
        {"what": "Where it is said which face speaks", "n": who, "how": "recordings, by their last version"},
    )
    return Table("voice", "Voice", FACTS, rows if found["n"] else (), _AGREED, "None yet: no recording has sound.")


def _length(duration_us: int) -> str:
    return f"{counted(round(duration_us / 60e6), 'minute')} of recording"
