"""A made-up recording of many minutes: a looped clip, signals of every column, thousands of events."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.codes import CATALOGUE
from facsweb.coding import signals
from tests.factories import CLIP, MEDIA

RATE = 25
FRAME_US = 1_000_000 // RATE
SIZE = (640, 360)
GOP = 50
EVENTS_A_MINUTE = 50


def write_video(path: Path, minutes: float) -> None:
    """Encode a clip once at 640×360, a key frame every two seconds, and repeat its packets."""
    piece = path.with_name("piece.mp4")
    with av.open(str(MEDIA / f"{CLIP}.mp4")) as source, av.open(str(piece), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = GOP, 0
        for frame in source.decode(video=0):
            out.mux(stream.encode(frame.reformat(*SIZE, "yuv420p")))
        out.mux(stream.encode())
    with av.open(str(piece)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets = [
            (bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
            for packet in source.demux(video=0)
            if packet.size
        ]
        base = source.streams.video[0].time_base
        step = round(1 / (RATE * base))
        for turn in range(max(1, round(minutes * 60 / (len(packets) / RATE)))):
            shift = turn * len(packets) * step
            for content, pts, dts, key in packets:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.time_base, packet.stream = pts + shift, dts + shift, base, stream
                packet.duration, packet.is_keyframe = step, key
                out.mux(packet)
    piece.unlink()


def write_result(folder: Path, minutes: float) -> dict[str, Any]:
    """Write signals with sides and intervals, gates and events; return the summary."""
    random = np.random.default_rng(1)
    frames = round(minutes * 60 * RATE)
    times = np.arange(frames, dtype=np.int64) * FRAME_US
    gate = np.full(frames, "", object)
    for start in random.integers(0, frames - 100, round(minutes * 2)):
        gate[start : start + 50] = "occluded:mouth"
    columns: dict[str, Any] = {
        "time_us": times,
        "face": np.zeros(frames, np.int16),
        "quality": np.full(frames, 0.9, np.float32),
        "gate": pa.array(gate).dictionary_encode(),
    }
    rows: list[list[Any]] = []
    for code in signals.ROWS:
        values = np.zeros(frames, np.float32)
        for start in random.integers(0, frames - 200, round(minutes * 2)):
            length = int(random.integers(10, 150))
            values[start : start + length] += np.float32(random.uniform(1, 4)) * np.hanning(length).astype(
                np.float32
            )
        values = np.clip(values + random.normal(0, 0.05, frames).astype(np.float32), 0, 5)
        values[frames // 2 : frames // 2 + 250] = np.nan
        columns[f"AU{code}"] = values
        if CATALOGUE[code].sided:
            columns[f"AU{code}_L"], columns[f"AU{code}_R"] = values, values * np.float32(0.8)
        columns[f"AU{code}_low"], columns[f"AU{code}_high"] = (
            np.clip(values - 0.4, 0, 5),
            np.clip(values + 0.4, 0, 5),
        )
    codes = [code for code in signals.ROWS if CATALOGUE[code].has_intensity]
    for number in range(round(minutes * EVENTS_A_MINUTE)):
        code = codes[number % len(codes)]
        start = int(random.integers(0, frames - 200)) * FRAME_US
        length = int(random.integers(10, 150)) * FRAME_US
        side = "both" if CATALOGUE[code].sided else ""
        rows.append(
            [
                code,
                side,
                "ABCDE"[number % 5],
                start,
                start + length // 2,
                start + length,
                0.3 + 0.6 * (number % 7) / 7,
                0,
            ]
        )
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / "signals.parquet")
    with (folder / "events.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "side", "intensity", "onset_us", "apex_us", "offset_us", "confidence", "face"])
        writer.writerows(sorted(rows, key=lambda row: row[3]))
    summary = {
        "schema": 1,
        "video": {
            "width": SIZE[0],
            "height": SIZE[1],
            "duration_us": frames * FRAME_US,
            "frames": frames,
            "frame_rate": float(RATE),
        },
        "models": [],
        "scorer": {"id": "au-nets", "version": "1.0.0"},
        "neutral": {"method": "automatic", "time_us": 0, "frames": 20},
        "tiers": dict.fromkeys(signals.ROWS, "measured"),
        "faces": [{"face": 0, "frames": frames, "seen_frames": frames, "aus": {}}],
        "warnings": [],
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    return summary


def make_long_run(participant: Any, user: Any, minutes: float, *, video: bool = True) -> Any:
    """A recording of so many minutes and its finished run."""
    from django.conf import settings

    from tests.factories import make_finished_run, make_recording

    recording = make_recording(participant, user)
    run = make_finished_run(recording, user)
    folder = Path(settings.MEDIA_ROOT) / run.folder
    run.summary = write_result(folder, minutes)
    run.files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()
    }
    run.save()
    if video:
        write_video(Path(recording.original.path).with_name("long.mp4"), minutes)
        Path(recording.original.path).with_name("long.mp4").replace(recording.original.path)
    recording.duration_us, (recording.width, recording.height) = run.summary["video"]["duration_us"], SIZE
    recording.size = Path(recording.original.path).stat().st_size
    recording.title = f"{minutes:g} minutes"
    recording.save()
    return run
