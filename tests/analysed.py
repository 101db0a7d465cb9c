"""The demonstration clips, each analysed once for all tests and lanes that only read what came of it."""

from __future__ import annotations

from pathlib import Path

from tests.made_once import made_once

MEDIA = Path(__file__).resolve().parent / "media"


def analysed(clip: Path) -> Path:
    """The results of any clip whose name is its own; as `demonstration`."""
    from analysis import pipeline

    return made_once(f"analysed-{clip.stem}", lambda folder: pipeline.analyze(clip, folder))


def demonstration(name: str) -> Path:
    """The results of a clip of ``tests/media``, by the beginning of its name; whoever writes there takes a copy.

    The models have to be installed.
    """
    (clip,) = MEDIA.glob(f"{name}*.mp4")
    return analysed(clip)
