"""Gallery pages: the frames in which the machine sees most of every Action Unit, for a person to look at."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import media, people
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.types import AnalysisError, Rgb

_APART_US: Final = 500_000
_SIDE_PX: Final = 160
_AROUND: Final = 1.35  # side of the picture over the longer side of the face's box
_STYLE: Final = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2rem;max-width:75rem;color-scheme:light dark}"
    "section{margin:1.2rem 0}h2{font-size:1rem;margin:0 0 .3rem}ul{display:flex;flex-wrap:wrap;gap:.5rem;"
    "list-style:none;margin:0;padding:0}img{display:block;border-radius:4px}small{opacity:.75}"
)
_NOTICE: Final = "Supportive indicators for trained coders: no diagnosis, no proof of an emotion or of a lie."


@dataclass(frozen=True, slots=True)
class Pick:
    """One chosen frame: code, intensity 0–5, media time in microseconds, face number, box x, y, width, height."""

    code: str
    intensity: float
    time_us: int
    face: int
    box: tuple[float, float, float, float]


def picks(folder: Path, count: int) -> list[Pick]:
    """Choose for every code the strongest frames, at least half a second apart, at intensity above 1.

    Raises
    ------
    AnalysisError
        The folder holds no results.
    """
    try:
        signals = pq.read_table(folder / "signals.parquet").to_pydict()
        measured = pq.read_table(
            folder / "measurement.parquet", columns=["time_us", "face", "box_x", "box_y", "box_w", "box_h"]
        )
        faces = measured["face"].to_numpy().astype(np.int64)
        by_hand = people.faces_by_hand(folder, faces)  # the results are of these
    except (OSError, KeyError, pa.ArrowException) as error:
        raise AnalysisError(f"No readable results in {folder.name}: analyse the video first.") from error
    faces = faces if by_hand is None else by_hand
    sizes = np.stack([measured[name].to_numpy() for name in ("box_x", "box_y", "box_w", "box_h")], axis=1).tolist()
    rows = zip(measured["time_us"].to_pylist(), faces.tolist(), sizes, strict=True)
    boxes = {(time, face): tuple(box) for time, face, box in rows}
    out: list[Pick] = []
    for code in ACTION_UNITS:
        out += _strongest(code, signals, boxes, count)
    return out


def _strongest(code: str, signals: Mapping[str, list[Any]], boxes: Mapping[Any, Any], count: int) -> list[Pick]:
    values = np.array([np.nan if v is None else v for v in signals[f"AU{code}"]], float)
    found: list[Pick] = []
    for row in np.argsort(-np.nan_to_num(values)):
        if not values[row] > 1 or len(found) == count:
            break
        time, face = int(signals["time_us"][row]), int(signals["face"][row])
        near = any(pick.face == face and abs(pick.time_us - time) < _APART_US for pick in found)
        if not near and (time, face) in boxes:
            found.append(Pick(code, float(values[row]), time, face, boxes[time, face]))
    return found


def _cut(rgb: Rgb, box: tuple[float, float, float, float]) -> Rgb:
    side = max(box[2], box[3]) * _AROUND
    x, y = box[0] + box[2] / 2 - side / 2, box[1] + box[3] / 2 - side / 2
    scale = _SIDE_PX / side
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    return np.asarray(cv2.warpAffine(rgb, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_AREA), np.uint8)


def write(video: Path, folder: Path, out: Path, *, count: int = 6) -> int:
    """Write ``index.html`` and the pictures of a gallery.

    Parameters
    ----------
    video : Path
    folder : Path
        Its results.
    out : Path
        Made if absent.
    count : int
        Most frames for a code.

    Returns
    -------
    int
        Number of pictures.

    Raises
    ------
    AnalysisError
        No results, the video cannot be read, or the pages cannot be written.
    """
    chosen = picks(folder, count)
    try:
        return _write(video, out, chosen)
    except OSError as error:
        raise AnalysisError(f"The gallery cannot be written to {out}: {error.strerror or error}.") from error


def _write(video: Path, out: Path, chosen: list[Pick]) -> int:
    out.mkdir(parents=True, exist_ok=True)
    wanted: dict[int, list[Pick]] = {}
    for pick in chosen:
        wanted.setdefault(pick.time_us, []).append(pick)
    for frame in media.frames(video):
        for pick in wanted.get(frame.time_us, ()):
            picture = cv2.cvtColor(_cut(frame.rgb, pick.box), cv2.COLOR_RGB2BGR)
            done, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
            if done:
                (out / _name(pick)).write_bytes(content.tobytes())
    (out / "index.html").write_text(_page(video.name, chosen), encoding="utf-8")
    return len(chosen)


def _name(pick: Pick) -> str:
    return f"au{pick.code}_{pick.face}_{pick.time_us}.jpg"


def _page(title: str, chosen: list[Pick]) -> str:
    parts = []
    for code in ACTION_UNITS:
        own = [pick for pick in chosen if pick.code == code]
        head = f"<h2>AU{code} {html.escape(CATALOGUE[code].name)}</h2>"
        items = "".join(
            f'<li><img src="{_name(pick)}" width="{_SIDE_PX}" height="{_SIDE_PX}" alt="AU{code} at '
            f'{pick.time_us / 1e6:.2f} s"><small>{pick.intensity:.1f} at {pick.time_us / 1e6:.2f} s</small></li>'
            for pick in own
        )
        parts.append(
            f"<section>{head}{f'<ul>{items}</ul>' if own else '<small>nowhere above A</small>'}</section>"
        )
    body = "".join(parts)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p>{_NOTICE}</p>{body}</html>\n"
    )
