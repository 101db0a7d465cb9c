"""Small corpora laid out like the published ones, made from the rendered clip d1 and its exact labels."""

from __future__ import annotations

import csv
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from analysis import media
from analysis.types import Rgb
from analysis.validation.disfa import CODES
from tests.analysis import clips

#: Rest, then the smile (6 + 12) from 1.0 s on, at its peak from 1.8 s on: 25 frames/s.
LENGTH = 60
PEAK = 50


@cache
def pictures() -> tuple[Rgb, ...]:
    found = []
    for frame in media.frames(clips.D1):
        found.append(frame.rgb)
        if len(found) == LENGTH:
            break
    return tuple(found)


@cache
def truth() -> dict[str, np.ndarray]:
    """Intensities by AU, rounded as a coder writes them."""
    with clips.D1.with_suffix(".csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))[:LENGTH]
    names = [name for name in rows[0] if name.startswith("AU") and name[2:].isdigit()]
    return {str(int(name[2:])): np.rint([float(row[name]) for row in rows]) for name in names}


def write_pictures(folder: Path, name: str, *, first: int = 1, count: int = LENGTH, grey: bool = False) -> None:
    """Write ``name`` (a format with a number) for each picture; the suffix says which kind."""
    folder.mkdir(parents=True)
    for place, data in enumerate(_stored(Path(name).suffix, grey)[:count]):
        (folder / name.format(place + first)).write_bytes(data)


@cache
def _stored(suffix: str, grey: bool) -> tuple[bytes, ...]:
    out = []
    for rgb in pictures():
        done, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if grey else rgb[..., ::-1])
        assert done
        out.append(data.tobytes())
    return tuple(out)


@cache
def video(format_: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        return clips.write(Path(name) / "video", pictures(), format_=format_).read_bytes()


def disfa(root: Path, people: tuple[str, ...] = ("SN001",)) -> Path:
    (root / "Videos_LeftCamera").mkdir(parents=True)
    for person in people:
        (root / "Videos_LeftCamera" / f"LeftVideo{person}_comp.avi").write_bytes(video("avi"))
        disfa_labels(root, person)
    return root


def disfa_labels(root: Path, person: str) -> None:
    folder = root / "ActionUnit_Labels" / person
    folder.mkdir(parents=True)
    for code in CODES:
        lines = [f"{frame},{value:.0f}\n" for frame, value in enumerate(truth()[code], start=1)]
        (folder / f"{person}_au{code}.txt").write_text("".join(lines))


def bp4d(root: Path, coded: range = range(20, 56), unknown: int = 5) -> Path:
    """One sequence with pictures 1 to 60; AU 24 is unknown all along, AU 12's intensity in the first frames."""
    write_pictures(root / "2D+3D" / "F001" / "T1", "{:04d}.jpg")
    (root / "AUCoding" / "AU_OCC").mkdir(parents=True)
    rows = [["0", "1", "6", "12", "24", "55"]]
    for picture in coded:
        present = [int(truth()[code][picture - 1] > 0) for code in ("1", "6", "12")]
        rows.append([str(value) for value in (picture, *present, 9, 9)])
    _write_csv(root / "AUCoding" / "AU_OCC" / "F001_T1.csv", rows)
    graded = root / "AUCoding" / "AU_INT" / "AU12"
    graded.mkdir(parents=True)
    values = [9 if place < unknown else int(truth()["12"][picture - 1]) for place, picture in enumerate(coded)]
    _write_csv(graded / "F001_T1_AU12.csv", [[str(p), str(v)] for p, v in zip(coded, values, strict=True)])
    return root


def ckplus(root: Path) -> Path:
    """S005/001 grey with 6 ungraded and 12D, S010/002 in colour and at rest."""
    for name, count, grey, facs in (
        ("S005/001", PEAK, True, "   6.0000000e+00   0.0000000e+00\n   1.2000000e+01   4.0000000e+00\n"),
        ("S010/002", 20, False, ""),
    ):
        stem = name.replace("/", "_")
        write_pictures(root / "cohn-kanade-images" / name, stem + "_{:08d}.png", count=count, grey=grey)
        (root / "FACS_labels" / name).mkdir(parents=True)
        (root / "FACS_labels" / name / f"{stem}_{count:08d}_facs.txt").write_text(facs)
    return root


def folder(root: Path, rows: list[list[str]] | None = None) -> Path:
    """One video, and ``rows`` or the true 12 and 26 of every frame as its labels."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "one.mp4").write_bytes(video("mp4"))
    if rows is None:
        rows = [["frame", "AU12", "AU26", "note"]]
        rows += [[str(i), f"{truth()['12'][i]:.0f}", f"{truth()['26'][i]:.0f}", "x"] for i in range(LENGTH)]
    _write_csv(root / "one.csv", rows)
    return root


def _write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
