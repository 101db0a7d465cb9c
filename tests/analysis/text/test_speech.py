"""Speech recognition says why it is not there, and is driven as its library wants to be driven.

The library itself cannot run without weights, which this project does not have: a small object with the same two
calls stands in at its boundary.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from analysis.text import speech
from analysis.types import AnalysisError


@pytest.fixture
def library(monkeypatch):
    """A module of the library's name; its segments are set by the test."""
    made = ModuleType(speech.LIBRARY)
    made.__spec__ = SimpleNamespace(name=speech.LIBRARY)
    made.asked = {}
    made.segments = []

    class WhisperModel:
        def __init__(self, folder, **options):
            made.asked["model"] = (folder, options)

        def transcribe(self, path, **options):
            made.asked["transcribe"] = (path, options)
            return iter(made.segments), SimpleNamespace(language="en")

    made.WhisperModel = WhisperModel
    monkeypatch.setitem(sys.modules, speech.LIBRARY, made)
    return made


@pytest.fixture
def folder(tmp_path):
    for name in speech.NEEDED:
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_without_the_library_it_says_so(monkeypatch, folder):
    monkeypatch.setattr(speech, "LIBRARY", "no_such_library_here")
    assert "not installed" in speech.available(folder)
    with pytest.raises(AnalysisError, match="not installed"):
        speech.transcribe(folder / "a.mp4", folder=folder)


def test_without_a_model_or_a_whole_one_it_says_so(monkeypatch, library, folder):
    monkeypatch.delenv(speech.SETTING, raising=False)
    assert "has no model" in speech.available()
    monkeypatch.setenv(speech.SETTING, str(folder / "elsewhere"))
    assert "not there" in speech.available()
    monkeypatch.setenv(speech.SETTING, str(folder))
    assert speech.available() == ""
    (folder / "tokenizer.json").unlink()
    assert "tokenizer.json" in speech.available()  # or the library would fetch one


def segment(start, end, text):
    return SimpleNamespace(start=start, end=end, text=text)


def test_segments_become_sentences_and_nothing_is_fetched(library, folder):
    library.segments = [
        segment(0.0, 2.0, " I was not"),
        segment(2.0, 4.0, " happy. Then  we left."),
        segment(4.0, 5.0, " "),
    ]
    reached = []
    found = speech.transcribe(folder / "a.mp4", folder=folder, language="en", progress=reached.append)
    assert found.units[0].start_us == 0
    assert [unit.text for unit in found.units] == ["I was not happy.", "Then we left."]
    assert found.units[-1].end_us == 4_000_000
    assert found.kind == "speech"
    assert "read it against the recording" in found.warnings[0]
    assert reached == [2_000_000, 4_000_000, 5_000_000]
    where, options = library.asked["model"]
    assert where == str(folder)
    assert options["local_files_only"] is True
    assert library.asked["transcribe"][1]["language"] == "en"


def test_silence_and_a_broken_model_say_so(library, folder):
    with pytest.raises(AnalysisError, match="No speech"):
        speech.transcribe(folder / "a.mp4", folder=folder)

    def broken(*_, **__):
        raise RuntimeError("unsupported model version")

    library.WhisperModel = broken
    with pytest.raises(AnalysisError, match="unsupported model version"):
        speech.transcribe(folder / "a.mp4", folder=folder)
