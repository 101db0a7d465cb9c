"""Reading and converting recordings: real times, upright pictures, clear errors."""

from analysis.media.decode import Frame, FrameReader, frames, still
from analysis.media.probe import AudioStream, MediaInfo, VideoStream, probe
from analysis.media.proxy import make_proxy
from analysis.media.silent import without_sound

__all__ = [
    "AudioStream",
    "Frame",
    "FrameReader",
    "MediaInfo",
    "VideoStream",
    "frames",
    "make_proxy",
    "probe",
    "still",
    "without_sound",
]
