"""Measures what voice, words and their meaning add to the face: time and memory of each part of one recording.

Every part runs in a process of its own, one after the other, so that its peak memory is its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from analysis.bench import peak_rss_mb
from analysis.media.container import opened
from analysis.types import AnalysisError, Hook

#: In their order. The first is what the others are compared with.
PARTS: Final = ("face", "voice", "words", "meaning")
#: What is added to the face's time by listening and reading.
ADDED: Final = ("voice", "words")
_WORDS: Final = (".vtt", ".srt")
_RECORDING: Final = "recording.mp4"
_TRANSCRIPT: Final = "recording.vtt"


@dataclass(frozen=True, slots=True)
class Part:
    """What one part took.

    Attributes
    ----------
    seconds, processor_s : float
        On the clock and of processor time, from its first import to its last file.
    peak_rss_mb : float
        Largest resident memory of its process, 10⁶ bytes.
    """

    name: str
    seconds: float
    processor_s: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class MeaningBench:
    """One recording, part by part.

    Attributes
    ----------
    minutes : float
        Its length.
    sentences : int
        Of its transcript.
    speech_share : float
        Share of the time in which somebody speaks; NaN where the voice was not measured.
    parts : tuple of Part
    sentence_ms : float
        Processor time of the words a sentence, with the model loaded; NaN where the words were not measured.
    """

    minutes: float
    sentences: int
    speech_share: float
    parts: tuple[Part, ...]
    sentence_ms: float

    @property
    def added(self) -> dict[str, float]:
        """Voice and words together over the face, ``clock`` and ``processor``; empty unless all were measured."""
        found = {part.name: part for part in self.parts}
        if not {"face", *ADDED} <= found.keys():
            return {}
        return {
            "clock": sum(found[name].seconds for name in ADDED) / found["face"].seconds,
            "processor": sum(found[name].processor_s for name in ADDED) / found["face"].processor_s,
        }

    def table(self) -> str:
        """Return the figures as text."""
        lines = [f"{self.minutes:.1f} minutes, {self.sentences} sentences, {self.speech_share:.0%} of it speech"]
        lines += [
            f"    {part.name:<8} {part.seconds:7.1f} s, {part.processor_s:7.1f} s of processor time, "
            f"peak memory {part.peak_rss_mb:5.0f} MB"
            for part in self.parts
        ]
        if self.added:
            lines.append(
                f"voice and words add {self.added['processor']:.0%} to the face's processor time, "
                f"{self.added['clock']:.0%} to its time; {self.sentence_ms:.1f} ms a sentence"
            )
        return "\n".join(lines)


def bench(
    video: Path,
    *,
    transcript: Path | None = None,
    minutes: float | None = None,
    only: Sequence[str] = PARTS,
    hook: Hook | None = None,
) -> MeaningBench:
    """Measure a recording's parts.

    Parameters
    ----------
    video : Path
        With sound.
    transcript : Path, optional
        What is said in it; the VTT or SRT file beside it when left out.
    minutes : float, optional
        Repeat picture, sound and words to this length beforehand, without encoding them again.
    only : sequence of str
        Of `PARTS`; the meaning needs the face.
    hook : Hook, optional
        Told ``bench`` with the parts done.

    Raises
    ------
    AnalysisError
        There is no sound or no transcript, or a part cannot be done.
    """
    words = transcript or _beside(video)
    parts: list[Part] = []
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="facsweb-bench-") as name:
        folder = Path(name)
        seconds = _prepared(video, words, minutes, folder)
        for done, part in enumerate(wanted := [one for one in PARTS if one in only]):
            if hook is not None:
                hook("bench", done, len(wanted))
            # a fresh interpreter: a forked one would begin with this one's memory
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                measured, facts = pool.submit(_measured, part, folder).result()
            parts.append(measured)
            told |= facts
    if hook is not None:
        hook("bench", len(wanted), len(wanted))
    return MeaningBench(
        minutes=seconds / 60,
        sentences=int(told.get("sentences", 0)),
        speech_share=told.get("speech_s", float("nan")) / seconds,
        parts=tuple(parts),
        sentence_ms=told.get("sentence_ms", float("nan")),
    )


def _beside(video: Path) -> Path:
    for suffix in _WORDS:
        if (path := video.with_suffix(suffix)).is_file():
            return path
    raise AnalysisError(f"There is no transcript {video.stem}.vtt beside the video: name one with --transcript.")


def _prepared(video: Path, transcript: Path, minutes: float | None, folder: Path) -> float:
    """Put recording and transcript into the folder, repeated where they are to be longer; their seconds."""
    from analysis.text.reading import read

    with opened(video) as streams:
        if streams.audio is None:
            raise AnalysisError("This recording has no sound: take one that has, to measure what a voice costs.")
        if streams.video.duration is None or streams.video.time_base is None:
            raise AnalysisError("This recording does not say how long it is, so it cannot be measured.")
        once = streams.video.duration * streams.video.time_base
    said = read(transcript)
    if not said.timed:
        raise AnalysisError("The transcript has no times: take a VTT or SRT file.")
    times = 1 if minutes is None else max(1, round(Fraction(minutes) * 60 / once))
    _repeat(video, folder / _RECORDING, once, times)
    lines = ["WEBVTT", ""]
    for number in range(times):
        shift = round(number * once * 1_000_000)
        for unit in said.units:
            start, end = (_clock(shift + (at or 0)) for at in (unit.start_us, unit.end_us))
            lines += [f"{start} --> {end}", f"<v {unit.speaker}>{unit.text}" if unit.speaker else unit.text, ""]
    (folder / _TRANSCRIPT).write_text("\n".join(lines), encoding="utf-8")
    return float(times * once)


def _repeat(source: Path, target: Path, once: Fraction, times: int) -> None:
    """Copy coded pictures and sound one behind the other."""
    with av.open(str(target), "w", format="mp4") as output:
        with opened(source) as streams:
            kept = [one for one in (streams.video, streams.audio) if one is not None]
            own = {one.index: output.add_stream_from_template(one) for one in kept}
        last = dict.fromkeys(own, -(2**62))
        for number in range(times):
            with opened(source) as streams:
                for packet in streams.container.demux():
                    index = packet.stream.index
                    if index not in own or packet.dts is None or packet.pts is None:
                        continue
                    shift = round(number * once / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    if packet.dts > last[index]:  # an encoder's priming lies before the end of the one before
                        last[index] = packet.dts
                        packet.stream = own[index]
                        output.mux(packet)


def _clock(us: int) -> str:
    ms = round(us / 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _measured(part: str, folder: Path) -> tuple[Part, dict[str, float]]:
    """In the part's process: do it, and say what it took and what it found."""
    wall, before = time.perf_counter(), _processor_s()
    facts = _DO[part](folder)
    measured = Part(part, time.perf_counter() - wall, _processor_s() - before, peak_rss_mb())
    return measured, facts | (_each_sentence(folder) if part == "words" else {})


