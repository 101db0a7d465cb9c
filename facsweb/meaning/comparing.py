"""Groups of a study's sessions, and two sessions of one participant, compared from their newest readings."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects

from analysis.indicators.compare import (
    INDICATOR,
    LEAST,
    Difference,
    SessionValues,
    compare_groups,
    compare_sessions,
)
from analysis.indicators.statement import EXPLORATORY
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.coding.sight import blind_recordings
from facsweb.meaning import comparing_formulas, inputs, services
from facsweb.meaning.models import Reading
from facsweb.meaning.own import newest_runs
from facsweb.runs import scorers as known_scorers
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import missing_scopes

#: Sessions of one comparison: it is computed while the page is asked for. Measured with 60 on one slow core: 0.2 s
#: for their files with everything ticked (81 values), 0.3 s for the tests of 30 values, 0.5 s for 46.
MOST: Final = 60
#: What may be compared, with the beginning of the values' names. Everything that is ticked is tested and corrected
#: for together, so a person says beforehand what counts.
FAMILIES: Final = {
    "states": "States",
    "engagement": "Engagement",
    "aus": "Action Units, share of the time",
    "indicators": "Exploratory indicators",
}
NAMES: Final = {"engagement": "Engagement, of 100"}
LEVEL: Final = 0.95
_GROUPS: Final = ("first", "second")


@dataclass(frozen=True)
class Item:
    """A session that may be compared."""

    run: AnalysisRun
    reading: Reading
    face: int

    @property
    def participant(self) -> Any:
        return self.run.recording.participant


@dataclass(frozen=True)
class Found:
    """Sessions that may be compared, and how many are left out, with why."""

    items: Sequence[Item]
    left_out: Mapping[str, int]


def sessions(user: User, study: Study) -> Found:
    """Sessions of the study with a reading of exactly one face whose participant agrees to it, for this user."""
    blind = set(blind_recordings(user))
    items: list[Item] = []
    out: dict[str, int] = {}
    runs = newest_runs(study)
    finished = Reading.objects.filter(state=Reading.State.SUCCEEDED).order_by("-created_at")
    read = Prefetch("readings", finished.defer("error_detail"), to_attr="finished_readings")
    prefetch_related_objects(runs, "recording__participant__consents", read)
    for run in runs:
        run.recording.participant.study = study  # one study, and its law, for all: no query a session
        if run.recording_id in blind:
            continue  # not even counted: who codes blind is told nothing
        if missing_scopes(run.recording.participant, [Scope.EMOTION]):
            why = "the participant did not agree to the estimation of states"
        elif (reading := next(iter(run.finished_readings), None)) is None:
            why = "nothing has been read yet"
        elif len(faces := reading.summary.get("faces", ())) != 1:
            why = "not exactly one face was read, so nobody said whose the values are"
        else:
            items.append(Item(run, reading, faces[0]["face"]))
            continue
        out[why] = out.get(why, 0) + 1
    return Found(sorted(items, key=lambda one: (one.participant.code, one.run.recording.title)), out)


def chosen(items: Sequence[Item], *, ticked: Sequence[str], cohort: str, title: str) -> list[Item]:
    """The sessions of a group: those that are ticked, otherwise those that match what was written."""
    if ticked:
        return [one for one in items if str(one.run.pk) in ticked]
    if not cohort and not title:
        return []
    wanted = title.casefold()
    return [
        one
        for one in items
        if (not cohort or str(one.participant.cohort_id or "") == cohort)
        and wanted in one.run.recording.title.casefold()
    ]


def values_of(item: Item, families: Sequence[str]) -> dict[str, float]:
    """What a reading says of a whole session, by name; absent where it has no value."""
    folder, families = services.folder(item.reading), _kept(item, families)
    found: dict[str, float | None] = {}
    if "states" in families and (told := _of_face(folder / "states.json", item.face)):
        found |= {f"state:{name}": one["value"] for name, one in told["session"].items()}
    if "engagement" in families:
        found["engagement"] = _engagement(folder, item.face)
    if "aus" in families and (told := _of_face(folder / "summary.json", item.face)):
        found |= {f"au_share:{code}": one["share"] for code, one in told["aus"].items()}
    if "indicators" in families and (told := _of_face(folder / "indicators.json", item.face)):
        found |= {f"{INDICATOR}{one['id']}": one["value"] for one in told["indicators"]}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def _kept(item: Item, families: Sequence[str]) -> list[str]:
    """The families without those that the participant did not agree to."""
    without = () if inputs.kept_indicators(item.reading) else ("engagement", "indicators")
    return [one for one in families if one not in without]


def _of_face(path: Path, face: int) -> Any:
    if not path.is_file():
        return None
    faces = json.loads(path.read_text(encoding="utf-8")).get("faces", ())
    return next((one for one in faces if one["face"] == face), None)


def _engagement(folder: Path, face: int) -> float | None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = folder / "engagement.parquet"
    if not path.is_file():
        return None
    column = pq.read_table(path, columns=["value"], filters=pc.field("face") == face)["value"].to_numpy()
    known = column[column == column]
    return float(known.mean()) if len(known) else None


def name_of(value: str) -> str:
    """What a value is called."""
    kind, _, rest = value.partition(":")
    if f"{kind}:" == INDICATOR:
        return f"{rest.replace('_', ' ')}, {EXPLORATORY}"
    if kind == "au_share":
        return f"AU {rest}, share of the time"
    return NAMES.get(value, rest.replace("_", " ") or kind)


def compare(
    first: Sequence[Item], second: Sequence[Item], families: Sequence[str], names: tuple[str, str]
) -> dict[str, Any]:
    """What the page shows: two sessions of one participant against each other, otherwise two groups.

    Raises
    ------
    AnalysisError
        There is nothing that may be compared; the message says why.
    """
    both = {one.run.pk for one in first} & {one.run.pk for one in second}
    if both:
        raise AnalysisError("A session is in both groups. Choose it for one of them.")
    if not first or not second:
        raise AnalysisError("Choose sessions for both groups.")
    if len(first) + len(second) > MOST:
        raise AnalysisError(f"At most {MOST} sessions are compared at once; these are {len(first) + len(second)}.")
    if not families:
        raise AnalysisError("Choose what is to be compared.")
    people = [{one.participant.pk for one in group} for group in (first, second)]
    if len(first) == len(second) == 1 and people[0] == people[1]:
        return {"kind": "sessions", "rows": _sessions(first[0], second[0], families), **_about(first, second)}
    if min(len(one) for one in people) < LEAST:
        raise AnalysisError(
            f"Nothing is compared: {len(people[0])} and {len(people[1])} participants, and each group needs at "
            f"least {LEAST}. Fewer would compare persons, not groups. Two sessions of one participant can be "
            "compared, too."
        )
    used = comparing_formulas.used(_formulas([*first, *second], families))
    formulas = [(name_of(INDICATOR + key), words) for key, words in used]
    return {
        "kind": "groups",
        "rows": _groups(first, second, families, names),
        **_about(first, second),
        "formulas": formulas,
    }


def _about(first: Sequence[Item], second: Sequence[Item]) -> dict[str, Any]:
    """How many there are, and whether they were read and scored alike."""
    every = [*first, *second]
    versions = {json.dumps(one.reading.summary.get("versions", {}), sort_keys=True) for one in every}
    scorers = {known_scorers.of_run(one.run) for one in every}
    return {
        "sessions": (len(first), len(second)),
        "people": tuple(len({one.participant.pk for one in group}) for group in (first, second)),
        "mixed": len(versions) > 1 or len(scorers) > 1,
    }


def _groups(
    first: Sequence[Item], second: Sequence[Item], families: Sequence[str], names: tuple[str, str]
) -> list[dict[str, Any]]:
    rows = [
        SessionValues(str(one.participant.pk), str(one.run.pk), name, values_of(one, families))
        for name, group in zip(_GROUPS, (first, second), strict=True)
        for one in group
    ]
    apart = comparing_formulas.mixed(_formulas([*first, *second], families))
    tested = {name for row in rows for name in row.values if name.removeprefix(INDICATOR) not in apart}
    found = compare_groups(rows, names=sorted(tested), level=LEVEL)
    found += [
        Difference(INDICATOR + key, *_GROUPS, *_counts(rows, key), None, None, why=why)
        for key, why in apart.items()
    ]
    return [
        {**one.as_dict(), "label": name_of(one.name), "first": names[0], "second": names[1]}
        | ({"mean_first": None, "mean_second": None} if min(one.n_first, one.n_second) < LEAST else {})
        for one in found
    ]


def _counts(rows: Sequence[SessionValues], indicator: str) -> list[int]:
    """Participants with a value of an indicator in each group."""
    known = [(row.group, row.participant) for row in rows if INDICATOR + indicator in row.values]
    return [len({who for group, who in known if group == name}) for name in _GROUPS]


def _formulas(items: Sequence[Item], families: Sequence[str]) -> Any:
    if "indicators" not in families:
        return {}
    return comparing_formulas.of_sessions((one.reading, one.face) for one in items)


def _sessions(first: Item, second: Item, families: Sequence[str]) -> list[dict[str, Any]]:
    curves = [_curves(one, families) for one in (first, second)]
    return [{**row, "label": name_of(row["name"])} for row in compare_sessions(curves[0], curves[1])]


def _curves(item: Item, families: Sequence[str]) -> dict[str, Any]:
    """Curves of a session by name; Action Units and indicators have none."""
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from analysis.indicators.session import Curve, read_states

    folder, families = services.folder(item.reading), _kept(item, families)
    found: dict[str, Any] = {}
    if "states" in families:
        states = (read_states(folder / "states.parquet") or {}).get(item.face, {})
        found |= {f"state:{name}": curve for name, curve in states.items()}
    path = folder / "engagement.parquet"
    if "engagement" in families and path.is_file():
        table = pq.read_table(path, filters=pc.field("face") == item.face)
        times = (np.asarray(table[name].to_numpy(), np.int64) for name in ("start_us", "end_us"))
        values = (np.asarray(table[name].to_numpy(), np.float64) for name in ("value", "low", "high"))
        found["engagement"] = Curve(*times, *values)
    return found


def plot(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Dots with intervals: the effect size of groups, the difference of sessions in per cent of the scale."""
    rows = []
    for row in result["rows"]:
        if result["kind"] == "groups":
            three = row["g"]
        else:
            scale = 1.0 if row["name"] == "engagement" else 100.0
            known = row["difference"] is not None
            three = tuple(scale * row[key] for key in ("difference", "low", "high")) if known else None
        if three is not None and all(math.isfinite(one) for one in three):
            rows.append({"label": row["label"], "value": three[0], "low": three[1], "high": three[2]})
    return rows


