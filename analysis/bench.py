"""Measures speed and memory of the whole measurement on this machine, as a user gets it."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.packet import Packet

from analysis import cores, pipeline
from analysis.media.container import opened
from analysis.media.decode import frames
from analysis.types import AnalysisError, Cancelled, Hook

_TIME_BASE: Final = Fraction(1, 90_000)
_KEYFRAMES_S: Final = 10
_STAGES: Final = ("decode", "detect", "mesh", "identity", "texture", "code", "geometry", "write")


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark.

    Attributes
    ----------
    frames, faces : int
        Pictures measured, faces found.
    width, height : int
        Pixels.
    frames_per_s : float
        All in: from opening the file to finished files, models loaded before.
    frames_per_cpu_s : float
        Frames a second of processor time: what one core does that nobody else uses.
    cores_used : float
        Processor time over wall time.
    ms_per_frame : dict of str to float
        Processor time by stage; ``other`` is the rest, and what libraries do in threads of their own.
    peak_rss_mb : float
        Largest resident memory of this process so far, 10⁶ bytes.
    """

    frames: int
    faces: int
    width: int
    height: int
    frames_per_s: float
    frames_per_cpu_s: float
    cores_used: float
    ms_per_frame: dict[str, float]
    peak_rss_mb: float

    def table(self) -> str:
        """Return the figures as text."""
        lines = [
            f"{self.frames} frames, {self.width} × {self.height}, {self.faces} face(s)",
            f"{self.frames_per_s:.0f} frames/s all in, {self.cores_used:.2f} cores "
            f"({self.frames_per_cpu_s:.0f} frames a second of processor time), "
            f"peak memory {self.peak_rss_mb:.0f} MB",
        ]
        lines += [
            f"    {stage:<9} {ms:6.2f} ms of processor time a frame" for stage, ms in self.ms_per_frame.items()
        ]
        return "\n".join(lines)


def bench(
    video: Path,
    *,
    one_core: bool = False,
    scale: tuple[int, int] | None = None,
    minutes: float | None = None,
    max_faces: int = 4,
    hook: Hook | None = None,
) -> Bench:
    """Measure a video and the measuring.

    Parameters
    ----------
    video : Path
    one_core : bool
        Keep the process on one core while it measures.
    scale : (int, int), optional
        Width and height to scale the video to beforehand.
    minutes : float, optional
        Repeat the video to this length beforehand, without encoding it again.
    max_faces : int
    hook : Hook, optional

    Raises
    ------
    AnalysisError
        The video cannot be read, the models are missing, or this system cannot keep a process on one core.
    """
    with tempfile.TemporaryDirectory(prefix="facsweb-bench-") as name:
        folder = Path(name)
        source = Path(video)
        if scale is not None:
            source = encoded(source, folder / "scaled.mp4", size=scale)
        if minutes is not None:
            source = repeated(source, folder / "repeated.mp4", minutes)
        width, height = _size(source)
        with cores.kept_on(last_core() if one_core else None):
            _warm_up(source, folder / "warm", max_faces)
            wall, processor = time.perf_counter(), time.process_time()
            measured = pipeline.measure(source, folder / "out", max_faces=max_faces, hook=hook)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
    per_frame = {stage: measured.seconds.get(stage, 0.0) * 1e3 / measured.frames for stage in _STAGES}
    per_frame["other"] = processor * 1e3 / measured.frames - sum(per_frame.values())
    return Bench(
        frames=measured.frames,
        faces=measured.faces,
        width=width,
        height=height,
        frames_per_s=measured.frames / wall,
        frames_per_cpu_s=measured.frames / processor,
        cores_used=processor / wall,
        ms_per_frame=per_frame,
        peak_rss_mb=peak_rss_mb(),
    )


def _size(video: Path) -> tuple[int, int]:
    first = next(frames(video))
    return first.rgb.shape[1], first.rgb.shape[0]


def _warm_up(video: Path, out: Path, max_faces: int) -> None:
    """Run the first frames once: libraries load lazily, and that is not the speed of the measurement."""
    seen = 0

    def should_stop() -> bool:
        nonlocal seen
        seen += 1
        return seen > 30

    try:
        pipeline.measure(video, out, max_faces=max_faces, should_stop=should_stop)
    except Cancelled:
        return


def peak_rss_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would report the parent's peak where that was larger
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def last_core() -> frozenset[int]:
    """The core on which this process is measured alone.

    Raises
    ------
    AnalysisError
        This system cannot keep a process on one core.
    """
    if not (known := cores.usable()):
        raise AnalysisError("This system cannot keep a process on one core; run the benchmark on Linux.")
    return frozenset(known[-1:])


def encoded(source: Path, target: Path, *, size: tuple[int, int] | None = None, fps: int | None = None) -> Path:
    """Encode the pictures again, at another size, or so many a second: those that come next to even times."""
    size = size or _size(source)
    with av.open(str(target), "w", format="mp4") as output:
        stream = output.add_stream("libx264", options={"preset": "veryfast", "crf": "20"})
        if fps is not None:
            stream.codec_context.gop_size = _KEYFRAMES_S * fps
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = _TIME_BASE
        due = 0
        for frame in frames(source):
            if fps is not None:
                if frame.time_us * fps < due * 1_000_000:
                    continue
                due = frame.time_us * fps // 1_000_000 + 1
            picture = av.VideoFrame.from_ndarray(frame.rgb, format="rgb24")
            picture = picture.reformat(width=size[0], height=size[1], format="yuv420p")
            picture.pts, picture.time_base = round(Fraction(frame.time_us, 1_000_000) / _TIME_BASE), _TIME_BASE
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return target


def repeated(source: Path, target: Path, minutes: float) -> Path:
    """Copy the coded pictures again and again until the video is so long."""
    wanted = Fraction(minutes) * 60
    with av.open(str(target), "w", format="mp4") as output:
        with opened(source) as streams:
            stream = output.add_stream_from_template(streams.video)
        done = Fraction(0)
        while done < wanted:
            with opened(source) as streams:
                end = _append(output, stream, streams.container.demux(streams.video), done)
            if end == done:
                raise AnalysisError("This video's pictures carry no times, so it cannot be repeated.")
            done = end
    return target


def _append(output: Any, stream: Any, packets: Iterator[Packet[Any]], offset: Fraction) -> Fraction:
    end = offset
    for packet in packets:
        if packet.dts is None or packet.pts is None:
            continue
        base = packet.time_base
        shift = round(offset / base)
        end = max(end, offset + (packet.pts + (packet.duration or 0)) * base)
        packet.pts += shift
        packet.dts += shift
        packet.stream = stream
        output.mux(packet)
    return end
