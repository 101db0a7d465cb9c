"""The demonstration clips, each analysed once for all tests and lanes that only read what came of it."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from tests.migrated import SHARED

MEDIA = Path(__file__).resolve().parent / "media"


def demonstration(name: str) -> Path:
    """The results of a clip of ``tests/media``, by the beginning of its name; whoever writes there takes a copy.

    Whoever asks first makes them, others wait for it. The models have to be installed.
    """
    from analysis import pipeline

    (clip,) = MEDIA.glob(f"{name}*.mp4")
    folder = Path(os.environ.get(SHARED) or os.environ["FACSWEB_TEST_DATA"]) / "analysed"
    folder.mkdir(exist_ok=True)
    made = folder / clip.stem
    with (folder / f"{clip.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            begun = folder / f"{clip.stem}-begun"
            shutil.rmtree(begun, ignore_errors=True)
            pipeline.analyze(clip, begun)
            begun.rename(made)
    return made
