"""What the measures of voices find in sounds whose truth is known: ``python -m analysis.training.voice_table``.

Prints the tables of ``docs/voice.md``. With ``--espeak`` also sentences of the program espeak-ng, where it is
installed; nothing of it is kept.
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.training.voice_coverage import coverage
from analysis.training.voice_signals import harmonics, speech, voice, with_noise
from analysis.types import Float32
from analysis.voice import activity, speakers, syllables
from analysis.voice.frames import Frames, measure
from analysis.voice.periods import REACH, harmonicity, perturbation
from analysis.voice.pitch import HOP, PitchDetector
from analysis.voice.spectrum import TILT_WINDOW, tilts

Float64 = NDArray[np.float64]
_PITCHES: Final = (70.0, 85.0, 100.0, 130.0, 180.0, 220.0, 300.0, 400.0, 500.0)


def around(sound: Float32, length: int, count: int, first: int = 10) -> Float32:
    """Pieces around every 256th sample, as the analysis cuts them."""
    at = (first + np.arange(count)) * HOP
    pieces: Float32 = np.stack([sound[k - length // 2 : k - length // 2 + length] for k in at])
    return pieces


def pitch_error(pitch_hz: float, slope: float = -12.0) -> float:
    """Largest error of a steady tone's pitch, share."""
    sound = harmonics(pitch_hz, 1.0, slope_db_oct=slope)
    found = PitchDetector().push(sound, final=True)[0][10:50]
    exact = harmonicity(around(sound, 2 * REACH, 40), found)[1]
    return float(np.abs(exact / pitch_hz - 1).max())


