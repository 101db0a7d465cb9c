"""Measures a package as the engine uses it, on shards of held-out identities, and writes the figures into it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.regions import REGIONS, regions_of
from analysis.scoring import package as packages
from analysis.scoring import tiers
from analysis.scoring.inputs import FEATURES, poses
from analysis.scoring.interval import POOR, TURNED_DEG, half_width
from analysis.scoring.package import ABOUT, Package
from analysis.scoring.targets import TARGETS
from analysis.training.scorer import evaluate, intervals
from analysis.training.scorer.evaluate import Figures
from analysis.training.scorer.extract import Shard, load
from analysis.types import Float32

Mask = NDArray[np.bool_]

#: A part of which less than this is in view is not scored (`analysis.facs.visibility`).
_HIDDEN: Final = 0.4
_YAW_BINS: Final = ((0, 10), (10, 25), (25, 36))
_BATCH: Final = 64
_LARGEST: Final = 12.0
_COLUMNS: Final = (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS)
_ANGLES: Final = ("yaw_deg", "pitch_deg", "roll_deg")


@dataclass(frozen=True)
class Answers:
    """What a package says of a shard; NaN where it would not be scored.

    Attributes
    ----------
    value : float32, shape (n, targets)
        Calibrated, unlimited.
    width : float32, shape (n, targets)
        Half of the interval.
    visible : float32, shape (n, 6)
    """

    value: Float32
    width: Float32
    visible: Float32


def scored_rows(shard: Shard) -> Mask:
    """Pictures that count for the headline: not the neutral ones, not mirrored, yaw within 25°."""
    return np.asarray(~shard.neutral & ~shard.mirrored & (np.abs(shard.yaw) <= evaluate.MAX_YAW_DEG))


def _encoded(package: Package, shard: Shard) -> tuple[Float32, Float32]:
    """Code and visible shares of every row."""
    code, seen = [], []
    for start in range(0, len(shard), _BATCH):
        rows = slice(start, start + _BATCH)
        regions, crop = (maps[rows].astype(np.float32) for maps in (shard.region_maps, shard.crop_map))
        code.append(package.encoder.run(None, {"region_maps": regions, "crop_map": crop})[0])
        seen.append(package.sight.run(None, {"crop_map": crop})[0])
    points = (shard.points.reshape(len(shard), -1) - package.points_mean) @ package.points_basis
    return np.concatenate([np.concatenate(code), points], axis=1), np.concatenate(seen)


def differences(package: Package, shard: Shard) -> tuple[dict[str, Float32], Float32]:
    """What each head reads of every row against the mean of its person's neutrals, and visible shares.

    Mirrored pictures are compared with mirrored neutrals; rows without a neutral are NaN.
    """
    code, visible = _encoded(package, shard)
    features = np.nan_to_num(shard.columns[:, [_COLUMNS.index(n) for n in FEATURES]] / package.feature_spread)
    inputs = {"features": features, "picture": np.concatenate([code, features], axis=1)}
    pose = poses(*(shard.columns[:, _COLUMNS.index(name)] for name in _ANGLES))
    sizes = {kind: values.shape[1] + 2 * pose.shape[1] for kind, values in inputs.items()}
    out = {kind: np.full((len(shard), size), np.nan, np.float32) for kind, size in sizes.items()}
    groups = np.char.add(shard.identity, np.where(shard.mirrored, "/mirrored", ""))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        rest = rows[shard.neutral[rows]]
        if not len(rest):
            continue
        at_rest = np.repeat(pose[rest].mean(0, keepdims=True), len(rows), axis=0)
        for kind, values in inputs.items():
            difference = np.clip(values[rows] - values[rest].mean(0), -_LARGEST, _LARGEST)
            out[kind][rows] = np.concatenate([difference, pose[rows], at_rest], axis=1)
    return out, visible


def answers(package: Package, shard: Shard) -> Answers:
    """Score every row against the mean of its person's neutrals, mirrored pictures apart from the others."""
    given, visible = differences(package, shard)
    said = {kind: np.full((len(shard), 2 * len(TARGETS)), np.nan, np.float32) for kind in package.heads}
    for kind, head in package.heads.items():
        rows = np.isfinite(given[kind]).all(axis=1)
        said[kind][rows] = head.run(None, {"difference": given[kind][rows]})[0]
    value, width = _calibrated(package, shard, said)
    for number, (target, side) in enumerate(TARGETS):
        hidden = [visible[:, REGIONS.index(region)] < _HIDDEN for region in regions_of(target, side)]
        if hidden:
            value[np.any(hidden, axis=0), number] = np.nan
    return Answers(value, width, visible)


