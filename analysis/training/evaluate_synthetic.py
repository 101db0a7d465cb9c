"""Print how a scorer does on labelled synthetic clips and stills, as Markdown.

``python -m analysis.training.evaluate_synthetic CLIPS [--stills STILLS]``: CLIPS holds ``*.mp4`` with per-frame
label ``*.csv`` beside them and ``events.csv``; STILLS holds ``labels.csv`` and the pictures it names.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.baseline import automatic_neutral, chosen_neutral
from analysis.facs.codes import CATALOGUE
from analysis.facs.events import Event, events
from analysis.facs.intensity import intensities
from analysis.facs.series import FaceSeries, Float64
from analysis.scoring.choice import chosen
from analysis.scoring.package import Package
from analysis.training.labelled import Labelled, clips, stills
from analysis.validation import events as matching
from analysis.validation.metrics import icc31

#: Codes that the labels do not tell apart the way FACS does, measured as one.
_AS_ONE: Final = {"26": ("26", "27"), "45": ("45", "43", "46")}
_ABOVE_B: Final = 2.0
_LETTER_C: Final = 2.0
_MATCH_S: Final = 1.0


@dataclass(frozen=True)
class Scored:
    """One clip or identity with label and machine curves by code, and the machine's events."""

    name: str
    series: FaceSeries
    label: dict[str, Float64]
    machine: dict[str, Float64]
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Onset:
    """A labelled event and how far the nearest machine event's onset is from it; None where none is near."""

    clip: str
    code: str
    peak: float
    onset_s: float
    error_s: float | None


def score(one: Labelled, package: Package | None = None) -> Scored:
    """Interpret one labelled clip (automatic neutral) or one identity's stills (its neutral still).

    Without a package the rules score.
    """
    series = one.series()
    is_clip = "phase" in one.labels[0]
    neutral = automatic_neutral(series) if is_clip else chosen_neutral(series, 0)
    assert neutral is not None
    found = intensities(series, neutral, package)
    label = {str(int(n[2:])): one.label(n) for n in one.labels[0] if n.startswith("AU") and n[2:].isdigit()}
    machine = {code: np.fmax.reduce([found.both[c] for c in _AS_ONE.get(code, (code,))]) for code in label}
    label["26"] = np.maximum(label["26"], label["27"])
    for curves in (label, machine):
        curves.pop("27", None)
    return Scored(one.name, series, label, machine, events(series, found) if is_clip else [])


