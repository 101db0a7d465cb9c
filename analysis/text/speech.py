"""Speech to units with faster-whisper, when it is installed and the operator has put weights in a folder.

Nothing is ever downloaded: a folder without every file that the library would otherwise fetch is refused.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from analysis.text import sentences
from analysis.text.units import MAX_UNITS, Piece, Transcript
from analysis.types import AnalysisError

SETTING: Final = "FACSWEB_SPEECH_MODEL"
LIBRARY: Final = "faster_whisper"
NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
"""Without ``tokenizer.json`` the library asks a hub for one."""


def available(folder: Path | None = None) -> str:
    """Why speech cannot be recognised here, in a sentence that says what to do; empty where it can.

    Parameters
    ----------
    folder : Path, optional
        Folder of the weights; that of the setting ``FACSWEB_SPEECH_MODEL`` if not given.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        return (
            "Speech recognition is not installed. Whoever runs this installation can add it "
            "(pip install 'facsweb[speech]') and put a Whisper model into a folder named by FACSWEB_SPEECH_MODEL."
        )
    chosen = _folder(folder)
    if chosen is None:
        return (
            "Speech recognition has no model. Whoever runs this installation puts a Whisper model, converted for "
            f"faster-whisper, into a folder and names it in {SETTING}."
        )
    if not chosen.is_dir():
        return f"Speech recognition has no model: {SETTING} names a folder that is not there."
    lacking = [name for name in NEEDED if not (chosen / name).is_file()]
    if lacking:
        return f"The speech model is incomplete: {', '.join(lacking)} is missing in the folder named by {SETTING}."
    return ""


def transcribe(
    media: Path,
    *,
    folder: Path | None = None,
    language: str = "",
    progress: Callable[[int], None] | None = None,
) -> Transcript:
    """Recognise the speech of a recording.

    Parameters
    ----------
    media : Path
        Anything with sound that FFmpeg reads.
    folder : Path, optional
        As for :func:`available`.
    language : str
        ISO 639-1 code; the model tells if not given.
    progress : callable, optional
        Receives the media time reached, in microseconds, after each segment.

    Raises
    ------
    AnalysisError
        Speech recognition is not available, or found no words.
    """
    if why := available(folder):
        raise AnalysisError(why)
    chosen = _folder(folder)
    library: Any = importlib.import_module(LIBRARY)
    try:
        model = library.WhisperModel(str(chosen), device="cpu", compute_type="int8", local_files_only=True)
        segments, about = model.transcribe(str(media), language=language or None, vad_filter=True)
        pieces = []
        for segment in segments:
            start, end = round(segment.start * 1e6), round(segment.end * 1e6)
            text = " ".join(str(segment.text).split())
            if text:
                pieces.append(Piece(max(0, start), max(0, start, end), "", text))
            if progress is not None:
                progress(end)
    except Exception as error:  # the library lets through what its own parts raise
        raise AnalysisError(f"The speech of {media.name} could not be recognised: {error}.") from error
    units = sentences.units(pieces)[:MAX_UNITS]
    if not units:
        raise AnalysisError(f"No speech was recognised in {media.name}.")
    remark = (
        f"Recognised by a speech model ({about.language}): read it against the recording before relying on it."
    )
    return Transcript("speech", tuple(units), (remark,))


def _folder(given: Path | None) -> Path | None:
    if given is not None:
        return given
    setting = os.environ.get(SETTING, "").strip()
    return Path(setting) if setting else None
