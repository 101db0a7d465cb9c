"""``python -m facsweb.coding.bench``: how fast a window of a half-hour recording is answered on this machine.

Writes a made-up result of 54,000 frames with every column of the public interface, reads windows of it as the page
does, and prints milliseconds. Figures, not a test: they depend on the machine and on what else it does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.codes import CATALOGUE
from facsweb.coding import signals

FRAMES = 54_000
RATE = 30.0
WIDTH = 1400
ROUNDS = 20


def write(folder: Path) -> int:
    """Write the made-up signals; return the number of columns."""
    random = np.random.default_rng(1)
    columns = {
        "time_us": np.rint(np.arange(FRAMES) * 1e6 / RATE).astype(np.int64),
        "face": np.zeros(FRAMES, np.int16),
    }
    for code in signals.ROWS:
        values = np.clip(np.cumsum(random.normal(0, 0.2, FRAMES)) % 10 - 5, 0, 5).astype(np.float32)
        values[20_000:21_000] = np.nan  # nobody in view
        columns[f"AU{code}"] = values
        if CATALOGUE[code].sided:
            columns[f"AU{code}_L"], columns[f"AU{code}_R"] = values, values * 0.8
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
    """Read a face as the first request after a start does."""
    signals.track.cache_clear()
    return signals.track(folder, 0)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = write(folder)
        size = (folder / "signals.parquet").stat().st_size / 1e6
        print(f"{FRAMES:,} frames, {columns} columns, {size:.1f} MB; windows of {WIDTH} columns")
        print(f"first request of a run: {milliseconds(lambda: first_read(folder), 5)}")
        face = first_read(folder)
        whole = round(FRAMES / RATE * 1e6)
        for label, start, end in [
            ("the whole recording", 0, whole),
            ("a minute", whole // 2, whole // 2 + 60_000_000),
            ("a second", whole // 2, whole // 2 + 1_000_000),
        ]:
            heat = milliseconds(lambda a=start, b=end: signals.heat_window(face, a, b, WIDTH))
            curve = milliseconds(lambda a=start, b=end: signals.curves(folder, face, ["12"], a, b, WIDTH))
            print(f"{label + ':':22} heatmap {heat}, one curve {curve}")


if __name__ == "__main__":
    main()
