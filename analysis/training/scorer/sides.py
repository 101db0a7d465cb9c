"""Tells left from right: weakens the side of an answer on which nothing happens.

Few pictures show a unit on one side, and nets that are fitted on all of them learn to answer with both. What tells
the sides apart is simpler than the unit itself, so a matrix of the head's inputs is fitted for that alone, on
pictures that show the unit, where one-sided ones weigh as much as the others. It can only take away: the stronger
side, and with it the intensity of the code, stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from analysis.facs.codes import CATALOGUE
from analysis.facs.series import Float64
from analysis.scoring import package as packages
from analysis.scoring.package import ABOUT, Package
from analysis.scoring.targets import LEARNED, TARGETS, columns_of
from analysis.training.scorer.extract import Shard, load
from analysis.training.scorer.measure import differences, rounded
from analysis.types import Float32

#: A unit is shown from here on, on one side where the other has less than this share of it.
_SHOWN: Final = 1.0
_ONE_SIDED: Final = 0.5
#: Penalties on standardised inputs, in pictures; chosen on identities that the fit has not seen.
_PENALTIES: Final = (100.0, 300.0, 1000.0, 3000.0, 10_000.0)
_KEPT_SHARE: Final = 5
#: A factor on the weaker side falls from 1 to 0 over this share of the limit to either side of it.
_SLOPE: Final = 0.4
#: A code's sides are told apart only if so many more pictures are right then, and if so many show it on one side.
_LEAST_GAIN: Final = 0.02
_LEAST_PICTURES: Final = 20
#: Nor if the wrong side is weakened more than once in so many times.
_MOST_WRONG: Final = 1 / 4
_TOLD: Final = ("found", "wrong", "spared", "right", "always_both", "pictures")


@dataclass(frozen=True)
class Sides:
    """How a code's sides are told apart, on pictures of identities that the fit has not seen.

    Attributes
    ----------
    found, wrong : float
        Shares of the one-sided pictures in which the side without the unit, or the one with it, loses half.
    spared : float
        Share of the two-sided pictures in which neither does.
    right, always_both : float
        Share of all that are right with and without telling the sides apart.
    pictures : int
        How many one-sided ones there are.
    weights : float64, shape (inputs,)
        Asymmetry: negative where only the subject's right acts, positive the left; beyond 1 the weaker loses half.
    """

    found: float
    wrong: float
    spared: float
    right: float
    always_both: float
    pictures: int
    weights: Float64


def add(folder: Path, shards: list[Path], tell: Callable[[str], None] = print) -> None:
    """Fit on training shards and write the matrix into the heads of a package.

    Parameters
    ----------
    folder : Path
        A package; its head files are replaced.
    shards : list of Path
        The shards that it was fitted on.
    tell : callable
        Told a line for each code.
    """
    package = packages.load(folder)
    kinds = {package.winner(code) for code in LEARNED} - {None}
    parts = [_shown(package, path) for path in shards]
    labels = np.concatenate([part[1] for part in parts])
    identity = np.concatenate([part[2] for part in parts])
    told: dict[str, dict[str, float]] = {}
    for kind in sorted(str(kind) for kind in kinds):
        inputs = np.concatenate([part[0][kind] for part in parts]).astype(np.float64)
        codes = [code for code in LEARNED if CATALOGUE[code].sided and package.winner(code) == kind]
        weights: dict[str, Float64] = {}
        for code in codes:
            fitted = _fit(code, inputs, labels, identity)
            if fitted is None:
                continue
            gains = fitted.right >= fitted.always_both + _LEAST_GAIN
            used = gains and fitted.wrong <= _MOST_WRONG * fitted.found
            told[code] = {name: getattr(fitted, name) for name in _TOLD} | {"used": used}
            tell(f"sides of {code}: {told[code]}")
            if used:
                weights[code] = fitted.weights
        path = folder / f"{kind}.onnx"
        path.write_bytes(_weakened(path.read_bytes(), inputs.shape[1], weights))
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8")) | {"sides": rounded(told)}
    (folder / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _shown(package: Package, path: Path) -> tuple[dict[str, Float32], Float32, NDArray[np.str_]]:
    """Inputs, labels and identities of the rows of a shard that show anything that has sides."""
    shard = load([path])
    sided = [number for number, (code, side) in enumerate(TARGETS) if side]
    shows = np.nan_to_num(shard.labels[:, sided]).max(axis=1) > _SHOWN
    people = np.isin(shard.identity, np.unique(shard.identity[shows]))
    rows = (shows | shard.neutral) & people
    part = Shard(**{field.name: getattr(shard, field.name)[rows] for field in fields(Shard)})
    given, _ = differences(package, part)
    usable = ~part.neutral & np.isfinite(next(iter(given.values()))).all(axis=1)
    return {kind: values[usable] for kind, values in given.items()}, part.labels[usable], part.identity[usable]


def _fit(code: str, inputs: Float64, labels: Float32, identity: NDArray[np.str_]) -> Sides | None:
    """How a code's sides are told apart; None where too few show it on one side."""
    left, right = (labels[:, place].astype(np.float64) for place in columns_of(code))
    larger = np.maximum(left, right)
    rows = np.flatnonzero(larger > _SHOWN)
    true = ((left - right) / np.maximum(larger, 1e-6))[rows]
    one_sided = np.abs(true) > 1 - _ONE_SIDED
    people = np.unique(identity[rows][one_sided])
    if len(people) < 2 * _KEPT_SHARE:
        return None
    spread = np.maximum(inputs[rows].std(axis=0), 1e-6)
    x = inputs[rows] / spread
    weight = np.where(one_sided, 0.5 / one_sided.sum(), 0.5 / max(1, (~one_sided).sum())) * len(rows)
    kept = np.isin(identity[rows], np.random.default_rng(0).permutation(people)[::_KEPT_SHARE])
    kept |= np.array([sum(map(ord, name)) % _KEPT_SHARE == 0 for name in identity[rows]])
    unseen = kept & one_sided
    best, error, found = _PENALTIES[0], np.inf, np.zeros(x.shape[1])
    for penalty in _PENALTIES:
        weights = _ridge(x[~kept], true[~kept], weight[~kept], penalty)
        off = float(weight[kept] @ (np.clip(x[kept] @ weights, -1, 1) - true[kept]) ** 2)
        if off < error:
            best, error, found = penalty, off, weights
    said, both = (x[unseen] @ found) * np.sign(true[unseen]), np.abs(x[kept & ~one_sided] @ found)
    if min(len(said), len(both)) < _LEAST_PICTURES:
        return None
    limit, correct = _limit(np.asarray(said), np.asarray(both))
    fitted = _ridge(x, true, weight, best) / spread / limit
    return Sides(
        found=float((said > limit).mean()),
        wrong=float((said < -limit).mean()),
        spared=float((both < limit).mean()),
        right=correct,
        always_both=len(both) / (len(said) + len(both)),
        pictures=len(said),
        weights=fitted,
    )


