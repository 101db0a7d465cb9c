"""Synthesised voices: flite of Carnegie Mellon University, a program that whoever makes the interview installs.

flite and its voices stand under a licence like MIT's. The product does not need it:
what is committed is the sound.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.training.interview.play import Line
from analysis.types import AnalysisError, Float32

RATE: Final = 16_000
_PROGRAM: Final = "flite"
#: Effective value of a line at 0 dB; the loudest sample of all stays under 1.
_LEVEL: Final = 0.06
#: Room tone under it all, so that pauses are not digital silence.
_FLOOR: Final = 4e-4


@dataclass(frozen=True)
class Phone:
    """One sound of speech; seconds of the interview."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Spoken:
    """A line as it sounds.

    Attributes
    ----------
    sound : float32, shape (n,)
        16 kHz, from `line.at_s` on.
    phones : tuple of Phone
        Without the silence before and after.
    """

    line: Line
    sound: Float32
    phones: tuple[Phone, ...]

    @property
    def start_s(self) -> float:
        return self.phones[0].start_s

    @property
    def end_s(self) -> float:
        return self.phones[-1].end_s


def speak(line: Line) -> Spoken:
    """Have a line said.

    Raises
    ------
    AnalysisError
        flite is not installed, or does not know the voice.
    """
    with tempfile.TemporaryDirectory(prefix="facsweb-interview-") as folder:
        file = Path(folder) / "line.wav"
        settings = ("--setf", f"f0_shift={line.pitch}", "--setf", f"duration_stretch={line.stretch}")
        command = [_PROGRAM, "-voice", line.voice, *settings, "-psdur", "-t", line.text, "-o", str(file)]
        try:
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except FileNotFoundError as error:
            raise AnalysisError("flite is not installed; on Debian: apt install flite.") from error
        except subprocess.CalledProcessError as error:
            raise AnalysisError(f"flite cannot say “{line.text}”: {error.stderr.strip()}") from error
        with wave.open(str(file)) as wav:
            if wav.getframerate() != RATE:
                raise AnalysisError(f"The voice {line.voice} is not sampled at {RATE} Hz.")
            sound = np.frombuffer(wav.readframes(wav.getnframes()), np.int16) / np.float32(32768)
    gain = _LEVEL * 10 ** (line.level_db / 20) / np.sqrt(np.mean(np.square(sound)))
    return Spoken(line, np.asarray(gain * sound, np.float32), _phones(told, line.at_s))


def _phones(told: str, at_s: float) -> tuple[Phone, ...]:
    """From what flite prints, ``name:end name:end …``; it begins anew where its text is said in several parts."""
    out: list[Phone] = []
    base = last = 0.0
    for word in told.split():
        name, end = word.rsplit(":", 1)
        if float(end) < last:  # the next part
            base, last = base + last, 0.0
        out.append(Phone(name, at_s + base + last, at_s + base + float(end)))
        last = float(end)
    while out and out[0].name == "pau":
        out.pop(0)
    while out and out[-1].name == "pau":
        out.pop()
    return tuple(out)


def mixed(spoken: tuple[Spoken, ...], seconds: float, seed: int = 0) -> Float32:
    """All lines in their places.

    Raises
    ------
    ValueError
        A line runs into the next one or out of the interview.
    """
    ends = [one.line.at_s for one in spoken[1:]] + [seconds]
    sound = np.random.default_rng(seed).normal(0, _FLOOR, round(seconds * RATE)).astype(np.float32)
    for one, limit in zip(spoken, ends, strict=True):
        start = round(one.line.at_s * RATE)
        if start + len(one.sound) > round(limit * RATE):
            raise ValueError(f"“{one.line.text}” lasts longer than there is time, until {limit:g} s")
        sound[start : start + len(one.sound)] += one.sound
    if np.abs(sound).max() >= 1:
        raise ValueError("the sound is clipped")
    return sound
