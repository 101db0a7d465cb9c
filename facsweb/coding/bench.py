"""How fast a window of a long recording is answered: ``python -m facsweb.coding.bench [MINUTES …]``.

Writes a made-up result of 60 and of 240 minutes, unless others are named, with every column of the public
interface (sides and intervals too), reads windows of it as the page does, and prints milliseconds. Figures, not
a test: they depend on the machine and on what else it does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.codes import CATALOGUE
from facsweb.coding import signals
from facsweb.coding.tracks import FOLDER

RATE = 25
COLUMNS = 1024  # of a tile, as static/js/lib/tiles.js asks for them
WIDTH = 1400
VISIBLE = 15  # rows that a screen shows
ROUNDS = 20


def write(folder: Path, frames: int) -> int:
    """Write the made-up signals; return the number of columns."""
    random = np.random.default_rng(1)
    columns = {
        "time_us": np.arange(frames, dtype=np.int64) * (1_000_000 // RATE),
        "face": np.zeros(frames, np.int16),
    }
    for code in signals.ROWS:
        values = np.clip(np.cumsum(random.normal(0, 0.2, frames)) % 10 - 5, 0, 5).astype(np.float32)
        values[frames // 3 : frames // 3 + 1000] = np.nan  # nobody in view
        columns[f"AU{code}"] = values
        if CATALOGUE[code].sided:
            columns[f"AU{code}_L"], columns[f"AU{code}_R"] = values, values * np.float32(0.8)
        columns[f"AU{code}_low"] = np.clip(values - np.float32(0.4), 0, 5)
        columns[f"AU{code}_high"] = np.clip(values + np.float32(0.4), 0, 5)
    pq.write_table(pa.table(columns), folder / "signals.parquet")
    return len(columns)


def milliseconds(act: Callable[[], object], rounds: int = ROUNDS) -> str:
    """Median and worst of some rounds, as text."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1e3)
    return f"{np.median(taken):7.1f} ms (worst {max(taken):.1f})"


def first_read(folder: Path) -> signals.Track:
    """Read a face as the first request of an old run does: from the columns, writing the bytes to be kept."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    return opened(folder)


def opened(folder: Path) -> signals.Track:
    """Open a face as the first request after a start does: from the kept bytes."""
    signals.track.cache_clear()
    return signals.track(folder, 0)


def measure(minutes: float) -> None:
    """Print the figures of one length."""
    frames = round(minutes * 60 * RATE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = write(folder, frames)
        size = (folder / "signals.parquet").stat().st_size / 1e6
        print(f"\n{minutes:g} minutes: {frames:,} frames, {columns} columns, {size:.0f} MB")
        print(f"first read of a result, once: {milliseconds(lambda: first_read(folder), 3)}")
        print(f"opening the kept bytes:       {milliseconds(lambda: opened(folder))}")
        face = opened(folder)
        codes = list(face.sure)[:VISIBLE]
        whole = round(minutes * 60e6)
        for label, start, end in [
            ("the whole recording", 0, whole),
            ("a minute", whole // 2, whole // 2 + 60_000_000),
            ("a second", whole // 2, whole // 2 + 1_000_000),
        ]:
            heat = milliseconds(lambda a=start, b=end: signals.heat_window(face, a, b, COLUMNS))
            ends = milliseconds(lambda a=start, b=end: signals.ends_window(face, codes, a, b, COLUMNS))
            curve = milliseconds(lambda a=start, b=end: signals.curves(folder, face, ["12"], a, b, WIDTH))
            print(f"{label + ':':22} tile {heat}, its intervals {ends}, one curve {curve}")


def main() -> None:
    print(f"tiles of {COLUMNS} columns, intervals of {VISIBLE} rows, curves of {WIDTH} columns, 1 thread each")
    for minutes in [float(text) for text in sys.argv[1:]] or [60.0, 240.0]:
        measure(minutes)


if __name__ == "__main__":
    main()