def glide_error(first_hz: float, last_hz: float, seconds: float = 1.0) -> float:
    """Median error along a glide, share."""
    count = round(seconds * 16_000)
    course = np.geomspace(first_hz, last_hz, count)
    sound = harmonics(course, seconds)
    frames = np.arange(10, count // HOP - 10)
    found = PitchDetector().push(sound, final=True)[0][frames]
    exact = harmonicity(around(sound, 2 * REACH, len(frames)), found)[1]
    return float(np.median(np.abs(exact / course[frames * HOP] - 1)))


def slope_error(pitch_hz: float, slope: float) -> float:
    """Error of the slope, dB per octave."""
    sound = harmonics(pitch_hz, 1.0, slope_db_oct=slope)
    return float(tilts(around(sound, TILT_WINDOW, 40), np.full(40, pitch_hz)).mean() - slope)


def hnr_error(pitch_hz: float, hnr_db: float) -> float:
    """Error of the mean HNR, dB."""
    sound = with_noise(harmonics(pitch_hz, 1.6, slope_db_oct=-6.0), hnr_db)
    return float(np.nanmean(harmonicity(around(sound, 2 * REACH, 75), np.full(75, pitch_hz))[0]) - hnr_db)


def perturbations(
    pitch_hz: float, jitter: float, shimmer: float, *, vowel: str = "a", hnr_db: float = np.inf, seed: int = 3
) -> tuple[float, float, float, float]:
    """Jitter put in and found, shimmer put in and found, shares."""
    made = voice(pitch_hz, 1.6, jitter=jitter, shimmer=shimmer, vowel=vowel, seed=seed)
    sound = made.sound if np.isinf(hnr_db) else with_noise(made.sound, hnr_db)
    pieces = around(sound, 2 * REACH, 75)
    found = perturbation(pieces, harmonicity(pieces, np.full(75, pitch_hz))[1])
    return made.jitter, float(np.nanmean(found[0])), made.shimmer, float(np.nanmean(found[1]))


def heard(sound: Float32) -> Frames:
    """Frames of a sound of one channel (n,) or more (channels, n)."""
    whole = np.atleast_2d(sound)
    return measure(iter([whole[:, at : at + 160_000] for at in range(0, whole.shape[1], 160_000)]))


def speech_share(sound: Float32) -> float:
    """Share of the time that is taken for speech."""
    frames = heard(sound)
    spans = activity.speech(frames.speech, round(frames.seconds * 1e6))
    return sum(b - a for a, b in spans) / 1e6 / frames.seconds


def pause_errors(found: Sequence[tuple[int, int]], silences: Iterable[tuple[float, float]]) -> list[float]:
    """Found less true length of each silence that was found, s; NaN where one was not."""
    out = []
    for start, end in silences:
        lengths = [(b - a) / 1e6 for a, b in found if min(b / 1e6, end) - max(a / 1e6, start) > 0]
        out.append(lengths[0] - (end - start) if len(lengths) == 1 else np.nan)
    return out


def no_speech(seconds: float = 20.0, seed: int = 0) -> dict[str, Float32]:
    """Sounds in which nobody speaks."""
    from scipy.signal import oaconvolve

    rng = np.random.default_rng(seed)
    count = round(seconds * 16_000)
    t = np.arange(count) / 16_000
    white = rng.normal(0, 0.1, count)
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(np.arange(count // 2 + 1), 1)), count)
    notes = np.repeat(220 * 2 ** (rng.integers(0, 25, int(seconds * 4) + 1) / 12), 4000)[:count]
    decay = np.exp(-3 * (t % 0.25))
    melody = sum(np.sin(2 * np.pi * k * np.cumsum(notes) / 16_000) / k for k in range(1, 9)) * decay
    chords = sum(
        np.sin(2 * np.pi * np.cumsum(notes * ratio) / 16_000 * k) / k**1.5
        for ratio in (1, 1.26, 1.5)
        for k in range(1, 7)
    )
    chords = chords * (1 + 0.3 * np.sin(2 * np.pi * 5 * t))
    clicks = np.zeros(count)
    clicks[rng.integers(0, count, int(seconds * 5))] = 1
    knock = np.exp(-np.arange(800) / 150) * np.sin(np.arange(800) * 0.25)
    knocks = oaconvolve(clicks, knock, "same")
    sweep = np.sin(2 * np.pi * np.cumsum(600 + 400 * np.sin(2 * np.pi * 0.5 * t)) / 16_000)
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 8))
    drums = rng.normal(0, 1, count) * np.exp(-20 * (t % 0.5)) + np.sin(2 * np.pi * 60 * t) * np.exp(-9 * (t % 1))
    out = {
        "white noise": white,
        "pink noise": pink,
        "mains hum": hum,
        "siren": sweep,
        "melody, plucked": melody,
        "chords with vibrato": chords,
        "drums": drums,
        "knocks": knocks,
        "music: chords and drums": chords / np.abs(chords).max() + 0.5 * drums / np.abs(drums).max(),
        "silence": np.zeros(count),
    }
    return {
        name: np.asarray(0.3 * sound / max(np.abs(sound).max(), 1e-9), np.float32) for name, sound in out.items()
    }


def two_microphones(
    crosstalk_db: float, seconds: float = 40.0, seed: int = 0
) -> tuple[Float32, list[tuple[int, int, str]]]:
    """Two speakers who take turns, each with a microphone that hears the other `crosstalk_db` quieter."""
    first = speech(seconds, pitch_hz=110, pause_s=3.0, phrase_s=2.5, seed=seed)
    second = speech(seconds, pitch_hz=200, formants=1.15, pause_s=3.0, phrase_s=2.5, seed=seed + 1)
    late = round(2.75 * 16_000)
    other = np.zeros_like(second.sound)
    other[late:] = second.sound[:-late]
    leak = 10 ** (-crosstalk_db / 20)
    sound = np.stack([first.sound + leak * other, leak * first.sound + other])
    truth = [(round(a * 1e6), round(b * 1e6), "1") for a, b in phrases(first.silences)]
    truth += [
        (round((a + 2.75) * 1e6), round((b + 2.75) * 1e6), "2")
        for a, b in phrases(second.silences)
        if b + 2.75 <= seconds
    ]
    return np.asarray(sound, np.float32), sorted(truth)


def phrases(silences: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What lies between the silences."""
    return [(a[1], b[0]) for a, b in itertools.pairwise(silences) if b[0] - a[1] > 0.05]


def speaker_error(sound: Float32, truth: Sequence[tuple[int, int, str]]) -> tuple[str, float]:
    """Method, and share of the true speech that was given to the other speaker."""
    frames = heard(sound)
    spans = activity.speech(frames.speech, round(frames.seconds * 1e6))
    segments, method = speakers.assigned(spans, None, frames.channel_db)
    wrong = total = 0
    for start, end, who in truth:
        for a, b, found in segments:
            shared = max(min(b, end) - max(a, start), 0)
            total += shared
            wrong += shared * (found != who)
    return method, wrong / max(total, 1)


def espeak(rates: Sequence[int] = (120, 160, 200, 250)) -> Iterator[tuple[str, float, float]]:
    """Voice, true and found syllables a second of speech, of sentences spoken by espeak-ng.

    The truth is its own phonemes: groups of vowels and syllabic consonants.
    """
    vowel = "aeiouyɑɐɒæʌəɚɜɝɛɪɔʊøœɨʉɯɵɤɘ"
    from scipy.signal import resample_poly

    for language, text in _SENTENCES.items():
        for kind in ("", "+f3"):
            for rate in rates:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "a.wav"
                    name = language + kind
                    subprocess.run(["espeak-ng", "-v", name, "-s", str(rate), "-w", str(path), text], check=True)
                    said = subprocess.run(
                        ["espeak-ng", "-v", name, "-q", "--ipa", text], capture_output=True, text=True, check=True
                    ).stdout
                    with wave.open(str(path)) as file:
                        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
                        sound = resample_poly(raw, 320, 441).astype(np.float32)
                count = len(re.findall(f"[{vowel}][ː{vowel}]*|[nlm]̩", said))
                frames = heard(sound + np.random.default_rng(0).normal(0, 1e-4, len(sound)).astype(np.float32))
                spans = activity.speech(frames.speech, round(frames.seconds * 1e6))
                seconds = sum(b - a for a, b in spans) / 1e6
                found = len(syllables.nuclei(frames.level_db, frames.pitch_hz, spans))
                yield f"{name} {rate}", count / seconds, found / seconds


_SENTENCES: Final = {
    "en-us": "Good morning. I would like to ask you some questions about how the last week went for you. Please "
    "take your time, and tell me what happened on Monday evening, when your brother came home.",
    "de": "Guten Morgen. Ich möchte Ihnen einige Fragen zur letzten Woche stellen. Bitte nehmen Sie sich Zeit "
    "und erzählen Sie mir, was am Montagabend geschah, als Ihr Bruder nach Hause kam.",
    "es": "Buenos días. Me gustaría hacerle algunas preguntas sobre la última semana. Tómese su tiempo y cuénteme "
    "qué pasó el lunes por la noche, cuando su hermano llegó a casa.",
}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _tones() -> None:
    for pitch in _PITCHES:
        _say(f"pitch {pitch:.0f} Hz: error {pitch_error(pitch):.3%}")
    for ends in ((90, 180), (200, 120), (180, 360)):
        _say(f"glide {ends[0]}–{ends[1]} Hz in 1 s: median error {glide_error(*ends):.2%}")
    for slope in (-3.0, -6.0, -12.0, -18.0):
        worst = max((slope_error(pitch, slope) for pitch in _PITCHES), key=abs)
        _say(f"slope {slope:.0f} dB/oct: largest error {worst:+.2f}")
    for hnr in (0.0, 5.0, 10.0, 20.0, 30.0, 40.0):
        errors = [f"{hnr_error(pitch, hnr):+.1f}" for pitch in (80.0, 120.0, 200.0, 350.0)]
        _say(f"HNR {hnr:.0f} dB at 80, 120, 200, 350 Hz: error {', '.join(errors)} dB")


def _irregular() -> None:
    for hnr in (np.inf, 30.0, 20.0):
        for pitch in (80.0, 120.0, 200.0, 245.0):
            for jitter, shimmer in ((0.0, 0.0), (0.005, 0.0), (0.01, 0.05), (0.02, 0.0)):
                every = np.array([perturbations(pitch, jitter, shimmer, vowel=v, hnr_db=hnr) for v in "aeiou"])
                mean, low, high = every.mean(axis=0), every.min(axis=0), every.max(axis=0)
                _say(
                    f"noise {hnr:.0f} dB below, {pitch:.0f} Hz: "
                    f"jitter {mean[0]:.2%} found {mean[1]:.2%} ({low[1]:.2%}–{high[1]:.2%}), "
                    f"shimmer {mean[2]:.1%} found {mean[3]:.1%} ({low[3]:.1%}–{high[3]:.1%})"
                )


def _speaking() -> None:
    for gain in (0.5, 0.05, 0.005):
        _say(f"speech at peak {gain}: share {speech_share(speech(20, gain=gain, seed=1).sound):.3f}")
    for snr in (20.0, 10.0, 5.0, 0.0):
        made = speech(20, seed=1)
        _say(f"speech {snr:.0f} dB above white noise: share {speech_share(with_noise(made.sound, snr)):.3f}")
    for name, sound in no_speech().items():
        _say(f"{name}: {speech_share(sound):.1%} taken for speech")
    for pause in (0.3, 0.5, 1.0, 2.0):
        found, true = pauses_found(pause)
        errors = pause_errors(found, true)
        _say(
            f"pauses of {pause} s: {np.isfinite(errors).sum()} of {len(errors)} found, "
            f"error {np.nanmean(errors):+.3f} s, sd {np.nanstd(errors):.3f}"
        )
    for rate in (3.0, 4.0, 5.0, 6.0, 7.0):
        count, of = nuclei_found(rate)
        _say(f"{rate:.0f} syllables/s: {count} of {of}")
    for crosstalk in (20.0, 12.0, 8.0, 6.0):
        method, wrong = speaker_error(*two_microphones(crosstalk))
        _say(f"two microphones, {crosstalk:.0f} dB crosstalk: {method}, {wrong:.1%} of speech wrong")


def pauses_found(pause_s: float, seconds: float = 30.0) -> tuple[list[tuple[int, int]], list[tuple[float, float]]]:
    """Pauses that were found in made-up speech, and its silences between phrases."""
    made = speech(seconds, pause_s=pause_s, seed=2)
    spans = activity.speech(heard(made.sound).speech, round(seconds * 1e6))
    said = phrases(made.silences)
    true = [(before[1], after[0]) for before, after in itertools.pairwise(said)]
    return [(a, b) for a, b, _ in activity.pauses([(a, b, "1") for a, b in spans])], true


def nuclei_found(rate: float, seconds: float = 30.0) -> tuple[int, int]:
    """Syllables found and made."""
    made = speech(seconds, rate=rate, seed=4)
    frames = heard(made.sound)
    spans = activity.speech(frames.speech, round(seconds * 1e6))
    return len(syllables.nuclei(frames.level_db, frames.pitch_hz, spans)), len(made.nuclei)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--espeak", action="store_true", help="also what espeak-ng speaks, where it is installed")
    options = parser.parse_args(arguments)
    _tones()
    _irregular()
    _speaking()
    for expressive in (0.3, 1.0, 2.0):
        share, width = coverage(expressive=expressive)
        _say(f"arousal, tone of sd {expressive}: the 90 % interval holds it in {share:.1%}, width {width:.2f}")
    if options.espeak:
        rows = list(espeak())
        true, got = np.array([[a, b] for _, a, b in rows]).T
        ratio = got / true
        _say(
            f"espeak-ng, {len(rows)} readings: rate found/true {ratio.mean():.3f} ± {ratio.std():.3f}, "
            f"correlation {np.corrcoef(true, got)[0, 1]:.3f}"
        )


if __name__ == "__main__":
    main()
