"""From shards to a package that ships: fit, calibrate, compare, choose, export, write down what was measured."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.regions import REGIONS
from analysis.scoring.inputs import FEATURES
from analysis.scoring.package import ABOUT, ENCODER, SCALES, SIGHT
from analysis.scoring.targets import LEARNED, TARGETS
from analysis.training.scorer import evaluate, sides
from analysis.training.scorer.evaluate import Calibration, Figures
from analysis.training.scorer.export import encoder_file, head_file, sight_file
from analysis.training.scorer.extract import Shard, load
from analysis.training.scorer.fit import KINDS, Candidate, Kind, Scales, Table, answers, fit, refine, scales
from analysis.training.scorer.measure import measure, rounded, scored_rows
from analysis.training.scorer.sight import fit_sight
from analysis.training.world.rigs import is_held_out
from analysis.types import Float32

Mask = NDArray[np.bool_]

#: One training identity in so many is kept for calibration, the choice of winners and the intervals.
_CALIBRATION_SHARE: Final = 10
#: A head sees the pictures so many times as often as the encoder does.
_HEAD_PASSES: Final = 3
_HEADS: Final[dict[Kind, int]] = {"features": 1, "picture": 3}


@dataclass(frozen=True)
class Judged:
    """A fitted candidate and what it says of the held-out pictures."""

    candidate: Candidate
    calibration: Calibration
    value: Float32
    doubt: Float32
    figures: dict[str, Figures]


def rows_of(shard: Shard, rows: Mask) -> Shard:
    return Shard(**{field.name: getattr(shard, field.name)[rows] for field in fields(Shard)})


def _seeds(shard: Shard) -> NDArray[np.int64]:
    return np.array([int(name.split(":")[1]) for name in shard.identity])


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _split(shard: Shard) -> tuple[Table, Table]:
    """Training and calibration identities; a held-out one among them is an error."""
    for name in set(shard.identity):
        rig, seed = name.split(":")
        if is_held_out(rig, int(seed)):
            raise ValueError(f"identity {name} is held out and must not be trained on")
    kept = _seeds(shard) % _CALIBRATION_SHARE == 3
    if not kept.any() or kept.all():
        raise ValueError(
            "identities are needed both to train and to calibrate on: of each ten, the one ending in 3"
        )
    return Table(rows_of(shard, ~kept)), Table(rows_of(shard, kept))


def _judge(candidate: Candidate, calibrating: Table, holdout: Table, rows: Mask) -> Judged:
    calibration = evaluate.calibrate(calibrating.shard, *answers(candidate, calibrating))
    value, doubt = answers(candidate, holdout)
    found = evaluate.figures(holdout.shard, evaluate.calibrated(value, calibration), rows)
    return Judged(candidate, calibration, value, doubt, found)


def _fitted(training: Table, kind: Kind, scale: Scales, passes: int) -> Candidate:
    """The candidate with one head that was fitted with the encoder and others fitted on what it says."""
    candidate = fit(training, kind, scale, passes=passes if kind == "picture" else 1, tell=_tell)
    refine(candidate, training, heads=_HEADS[kind], passes=_HEAD_PASSES * passes, tell=_tell)
    return candidate


def build(shards: list[Path], holdout: list[Path], out: Path, *, version: str, passes: int) -> None:
    """Fit both candidates and write the package's folder.

    Raises
    ------
    ValueError
        A held-out identity is among the training shards.
    """
    training, calibrating = _split(load(shards))
    unseen = Table(load(holdout))
    scale = scales(training)
    rows = scored_rows(unseen.shard)
    judged: dict[Kind, Judged] = {}
    for kind in KINDS:
        candidate = _fitted(training, kind, scale, passes)
        judged[kind] = _judge(candidate, calibrating, unseen, rows)
        _tell(f"{kind}: mean ICC {evaluate.headline(judged[kind].figures):.3f}")
    about = _about(version, _winners(judged, calibrating), judged, training)
    sight = fit_sight(training.shard, scale.crop_map, tell=_tell)
    _write(out, about, scale, judged)
    (out / SIGHT).write_bytes(sight_file(sight, len(REGIONS)))
    sides.add(out, shards, _tell)
    _tell(f"as it is used: mean ICC {measure(out, holdout):.3f}")


def _winners(judged: dict[Kind, Judged], calibrating: Table) -> dict[str, Kind]:
    """By code the candidate with the higher ICC on the calibration identities: held-out ones do not choose."""
    rows = scored_rows(calibrating.shard)
    scores: dict[str, dict[Kind, float]] = {code: {} for code in LEARNED}
    for kind, one in judged.items():
        value = evaluate.calibrated(answers(one.candidate, calibrating)[0], one.calibration)
        for code, found in evaluate.figures(calibrating.shard, value, rows).items():
            if code in scores:
                scores[code][kind] = float(np.nan_to_num(found.icc, nan=-1.0))
    return {code: max(found, key=lambda kind: found[kind]) for code, found in scores.items()}


def _about(version: str, winners: dict[str, Kind], judged: dict[Kind, Judged], training: Table) -> dict[str, Any]:
    """What is known before the package is measured (`measure`)."""
    codes: dict[str, Any] = {}
    for code in ACTION_UNITS:
        learned = evaluate.learned_code(code)
        calibration = judged[winners[learned]].calibration
        codes[code] = {
            "winner": winners.get(code),
            "gain": calibration.gain[learned],
            "offset": calibration.offset[learned],
            "rest_noise": calibration.rest_noise[learned],
            "interval": list(calibration.quantile[learned]),
            "candidates": {name: one.figures[code].icc for name, one in judged.items()},
        }
    return {
        "id": "au-nets",
        "version": version,
        "targets": [list(target) for target in TARGETS],
        "features": list(FEATURES),
        "heads": sorted({str(kind) for kind in winners.values()}),
        "codes": codes,
        "figures": {
            "mean_icc_by_candidate": {kind: evaluate.headline(one.figures) for kind, one in judged.items()},
            "training_identities": len(set(training.shard.identity)),
            "training_pictures": int((~training.shard.mirrored).sum()),
        },
    }


def _icc(found: dict[str, Figures]) -> dict[str, float]:
    return {"mean": evaluate.headline(found)} | {code: one.icc for code, one in found.items()}


def _write(out: Path, about: dict[str, Any], scale: Scales, judged: dict[Kind, Judged]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    picture = judged["picture"].candidate
    assert picture.encoder is not None
    (out / ENCODER).write_bytes(encoder_file(picture.encoder, picture.encoder.size))
    for kind, one in judged.items():
        if kind not in about["heads"]:
            continue
        (out / f"{kind}.onnx").write_bytes(head_file(one.candidate.head, one.candidate.inputs))
    np.savez_compressed(
        out / SCALES,
        points_mean=scale.points_mean.astype(np.float32),
        points_basis=scale.points_basis.astype(np.float16),
        feature_spread=scale.feature_spread,
    )
    text = json.dumps(rounded(about), indent=1, ensure_ascii=False)
    (out / ABOUT).write_text(text + "\n", encoding="utf-8")


def cross(shards: list[Path], other: list[Path], out: Path, *, name: str, passes: int) -> None:
    """Fit on one rig, measure on the other, add the figures of both candidates to ``out`` under a name."""
    training, calibrating = _split(load(shards))
    unseen = Table(load(other))
    scale, rows = scales(training), scored_rows(unseen.shard)
    found = {}
    for kind in KINDS:
        candidate = _fitted(training, kind, scale, passes)
        found[kind] = _icc(_judge(candidate, calibrating, unseen, rows).figures)
        _tell(f"{name}, {kind}: mean ICC {found[kind]['mean']:.3f}")
    stored = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    text = json.dumps(stored | {name: rounded(found)}, indent=1, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")
