"""Left and right: a fit on made pictures finds the side that acts, and a package without one is told so."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from analysis.scoring import package
from analysis.scoring.targets import TARGETS, columns_of
from analysis.training.scorer import sides

INPUTS = 30


def made(share: float, noise: float = 0.5, n: int = 2400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures of 12, a share of them one-sided, with an input that says which side; labels and identities."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, INPUTS))
    labels = np.zeros((n, len(TARGETS)), np.float32)
    left, right = columns_of("12")
    labels[:, [left, right]] = rng.uniform(1.5, 4, (n, 1))
    one = np.flatnonzero(rng.random(n) < share)
    gone = np.where(rng.random(len(one)) < 0.5, left, right)
    labels[one, gone] = 0
    x[:, 7] = noise * rng.normal(size=n) + 2 * np.sign(labels[:, left] - labels[:, right])
    return x, labels, np.array([f"mh:{number % 80}" for number in range(n)])


def test_what_tells_the_sides_apart_is_found() -> None:
    found = sides._fit("12", *made(0.2))
    assert found is not None
    assert found.found > 0.9
    assert found.wrong < 0.02
    assert found.spared > 0.9
    assert found.right > found.always_both
    assert np.abs(found.weights).argmax() == 7
    assert found.weights[7] > 0  # more of it where the left acts


def test_without_anything_that_tells_the_picture_stays_two_sided() -> None:
    x, labels, identity = made(0.2)
    x[:, 7] = np.random.default_rng(9).normal(size=len(x))
    found = sides._fit("12", x, labels, identity)
    assert found is not None
    assert found.right < found.always_both + sides._LEAST_GAIN
    assert sides._fit("12", *made(0.0)) is None


def test_only_the_weaker_side_of_the_head_is_weakened() -> None:
    shipped = package.default()
    plain = (shipped.folder / "picture.onnx").read_bytes()
    with pytest.raises(ValueError, match="already"):
        sides._weakened(plain, 1, {})
    head = _without_sides(plain)
    size = onnxruntime.InferenceSession(head).get_inputs()[0].shape[1]
    asymmetry = np.zeros(size)
    asymmetry[5] = 1.0
    changed = sides._weakened(head, size, {"12": asymmetry})
    given = np.zeros((3, size), np.float32)
    given[:, 5] = (0.0, 3.0, -3.0)
    (before,) = onnxruntime.InferenceSession(head).run(None, {"difference": given})
    (after,) = onnxruntime.InferenceSession(changed).run(None, {"difference": given})
    left, right = columns_of("12")
    np.testing.assert_allclose(after[0], before[0], rtol=1e-5)
    assert after[1, left] == pytest.approx(before[1, left], rel=1e-5)
    assert after[1, right] == pytest.approx(0, abs=1e-6)
    assert after[2, left] == pytest.approx(0, abs=1e-6)
    assert after[2, right] == pytest.approx(before[2, right], rel=1e-5)
    others = [place for place in range(after.shape[1]) if place not in (left, right)]
    np.testing.assert_allclose(after[:, others], before[:, others], rtol=1e-5)


def _without_sides(head: bytes) -> bytes:
    import onnx

    model = onnx.load_model_from_string(head)
    kept = [node for node in model.graph.node if not any(name.startswith("side_f") for name in node.input)]
    kept = [node for node in kept if not any(name in {"side_weights", "side_linear"} for name in node.output)]
    del model.graph.node[:]
    model.graph.node.extend(node for node in kept if node.output[0] != "side_factor")
    for node in model.graph.node:
        node.output[:] = ["answer" if name == "side_base" else name for name in node.output]
    left = [entry for entry in model.graph.initializer if not entry.name.startswith("side_")]
    del model.graph.initializer[:]
    model.graph.initializer.extend(left)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
