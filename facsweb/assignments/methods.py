"""A plan in the words of a methods section."""

from __future__ import annotations

from facsweb.assignments import forms
from facsweb.assignments.models import Batch
from facsweb.coding.models import Layer

WHERE = {
    forms.ANYWHERE: "anywhere in the recording",
    forms.FACE: "where a face was in view",
    forms.BALANCED: "where a face was in view, half of them where the machine proposed more than usual",
}


def _many(count: float, one: str, many: str = "") -> str:
    return f"{count:g} {one if count == 1 else many or one + 's'}"


def what(batch: Batch) -> str:
    """What is coded of each recording, as the beginning of a sentence."""
    said = batch.parameters
    if said.get("what") == forms.WHOLE:
        return "Whole recordings"
    if said.get("what") == forms.STRETCHES:
        return "Given stretches"
    amount = f"{said['percent']:g} %" if said.get("percent") else str(said.get("count"))
    return f"Random samples of {said.get('seconds'):g} s ({amount} of each recording)"


def short(batch: Batch) -> str:
    """The plan in half a line."""
    said = batch.parameters
    mode = "blind" if said.get("mode") == Layer.Mode.BLIND else "machine-assisted"
    doubled = f", {said['doubled']} doubled" if said.get("doubled") else ""
    return f"{what(batch)}, {mode}{doubled}"


def _subject(batch: Batch) -> str:
    said = batch.parameters
    recordings = _many(said.get("recordings", 0), "recording")
    if said.get("what") == forms.WHOLE:
        return recordings
    if said.get("what") == forms.STRETCHES:
        return f"Given stretches of {recordings}"
    if said.get("percent"):
        return f"Random samples of {said['seconds']:g} s, together {said['percent']:g} % of each of {recordings},"
    return f"Random samples of {said['seconds']:g} s, {said['count']} from each of {recordings},"


def sentence(batch: Batch) -> str:
    """The plan as one may write it into a paper."""
    said = batch.parameters
    coders = _many(len(said.get("coders", [])), "FACS coder")
    were = "was" if _subject(batch) == "1 recording" else "were"
    parts = [f"{_subject(batch)} {were} coded by {coders}"]
    if said.get("what") == forms.SAMPLES:
        parts.append(
            "samples did not overlap, were spread over equal parts of the recording and lay "
            f"{WHERE[said['where']]} (seed {said['seed']})"
        )
    if said.get("mode") == Layer.Mode.BLIND:
        parts.append("coders saw neither the machine’s results nor each other’s codings")
    else:
        parts.append("coders corrected the machine’s proposals and did not see each other’s codings")
    if said.get("doubled"):
        share = round(100 * said["doubled"] / max(1, said["recordings"]))
        parts.append(
            f"{_many(said['doubled'], 'recording')} ({share} %), drawn at random, "
            f"{'was' if said['doubled'] == 1 else 'were'} coded by two people independently and adjudicated"
        )
    return "; ".join(parts) + "."


def facts(batch: Batch) -> list[tuple[str, str]]:
    """The plan's parameters by name."""
    said = batch.parameters
    rows = [
        ("What", what(batch)),
        ("How", "blind" if said.get("mode") == Layer.Mode.BLIND else "with the machine’s proposals"),
        ("Recordings", str(said.get("recordings", "–"))),
        ("Codings", str(said.get("codings", "–"))),
        ("Minutes of video to code", f"{said.get('minutes', 0):.1f}"),
    ]
    if said.get("double"):
        rows.append(("Coded by two people", f"{said['double']} % of the recordings"))
    if said.get("what") == forms.SAMPLES:
        rows.append(("Samples lie", WHERE[said["where"]]))
    rows.append(("Seed", str(said.get("seed", "–"))))
    return rows
