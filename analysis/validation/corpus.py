"""What every corpus comes down to: recordings with labels, whatever the layout on disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import AnalysisError
from analysis.validation.metrics import Float64

Int64 = NDArray[np.int64]

MAX_INTENSITY: Final = 5.0
PICTURES: Final = {".jpg": "mjpeg", ".jpeg": "mjpeg", ".png": "png"}


class CorpusError(AnalysisError):
    """A corpus is not laid out as it is published, or a recording of it cannot be used; the message says what."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """A recording that is stored as still pictures: their paths in order, and frames a second."""

    paths: tuple[Path, ...]
    rate: int


@dataclass(frozen=True, slots=True)
class Labels:
    """What people coded in one recording.

    Attributes
    ----------
    intensity : mapping of code to float64, shape (n,)
        0–5, NaN where nobody coded an intensity.
    occurrence : mapping of code to float64, shape (n,)
        0 or 1, NaN where nobody coded it; only for AUs whose presence is coded beside the intensity.
    frame : int64, shape (n,), optional
        Places of the labelled frames among the recording's frames, from 0.
    time_us : int64, shape (n,), optional
        Their times instead, microseconds from the recording's start.
    every_frame : bool
        The labels are one for each frame, so another number of frames is a fault.
    """

    intensity: Mapping[str, Float64]
    occurrence: Mapping[str, Float64] = field(default_factory=dict)
    frame: Int64 | None = None
    time_us: Int64 | None = None
    every_frame: bool = False

    def __post_init__(self) -> None:
        if (self.frame is None) == (self.time_us is None):
            raise ValueError("labels need either frames or times")
        for values in (*self.intensity.values(), *self.occurrence.values()):
            if values.shape != (len(self),):
                raise ValueError(f"expected {len(self)} values, got shape {values.shape}")

    def __len__(self) -> int:
        places = self.frame if self.frame is not None else self.time_us
        assert places is not None
        return len(places)

    def places(self, times_us: Int64) -> Int64:
        """Find the labelled frames among the frames of the recording.

        Parameters
        ----------
        times_us : int64, shape (m,)
            Times of all decoded frames, increasing.

        Returns
        -------
        int64, shape (n,)

        Raises
        ------
        CorpusError
            Labels and frames do not fit each other.
        """
        count = len(times_us)
        if self.every_frame and len(self) != count:
            raise CorpusError(f"the recording has {count} frames, but there are {len(self)} rows of labels")
        if self.frame is not None:
            if len(self) and self.frame.max() >= count:
                raise CorpusError(f"frame {self.frame.max()} is labelled, but the recording has {count} frames")
            return self.frame
        assert self.time_us is not None
        return _nearest(self.time_us, times_us)


@dataclass(frozen=True, slots=True)
class Recording:
    """One video, or one sequence of pictures, and its labels.

    Attributes
    ----------
    name : str
        As the corpus calls it, ``SN001``, ``F001_T1``, ``S005_001``.
    source : Path or Pictures
    labels : Labels
    neutral_us : int, optional
        Time of a frame that the corpus says is neutral.
    """

    name: str
    source: Path | Pictures
    labels: Labels
    neutral_us: int | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that can be scored.

    Attributes
    ----------
    name : str
        The corpus's name as papers write it.
    presence : str
        What counts as present in the labels, for the report.
    recordings : tuple of Recording
    left_out : tuple of str
        A sentence for each recording that cannot be used.
    """

    name: str
    presence: str
    recordings: tuple[Recording, ...]
    left_out: tuple[str, ...] = ()


def gathered(name: str, presence: str, names: Iterable[str], read: Callable[[str], Recording]) -> Corpus:
    """Read every recording, noting the ones that cannot be read.

    Raises
    ------
    CorpusError
        None can be read; the message is the first one's.
    """
    recordings, left_out = [], []
    for one in sorted(names):
        try:
            recordings.append(read(one))
        except CorpusError as error:
            left_out.append(f"{one}: {error}")
    if not recordings:
        why = left_out[0] if left_out else "It is empty"
        more = f" ({len(left_out) - 1} more left out)" if len(left_out) > 1 else ""
        raise CorpusError(f"Nothing in this {name} folder can be used. {why}{more}.")
    return Corpus(name, presence, tuple(recordings), tuple(left_out))


def subfolder(root: Path, expected: str, *names: str) -> Path:
    """Return the first of these folders that exists.

    Raises
    ------
    CorpusError
        None does; the message says what was ``expected``.
    """
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder.")
    found = next((root / name for name in names if (root / name).is_dir()), None)
    if found is None:
        here = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
        raise CorpusError(f"{root} has no folder {' or '.join(names)}. Expected: {expected}. Found: {here}.")
    return found


def number(path: Path) -> int:
    """The last run of digits in a file's name, ``S005_001_00000011.png`` → 11.

    Raises
    ------
    CorpusError
        The name has no digits.
    """
    digits = re.findall(r"\d+", path.stem)
    if not digits:
        raise CorpusError(f"the picture {path.name} has no number in its name")
    return int(digits[-1])


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, ordered by name; hidden files left out."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith("."))


def checked(values: Float64, what: str, allowed: str = "0–5") -> Float64:
    """Return intensities as they are if all are NaN or 0–5.

    Raises
    ------
    CorpusError
        One is not; the message names it.
    """
    wrong = values[(values < 0) | (values > MAX_INTENSITY)]
    if len(wrong):
        raise CorpusError(f"{what} holds the value {wrong[0]:g}, expected {allowed}")
    return values


def rows_of(path: Path, separator: str | None) -> list[list[float]]:
    """Read a file of numbers, one row a line; ``separator`` None is any white space. Empty lines do not count.

    Raises
    ------
    CorpusError
        The file is missing, or a line is not all numbers.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CorpusError(f"the labels {path.name} are missing in {path.parent}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"the labels {path.name} cannot be read: {error}") from error
    rows = []
    for place, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                rows.append([float(part) for part in line.split(separator) if part.strip()])
            except ValueError:
                raise CorpusError(f"line {place} of {path.name} is not numbers: {line[:40]!r}") from None
    return rows


def table_of(path: Path, separator: str | None, columns: int) -> Float64:
    """`rows_of` as float64, shape (n, ``columns``).

    Raises
    ------
    CorpusError
        As `rows_of`; or a row has another number of columns, or there is no row.
    """
    rows = rows_of(path, separator)
    if not rows:
        raise CorpusError(f"the labels {path.name} are empty")
    if any(len(row) != columns for row in rows):
        raise CorpusError(f"{path.name} should have {columns} columns in each row")
    return np.array(rows, np.float64)


def _nearest(wanted_us: Int64, times_us: Int64) -> Int64:
    if len(times_us) == 0:
        raise CorpusError("the recording has no frames")
    after = np.clip(np.searchsorted(times_us, wanted_us), 1, max(1, len(times_us) - 1))
    last = len(times_us) - 1
    before, after = np.minimum(after - 1, last), np.minimum(after, last)
    nearer = np.abs(times_us[before] - wanted_us) <= np.abs(times_us[after] - wanted_us)
    places = np.where(nearer, before, after).astype(np.int64)
    interval = float(np.median(np.diff(times_us))) if len(times_us) > 1 else 0.0
    off = np.abs(times_us[places] - wanted_us) > max(1.0, interval / 2)
    if off.any():
        raise CorpusError(f"no frame of the recording is near the labelled time {wanted_us[off][0]} µs")
    return places