def as_csv(result: Mapping[str, Any], names: tuple[str, str]) -> str:
    """Every figure, a line each; empty where there is none."""
    out = io.StringIO()
    writer = csv.writer(out)
    if result["kind"] == "groups":
        head = ("value", "first", "second", "n_first", "n_second", "mean_first", "mean_second", "paired")
        triples = ("difference", "g", "delta")
        ends = [f"{name}{end}" for name in triples for end in ("", "_low", "_high")]
        writer.writerow([*head, *ends, "p", "p_holm", "p_bh", "why"])
        for row in result["rows"]:
            values = [value for name in triples for value in (row[name] or (None,) * 3)]
            about = [row["name"], *map(_safe, names), *(row[name] for name in head[3:])]
            writer.writerow([*about, *values, row["p"], row["p_holm"], row["p_bh"], row["why"]])
    else:
        keys = ("name", "first", "second", "difference", "low", "high")
        writer.writerow(["value", *keys[1:]])
        writer.writerows([[row[key] for key in keys] for row in result["rows"]])
    return out.getvalue()


def _safe(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def ticked_runs(values: Sequence[str]) -> list[str]:
    """Ids of runs as they came with the address; what is no id is left out."""
    found = []
    for value in values:
        try:
            found.append(str(UUID(value)))
        except ValueError:
            continue
    return found
