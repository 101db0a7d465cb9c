"""A measurement with two people, one of them in two tracks, as the first pass stores it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.analysis import made

FRAME_US = 40_000


def write_measurement(folder: Path) -> None:
    """Ten seconds at 25 frames a second: face 0 is track 0 (0–4 s) and track 2 (6–10 s), face 1 is track 1."""
    folder.mkdir(parents=True, exist_ok=True)
    times_us = np.arange(250) * FRAME_US
    frames = np.concatenate([np.arange(100), np.arange(150, 250)])
    first = made.series(times_us[frames], frame=frames)
    made.write_measurement(folder, {0: first, 1: made.series(times_us)}, times_us)
    table = pq.read_table(folder / "measurement.parquet")
    face, frame = table["face"].to_numpy(), table["frame"].to_numpy()
    track = np.where((face == 0) & (frame >= 150), 2, face).astype(np.int32)
    table = table.append_column("track", pa.array(track))
    pq.write_table(table, folder / "measurement.parquet")