def onsets(folder: Path, scored: Iterable[Scored]) -> list[Onset]:
    """Match every labelled event with the nearest machine onset of its code within a second."""
    by_name = {one.name.removesuffix(".mp4"): one for one in scored}
    out: list[Onset] = []
    with (folder / "events.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            code = "26" if row["au"] == "27" else row["au"]
            start = float(row["onset_start_s"])
            accepted = _AS_ONE.get(code, (code,))
            near = [e.onset_us / 1e6 - start for e in by_name[row["clip"]].events if e.code in accepted]
            error = min(near, key=abs, default=np.inf)
            found = error if abs(error) <= _MATCH_S else None
            out.append(Onset(row["clip"], code, float(row["peak_intensity"]), start, found))
    return out


def false_seconds(one: Scored, code: str) -> float:
    """Seconds above B of a code whose label is 0 all clip long."""
    if one.label[code].max() > 0:
        return 0.0
    return float((one.machine[code] > _ABOVE_B).sum() * one.series.interval_us / 1e6)


def _row(code: str, scored: Sequence[Scored], found: Sequence[Onset] | None) -> list[str]:
    label = np.concatenate([one.label[code] for one in scored])
    machine = np.concatenate([one.machine[code] for one in scored])
    seen = np.isfinite(machine)
    label, machine = label[seen], machine[seen]
    labelled = [one for one in scored if one.label[code].max() > 0]
    row = [code, str(int((label > 0).sum()))]
    if labelled:
        varied = machine.std() > 0
        row += [f"{np.corrcoef(label, machine)[0, 1]:.2f}" if varied else "–", f"{icc31(label, machine):.2f}"]
    else:
        row += ["–", "–"]
    row += [f"{np.abs(label - machine).mean():.2f}", f"{machine[label == 0].mean():.2f}"]
    if found is not None:
        own = [onset for onset in found if onset.code == code and onset.peak > _LETTER_C]
        errors = [abs(onset.error_s) for onset in own if onset.error_s is not None]
        row += [f"{len(errors)} of {len(own)}" if own else "–", f"{np.mean(errors):.2f}" if errors else "–"]
        row += [f"{sum(false_seconds(one, code) for one in scored):.1f}"]
    return row


def table(scored: Sequence[Scored], found: Sequence[Onset] | None) -> str:
    """Markdown table, one row a code."""
    head = ["AU", "labelled", "r", "ICC(3,1)", "MAE", "mean at label 0"]
    if found is not None:
        head += ["events ≥ C found", "onset error s", "false s above B"]
    codes = sorted(scored[0].label, key=lambda code: CATALOGUE[code].order)
    rows = [head, ["---"] * len(head), *(_row(code, scored, found) for code in codes)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _missed(onset: Onset) -> str:
    error = "not found" if onset.error_s is None else f"{onset.error_s:+.2f} s"
    return f"- {onset.clip}: AU{onset.code} at {onset.onset_s:.1f} s: {error}"


def head_table(labelled: Sequence[tuple[str, Sequence[Labelled]]]) -> str:
    """Markdown table of head angle errors against each identity's or clip's own neutral."""
    rows = [["set", "angle", "r", "MAE °", "bias of the absolute angle °"], ["---"] * 5]
    for name, group in labelled:
        for angle in ("yaw", "pitch", "roll"):
            label = [one.label(angle) for one in group]
            machine = [one.series()[f"{angle}_deg"] for one in group]
            rest = [one.neutral for one in group]
            relative = [m - np.median(m[n]) for m, n in zip(machine, rest, strict=True)]
            truth = [t - np.median(t[n]) for t, n in zip(label, rest, strict=True)]
            a, b = np.concatenate(truth), np.concatenate(relative)
            bias = np.mean([np.median(m[n] - t[n]) for m, t, n in zip(machine, label, rest, strict=True)])
            figures = [f"{np.corrcoef(a, b)[0, 1]:.2f}", f"{np.abs(a - b).mean():.1f}", f"{bias:+.1f}"]
            rows.append([name, angle, *figures])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def event_agreement(folder: Path, scored: Iterable[Scored]) -> dict[str, matching.Agreement]:
    """By clip, labelled events of B or more, from the labels by frame, matched with the machine's.

    Every unit that one of the clips contains counts in all of them; others do not.
    """
    machine = {one.name.removesuffix(".mp4"): matching.proposed_spans(one.events) for one in scored}
    shown = {name: matching.read_labels(folder / f"{name}.csv") for name in machine}
    codes = {span.code for spans in shown.values() for span in spans}
    return {
        name: matching.match(shown[name], matching.as_coded(spans, codes), codes)
        for name, spans in machine.items()
    }


def report(folder: Path, pictures: Path | None, scorer: str | None = None) -> str:
    """The whole report as Markdown; ``scorer`` as `analysis.scoring.choice.chosen` takes it."""
    package = chosen(scorer)
    moving = list(clips(folder))
    scored = [score(one, package) for one in moving]
    found = onsets(folder, scored)
    parts = ["### Clips", table(scored, found)]
    late = [o for o in found if o.peak > _LETTER_C and (o.error_s is None or abs(o.error_s) > 0.2)]
    parts += ["Labelled events of C or more not found within 0.2 s of their onset:"]
    parts += ["\n".join(_missed(onset) for onset in late) or "- none"]
    parts += ["### Events of B or more", matching.table(event_agreement(folder, scored))]
    sets = [("clips", moving)]
    if pictures is not None:
        still = list(stills(pictures))
        parts += ["### Stills", table([score(one, package) for one in still], None)]
        sets.append(("stills", still))
    parts += ["### Head angles", head_table(sets)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--stills", type=Path)
    parser.add_argument("--scorer", help="such as au-rules/1.0.0; the newest when left out")
    arguments = parser.parse_args()
    sys.stdout.write(report(arguments.clips, arguments.stills, arguments.scorer))


if __name__ == "__main__":
    main()
