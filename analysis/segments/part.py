"""Measures one segment: its rows, and at every mark what joining needs to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from analysis import media
from analysis.measuring import STEP_US, Pass, Report
from analysis.media.decode import Frame, FrameReader
from analysis.memory import return_large_blocks
from analysis.scoring.choice import chosen
from analysis.scoring.package import default
from analysis.segments.plan import Plan
from analysis.types import Hook, MediaError, Rgb, ShouldStop

ROWS: Final = "part.parquet"
ABOUT: Final = "part.json"


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured of a segment.

    Attributes
    ----------
    folder : Path
    marks : list of mapping
        Plain values of every mark (`analysis.measuring`); the last one holds the state if the segment ends there.
    ended : bool
        Whether the recording ended; ``written`` and ``slid`` then tell what came after the last mark.
    frames : int
        Pictures, of the segment's own count from its first one.
    skipped_us : list of int
        When damaged packets would have been shown.
    """

    folder: Path
    marks: list[Mapping[str, Any]]
    ended: bool
    frames: int
    written: list[Mapping[str, Any]]
    slid: list[Any]
    skipped_us: list[int]
    seconds: dict[str, float] = field(default_factory=dict)
    models: str = ""


def measure_part(
    video: Path,
    plan: Plan,
    number: int,
    folder: Path,
    *,
    max_faces: int = 4,
    scorer: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """Measure one segment of a recording into a folder; parameters and errors as for `pipeline.measure`.

    The folder holds a whole segment once its ``part.json`` is there. A file that does not lead to the segment's
    keyframe gives a segment without marks, and `join` measures the stretch in another way.
    """
    joint = plan.joints[number - 1] if number else None
    until = plan.joints[number].begin_us if number < len(plan.joints) else None
    reader = FrameReader(video)
    try:
        measure_stretch(
            video,
            folder,
            reader,
            reader.from_keyframe(joint.keyframe_us if joint else 0),
            lambda mark: until is not None and mark["time_us"] >= until,
            first_us=joint.begin_us if joint else STEP_US,
            warm=joint is not None,
            max_faces=max_faces,
            scorer=scorer,
            hook=_own_frames(hook, plan, number) if plan.joints else hook,
            should_stop=should_stop,
        )
    except MediaError:
        if joint is None:
            raise
        (folder / ROWS).unlink(missing_ok=True)
        _write(folder, {"marks": [], "ended": False, "frames": 0, "written": [], "slid": [], "skipped_us": []})


def measure_stretch(
    video: Path,
    folder: Path,
    reader: FrameReader,
    frames: Iterator[Frame],
    ends: Callable[[Mapping[str, Any]], bool],
    *,
    after: Mapping[str, Any] | None = None,
    first_us: int = STEP_US,
    warm: bool = False,
    max_faces: int,
    scorer: str | None,
    hook: Hook | None,
    should_stop: ShouldStop | None,
) -> None:
    """Measure the frames that are given until a mark ends them, going on ``after`` a mark of another segment."""
    return_large_blocks()
    info = media.probe(video).video
    if info is None:
        raise MediaError("This file holds no video.")
    folder.mkdir(parents=True, exist_ok=True)
    marks: list[dict[str, Any]] = []

    def on_mark(mark: Mapping[str, Any]) -> bool:
        if marks:
            marks[-1].pop("state")  # only the last one may have to be gone on from
        marks.append(dict(mark))
        return ends(mark)

    report = Report(hook, info.frames_estimate)
    package = chosen(scorer) or default()
    pass_ = Pass(info, max_faces, folder / ROWS, report, package, on_mark=on_mark, first_us=first_us, warm=warm)
    if after is not None:
        pass_.restore(after)
    pass_.run(frames, should_stop)
    about = {
        "marks": marks,
        "ended": not pass_.stopped,
        "frames": pass_.frames,
        "written": [] if pass_.stopped else pass_.written(),
        "slid": pass_.slid(),
        "skipped_us": reader.skipped_us,
        "seconds": pass_.stages.seconds,
        "models": package.encoder_sha256,
    }
    _write(folder, about)


def read_part(folder: Path) -> Part:
    """What `measure_part` wrote.

    Raises
    ------
    FileNotFoundError
        The segment is not finished.
    """
    return Part(folder, **json.loads((folder / ABOUT).read_text(encoding="utf-8")))


def _own_frames(hook: Hook | None, plan: Plan, number: int) -> Hook | None:
    """A hook that is told the frames of the segment alone, not those before it that it begins with."""
    if hook is None:
        return None
    own, before = plan.frames[number], plan.warm[number]

    def told(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        hook(stage, min(own, max(0, done - before)), own, still=still)

    return told


def _write(folder: Path, about: Mapping[str, Any]) -> None:
    draft = folder / f"{ABOUT}.draft"
    draft.write_text(json.dumps(about), encoding="utf-8")
    draft.replace(folder / ABOUT)