def _processor_s() -> float:
    """Of this process and of those that it started and that ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def _face(folder: Path) -> dict[str, float]:
    from analysis import pipeline

    pipeline.analyze(folder / _RECORDING, folder)
    return {}


def _voice(folder: Path) -> dict[str, float]:
    from analysis.voice.pipeline import analyse_voice

    found = analyse_voice(folder / _RECORDING, folder)
    return {"speech_s": sum(end - start for start, end in found.speech()) / 1e6}


def _words(folder: Path) -> dict[str, float]:
    from analysis.text.reading import read
    from analysis.text.result import result, write

    said = read(folder / _TRANSCRIPT)
    write(folder, result(said))
    return {"sentences": len(said.units)}


def _each_sentence(folder: Path) -> dict[str, float]:
    """Once more, with the model loaded: what a sentence costs."""
    from analysis.text.reading import read
    from analysis.text.result import result

    said = read(folder / _TRANSCRIPT)
    before = _processor_s()
    result(said)
    return {"sentence_ms": 1e3 * (_processor_s() - before) / len(said.units)}


def _meaning(folder: Path) -> dict[str, float]:
    from analysis import meaning

    meaning.derive(folder, folder)
    return {}


_DO: Final[Mapping[str, Callable[[Path], dict[str, float]]]] = {
    "face": _face,
    "voice": _voice,
    "words": _words,
    "meaning": _meaning,
}
