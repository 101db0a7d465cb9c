"""From shards to a package that ships: fit, calibrate, compare, choose, export, write down what was measured."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.regions import REGIONS
from analysis.scoring.inputs import FEATURES
from analysis.scoring.package import ABOUT, ENCODER, SCALES, SIGHT
from analysis.scoring.targets import LEARNED, TARGETS
from analysis.training.scorer import evaluate
from analysis.training.scorer.evaluate import Calibration, Figures
from analysis.training.scorer.export import encoder_file, head_file, sight_file
from analysis.training.scorer.extract import Shard, load
from analysis.training.scorer.fit import KINDS, Candidate, Kind, Scales, Table, answers, fit, scales
from analysis.training.scorer.sight import fit_sight, sight_figures, visible
from analysis.training.world.rigs import is_held_out
from analysis.types import Float32

Mask = NDArray[np.bool_]

#: One training identity in so many is kept for calibration, the choice of winners and the intervals.
_CALIBRATION_SHARE: Final = 10
MEASURED_ICC: Final = 0.60
EXPERIMENTAL_ICC: Final = 0.30
_YAW_BINS: Final = ((0, 10), (10, 25), (25, 36))


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
    return Table(rows_of(shard, ~kept)), Table(rows_of(shard, kept))


def _judge(candidate: Candidate, calibrating: Table, holdout: Table, rows: Mask) -> Judged:
    calibration = evaluate.calibrate(calibrating, *answers(candidate, calibrating))
    value, doubt = answers(candidate, holdout)
    found = evaluate.figures(holdout, evaluate.calibrated(value, calibration), rows)
    return Judged(candidate, calibration, value, doubt, found)


def _scored_rows(table: Table) -> Mask:
    """Pictures that count for the headline: not the neutral ones, not mirrored, yaw within 25°."""
    shard = table.shard
    return ~shard.neutral & ~shard.mirrored & (np.abs(shard.yaw) <= evaluate.MAX_YAW_DEG)


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
    rows = _scored_rows(unseen)
    judged: dict[Kind, Judged] = {}
    for kind in KINDS:
        candidate = fit(training, kind, scale, passes=passes if kind == "picture" else 2 * passes, tell=_tell)
        judged[kind] = _judge(candidate, calibrating, unseen, rows)
        _tell(f"{kind}: mean ICC {evaluate.headline(judged[kind].figures):.3f}")
    winners = _winners(judged, calibrating)
    about = _about(version, winners, judged, unseen, rows, training)
    sight = fit_sight(training.shard, scale.crop_map, tell=_tell)
    own = ~unseen.shard.mirrored
    seen = rows_of(unseen.shard, own)
    about["sight"] = sight_figures(visible(sight, seen), seen)
    _write(out, about, scale, judged)
    (out / SIGHT).write_bytes(sight_file(sight, len(REGIONS)))
    _tell(f"winners together: mean ICC {about['figures']['mean_icc']:.3f}")


def _winners(judged: dict[Kind, Judged], calibrating: Table) -> dict[str, Kind]:
    """By code the candidate with the higher ICC on the calibration identities: held-out ones do not choose."""
    rows = _scored_rows(calibrating)
    scores: dict[str, dict[Kind, float]] = {code: {} for code in LEARNED}
    for kind, one in judged.items():
        value = evaluate.calibrated(answers(one.candidate, calibrating)[0], one.calibration)
        for code, found in evaluate.figures(calibrating, value, rows).items():
            if code in scores:
                scores[code][kind] = float(np.nan_to_num(found.icc, nan=-1.0))
    return {code: max(found, key=lambda kind: found[kind]) for code, found in scores.items()}


def _tier(code: str, icc: float) -> str:
    stored = json.loads(Path(__file__).with_name("real_clips.json").read_text(encoding="utf-8"))
    if icc >= MEASURED_ICC and code not in stored["contradicted"]:
        return "measured"
    return "experimental" if icc >= EXPERIMENTAL_ICC else "human-coded only"


def _together(winners: dict[str, Kind], judged: dict[Kind, Judged]) -> Float32:
    """Calibrated answers of every target's winner."""
    parts = {kind: evaluate.calibrated(one.value, one.calibration) for kind, one in judged.items()}
    return np.stack([parts[winners[code]][:, i] for i, (code, _) in enumerate(TARGETS)], axis=1)