def _calibrated(package: Package, shard: Shard, said: dict[str, Float32]) -> tuple[Float32, Float32]:
    turned, poor = np.abs(shard.yaw) > TURNED_DEG, intervals.shard_quality(shard) < POOR
    value = np.empty((len(shard), len(TARGETS)), np.float32)
    width = np.empty_like(value)
    for number, (target, _) in enumerate(TARGETS):
        about = package.about["codes"][target]
        own = said[about["winner"]]
        score = own[:, number].astype(np.float64) * about["gain"] + about["offset"]
        doubt = own[:, len(TARGETS) + number].astype(np.float64) * abs(about["gain"])
        value[:, number] = score
        width[:, number] = half_width(about["interval"], score, doubt, turned, poor)
    return value, width


def _sight(shard: Shard, visible: Float32) -> dict[str, dict[str, float]]:
    """By part: share hidden, and of the hidden ones found (recall) and of the found ones hidden (precision)."""
    out = {}
    for number, part in enumerate(REGIONS):
        true, found = shard.visible[:, number] < _HIDDEN, visible[:, number] < _HIDDEN
        both = float((true & found).sum())
        out[part] = {
            "hidden": float(true.mean()),
            "recall": both / max(float(true.sum()), 1.0),
            "precision": both / max(float(found.sum()), 1.0),
        }
    return out


def tier(code: str, icc: float) -> str:
    """Tier of a code by the written rule (`analysis.scoring.tiers`) and what was seen on real clips."""
    stored = json.loads(Path(__file__).with_name("real_clips.json").read_text(encoding="utf-8"))
    return tiers.tier(icc, contradicted=code in stored["contradicted"])


def _means(found: dict[str, Figures]) -> dict[str, float]:
    return {"mean": evaluate.headline(found)} | {code: one.icc for code, one in found.items()}


def measure(folder: Path, holdout: list[Path]) -> float:
    """Measure a package on shards of held-out identities and write the figures into its ``scorer.json``.

    Returns
    -------
    float
        Mean ICC(3,1) over the 23 units of the headline.
    """
    package = packages.load(folder)
    everything = load(holdout)
    own = ~everything.mirrored
    shard = Shard(**{field.name: getattr(everything, field.name)[own] for field in fields(Shard)})
    said, rows = answers(package, shard), scored_rows(shard)
    best = evaluate.figures(shard, said.value, rows)
    yaw = np.abs(shard.yaw)
    bins = {f"{low}–{high}": ~shard.neutral & (yaw >= low) & (yaw < high) for low, high in _YAW_BINS}
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    covered = intervals.coverage_by_code(shard, said.value, said.width)
    for code in ACTION_UNITS:
        about["codes"][code] |= {
            "tier": tier(code, best[code].icc),
            "coverage": covered[evaluate.learned_code(code)],
            "held_out": asdict(best[code]),
        }
    about["figures"] |= {
        "mean_icc": evaluate.headline(best),
        "mean_icc_all": float(np.nanmean([one.icc for one in best.values()])),
        "by_cohort": {
            str(name): _means(evaluate.figures(shard, said.value, rows & (shard.cohort == name)))
            for name in np.unique(shard.cohort)
        },
        "by_yaw": {name: _means(evaluate.figures(shard, said.value, part)) for name, part in bins.items()},
        **intervals.tables(shard, said.value, said.width),
        "held_out_identities": len(set(shard.identity)),
        "held_out_pictures": int(rows.sum()),
    }
    about["sight"] = _sight(shard, said.visible)
    text = json.dumps(rounded(about), indent=1, ensure_ascii=False)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")
    return evaluate.headline(best)


def rounded(value: Any) -> Any:
    """Numbers to four places, NaN as null."""
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value