def _limit(said: Float64, both: Float64) -> tuple[float, float]:
    """The asymmetry from which on a picture is best called one-sided, and the share that is right then."""
    tried = np.quantile(np.concatenate([np.abs(said), both]), np.linspace(0.02, 0.98, 49))
    right = [int((said > at).sum()) + int((both < at).sum()) for at in tried]
    best = int(np.argmax(right))
    return max(float(tried[best]), 1e-6), right[best] / (len(said) + len(both))


def _ridge(x: Float64, y: Float64, weight: Float64, penalty: float) -> NDArray[Any]:
    """Weighted least squares without a constant: what is symmetric has no side."""
    gram = (x * weight[:, None]).T @ x
    found: NDArray[Any] = np.linalg.solve(gram + penalty * np.eye(len(gram)), x.T @ (weight * y))
    return found


def _weakened(head: bytes, inputs: int, weights: dict[str, Float64]) -> bytes:
    """A head whose intensities are multiplied by 1 on the side that acts, and by less on the other."""
    model = onnx.load_model_from_string(head)
    if any(entry.name == "side_half" for entry in model.graph.initializer):
        raise ValueError("this head tells the sides apart already")
    matrix = np.zeros((inputs, 2 * len(TARGETS)), np.float32)
    constant = np.ones(2 * len(TARGETS), np.float32)
    for code, asymmetry in weights.items():
        for place, sign in zip(columns_of(code), (1.0, -1.0), strict=True):
            matrix[:, place] = sign * asymmetry / (2 * _SLOPE)
            constant[place] = 0.5 + 1 / (2 * _SLOPE)
    for node in model.graph.node:
        node.output[:] = ["side_base" if name == "answer" else name for name in node.output]
    constants: dict[str, NDArray[Any]] = {
        "side_half": matrix.astype(np.float16),
        "side_constant": constant,
        "side_none": np.array(0, np.float32),
        "side_whole": np.array(1, np.float32),
    }
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["side_half"], ["side_weights"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gemm", ["difference", "side_weights", "side_constant"], ["side_linear"]),
            helper.make_node("Clip", ["side_linear", "side_none", "side_whole"], ["side_factor"]),
            helper.make_node("Mul", ["side_base", "side_factor"], ["answer"]),
        ]
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
