"""Runs the engine over a corpus and compares what it says with the labels."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from analysis import pipeline
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.types import AnalysisError, Cancelled, Hook, MediaError, ModelError, Rgb, ShouldStop
from analysis.validation import bp4d, ckplus, disfa, folder
from analysis.validation import events as matching
from analysis.validation.corpus import Corpus, CorpusError, Int64, Labels, Pictures, Recording
from analysis.validation.events import Span
from analysis.validation.metrics import Agreement, Float64, table
from analysis.validation.pictures import write_video

READERS: Final[Mapping[str, Callable[[Path], Corpus]]] = {
    "disfa": disfa.read,
    "bp4d": bp4d.read,
    "ckplus": ckplus.read,
    "folder": folder.read,
}
#: Codes that the engine tells apart and a corpus may not: where only the first is coded, the others count as it.
_AS_ONE: Final = {"26": ("27",), "45": ("43", "46")}
_STEPS: Final = 1000
#: Fewer coded frames are no stretch in which an event could begin and end.
_LEAST_STRETCH: Final = 10


@dataclass(frozen=True, slots=True)
class Validation:
    """How the engine did on a corpus.

    Attributes
    ----------
    corpus, presence : str
        The corpus, and what counts as present in its labels.
    scorer : str
        Id and version.
    recordings : int
        How many were scored.
    left_out : tuple of str
        A sentence for each one that was not.
    unmeasured : tuple of str
        Labelled AUs that the scorer does not measure.
    rows : tuple of Agreement
        One an AU, brows downward; all recordings pooled.
    events : dict of str to events.Agreement
        By recording, of the AUs with at least one labelled event in the corpus; empty where a corpus does not say
        the intensity frame by frame.
    """

    corpus: str
    presence: str
    scorer: str
    recordings: int
    left_out: tuple[str, ...]
    unmeasured: tuple[str, ...]
    rows: tuple[Agreement, ...]
    events: dict[str, matching.Agreement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scored:
    """The labelled frames of one recording: measured and coded, shape (n,) each."""

    scorer: str
    predicted: Mapping[str, Float64]
    intensity: Mapping[str, Float64]
    occurrence: Mapping[str, Float64]
    count: int
    name: str = ""
    labelled: tuple[Span, ...] | None = None
    proposed: tuple[Span, ...] = ()


def validate(
    dataset: str, root: Path, *, hook: Hook | None = None, should_stop: ShouldStop | None = None
) -> Validation:
    """Measure every recording of a corpus and compare it with its labels.

    Parameters
    ----------
    dataset : str
        A key of `READERS`.
    root : Path
        The corpus's folder.
    hook : Hook, optional
        Told ``validate`` with thousandths of recordings.
    should_stop : ShouldStop, optional
        Asked at every frame.

    Raises
    ------
    CorpusError
        The folder is not that corpus, or nothing in it could be scored.
    ModelError
        The face models are not installed.
    Cancelled
        ``should_stop`` returned true.
    """
    corpus = READERS[dataset](Path(root))
    scored: list[_Scored] = []
    left_out = list(corpus.left_out)
    for place, recording in enumerate(corpus.recordings):
        try:
            progress = _Progress(hook, place, len(corpus.recordings))
            scored.append(_score(recording, progress, should_stop))
        except (Cancelled, ModelError):
            raise
        except AnalysisError as error:
            left_out.append(f"{recording.name}: {error}")
    if not scored:
        raise CorpusError(f"Nothing in this {corpus.name} folder could be scored. {left_out[0]}")
    codes = sorted({code for one in scored for code in one.intensity}, key=lambda code: CATALOGUE[code].order)
    predicted = _pooled(codes, _folded(scored, codes))
    measured = [code for code in codes if not np.isnan(predicted[code]).all()]
    if not measured:
        raise CorpusError(
            f"No face was measured in any of the {len(scored)} recordings of this {corpus.name} folder."
        )
    coded = {code for one in scored for code in one.occurrence}
    counts = [one.count for one in scored]
    rows = table(
        {code: predicted[code] for code in measured},
        _pooled(codes, [(one.intensity, n) for one, n in zip(scored, counts, strict=True)]),
        _pooled(sorted(coded), [(one.occurrence, n) for one, n in zip(scored, counts, strict=True)]),
    )
    return Validation(
        corpus=corpus.name,
        presence=corpus.presence,
        scorer=", ".join(sorted({one.scorer for one in scored})),
        recordings=len(scored),
        left_out=tuple(left_out),
        unmeasured=tuple(code for code in codes if code not in measured),
        rows=tuple(rows),
        events=_matched(scored),
    )


def _matched(scored: Iterable[_Scored]) -> dict[str, matching.Agreement]:
    """Events of the recordings that are coded frame by frame, of the units that are shown in any."""
    coded = [(one.name, one.labelled, one.proposed) for one in scored if one.labelled is not None]
    codes = {span.code for _, labelled, _ in coded for span in labelled}
    if not codes:
        return {}
    return {name: matching.match(labelled, proposed, codes) for name, labelled, proposed in coded}


class _Progress:
    """One recording's share of the progress."""

    def __init__(self, hook: Hook | None, place: int, total: int) -> None:
        self._hook, self._place, self._total = hook, place, total

    def __call__(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        if self._hook is not None and stage == "measure":
            share = round(_STEPS * done / total) if total else 0
            self._hook("validate", self._place * _STEPS + min(share, _STEPS), self._total * _STEPS)


def _score(recording: Recording, hook: Hook, should_stop: ShouldStop | None) -> _Scored:
    with tempfile.TemporaryDirectory(prefix="validation-") as name:
        out = Path(name)
        video = recording.source
        if isinstance(video, Pictures):
            write_video(video, out / "pictures.mov")
            video = out / "pictures.mov"
        found = pipeline.analyze(
            video, out, neutral_us=recording.neutral_us, max_faces=1, hook=hook, should_stop=should_stop
        )
        times = _times(out)
        _check_pictures(recording, len(times))
        places = recording.labels.places(times)
        predicted = {code: values[places] for code, values in _curves(out, len(times)).items()}
    scorer = found.summary["scorer"]
    labels = recording.labels
    events = [event for face in found.faces.values() for event in face]
    spans = matching.as_coded(matching.proposed_spans(events), labels.intensity)
    return _Scored(
        f"{scorer['id']} {scorer['version']}",
        predicted,
        labels.intensity,
        labels.occurrence,
        len(labels),
        recording.name,
        _labelled(labels, places, times),
        tuple(matching.where_coded(spans, times[places], labels.intensity)),
    )


def _labelled(labels: Labels, places: Int64, times: Int64) -> tuple[Span, ...] | None:
    """Labelled events of one recording; None where not every frame of a stretch is coded."""
    if len(places) < _LEAST_STRETCH or (np.diff(places) != 1).any():
        return None
    return tuple(
        span
        for code, values in labels.intensity.items()
        for span in matching.labelled_spans(code, times[places], values)
    )


def _check_pictures(recording: Recording, decoded: int) -> None:
    if isinstance(recording.source, Pictures) and decoded != len(recording.source.paths):
        raise MediaError(f"only {decoded} of {len(recording.source.paths)} pictures can be read")


def _times(out: Path) -> Int64:
    """Times of all decoded frames, microseconds, shape (m,)."""
    rows = pq.read_table(out / pipeline.PARQUET, columns=["frame", "time_us"])
    _, first = np.unique(rows["frame"].to_numpy(), return_index=True)
    times: Int64 = rows["time_us"].to_numpy()[first].astype(np.int64)
    return times


def _curves(out: Path, frames: int) -> dict[str, Float64]:
    """Intensities of every AU, shape (m,) each, NaN where nothing was measured.

    One face is followed at a time; where it was lost and found again, each frame has the values of its own track.
    """
    columns = {code: f"AU{code}" for code in ACTION_UNITS}
    signals = pq.read_table(out / "signals.parquet", columns=list(columns.values()))
    curves = {}
    for code, name in columns.items():
        values = signals[name].to_numpy().astype(np.float64).reshape(-1, frames)
        curves[code] = np.fmax.reduce(values, axis=0, initial=np.nan)
    return curves


def _folded(scored: Iterable[_Scored], codes: Iterable[str]) -> list[tuple[Mapping[str, Float64], int]]:
    """The predictions, with codes that the corpus does not tell apart taken together."""
    labelled = set(codes)
    out: list[tuple[Mapping[str, Float64], int]] = []
    for one in scored:
        curves = dict(one.predicted)
        for code, others in _AS_ONE.items():
            together = [curves[code], *(curves[other] for other in others if other not in labelled)]
            curves[code] = np.fmax.reduce(together)
        out.append((curves, one.count))
    return out


def _pooled(codes: Iterable[str], parts: Iterable[tuple[Mapping[str, Float64], int]]) -> dict[str, Float64]:
    """All recordings behind each other; NaN where one lacks a code."""
    parts = list(parts)
    return {code: np.concatenate([part.get(code, np.full(n, np.nan)) for part, n in parts]) for code in codes}