def _about(
    version: str,
    winners: dict[str, Kind],
    judged: dict[Kind, Judged],
    unseen: Table,
    rows: Mask,
    training: Table,
) -> dict[str, Any]:
    value = _together(winners, judged)
    best = evaluate.figures(unseen, value, rows)
    shard = unseen.shard
    own = ~shard.neutral & ~shard.mirrored
    cohorts = {
        str(c): evaluate.figures(unseen, value, rows & (shard.cohort == c)) for c in np.unique(shard.cohort)
    }
    yaws = {
        f"{low}–{high}": evaluate.figures(
            unseen, value, own & (np.abs(shard.yaw) >= low) & (np.abs(shard.yaw) < high)
        )
        for low, high in _YAW_BINS
    }
    covered = {
        kind: evaluate.coverage(unseen, one.value, one.doubt, one.calibration) for kind, one in judged.items()
    }
    codes: dict[str, Any] = {}
    for code in ACTION_UNITS:
        learned = evaluate.learned_code(code)
        kind = winners[learned]
        calibration = judged[kind].calibration
        codes[code] = {
            "winner": kind if code in winners else None,
            "tier": _tier(code, best[code].icc),
            "gain": calibration.gain[learned],
            "offset": calibration.offset[learned],
            "rest_noise": calibration.rest_noise[learned],
            "interval": list(calibration.quantile[learned]),
            "coverage": covered[kind][learned],
            "candidates": {name: one.figures[code].icc for name, one in judged.items()},
            "held_out": asdict(best[code]),
        }
    return {
        "id": "au-nets",
        "version": version,
        "targets": [list(target) for target in TARGETS],
        "features": list(FEATURES),
        "heads": list(KINDS),
        "codes": codes,
        "figures": {
            "mean_icc": evaluate.headline(best),
            "mean_icc_by_candidate": {kind: evaluate.headline(one.figures) for kind, one in judged.items()},
            "by_cohort": {name: _icc(found) for name, found in cohorts.items()},
            "by_yaw": {name: _icc(found) for name, found in yaws.items()},
            "held_out_identities": len(set(shard.identity)),
            "held_out_pictures": int(rows.sum()),
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
        (out / f"{kind}.onnx").write_bytes(head_file(one.candidate.head, one.candidate.inputs))
    np.savez_compressed(
        out / SCALES,
        points_mean=scale.points_mean.astype(np.float32),
        points_basis=scale.points_basis.astype(np.float16),
        feature_spread=scale.feature_spread,
    )
    text = json.dumps(_rounded(about), indent=1, ensure_ascii=False)
    (out / ABOUT).write_text(text + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    """Numbers to four places, NaN as null."""
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def cross(shards: list[Path], other: list[Path], out: Path, *, name: str, passes: int) -> None:
    """Fit on one rig, measure on the other, add the figures of both candidates to ``out`` under a name."""
    training, calibrating = _split(load(shards))
    unseen = Table(load(other))
    scale, rows = scales(training), _scored_rows(unseen)
    found = {}
    for kind in KINDS:
        candidate = fit(training, kind, scale, passes=passes if kind == "picture" else 2 * passes, tell=_tell)
        found[kind] = _icc(_judge(candidate, calibrating, unseen, rows).figures)
        _tell(f"{name}, {kind}: mean ICC {found[kind]['mean']:.3f}")
    stored = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    text = json.dumps(stored | {name: _rounded(found)}, indent=1, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")
