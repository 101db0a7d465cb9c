"""Fits the two candidates on shards: one on features alone, one that sees the picture, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.scoring.inputs import FEATURES, POINT_CODE, POSE_INPUTS, poses
from analysis.scoring.targets import LEARNED, TARGETS, columns_of
from analysis.training.scorer.extract import Shard
from analysis.training.scorer.nets import CROP_CODE, REGION_CODE, Encoder, Head, Heads
from analysis.types import Float32

Int64 = NDArray[np.int64]
Kind = Literal["features", "picture"]
KINDS: Final[tuple[Kind, ...]] = ("features", "picture")

_PEOPLE: Final = 12  # identities in a batch, so that each neutral is encoded once
_EACH: Final = 9  # their pictures
_RATE: Final = 2e-3
_DECAY: Final = 0.05
_COLUMNS: Final = (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS)


@dataclass(frozen=True)
class Scales:
    """What makes the nets' inputs comparable; found on the training pictures.

    Attributes
    ----------
    feature_spread : float32, shape (F,)
        Of each feature's difference to the neutral.
    points_mean : float32, shape (1434,); points_basis : float32, shape (1434, P)
        Principal directions of the aligned points, each divided by the spread of its difference to the neutral.
    region_maps, crop_map : float
    """

    feature_spread: Float32
    points_mean: Float32
    points_basis: Float32
    region_maps: float
    crop_map: float


class Table:
    """A shard with its rows grouped by person and mirror image, and its neutrals known."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.features = shard.columns[:, [_COLUMNS.index(name) for name in FEATURES]].astype(np.float32)
        self.poses = poses(*(shard.columns[:, _COLUMNS.index(n)] for n in ("yaw_deg", "pitch_deg", "roll_deg")))
        self.points = shard.points.reshape(len(shard), -1)
        keys = np.char.add(shard.identity, np.where(shard.mirrored, "/mirrored", ""))
        names, self.group = np.unique(keys, return_inverse=True)
        members = [np.flatnonzero(self.group == number) for number in range(len(names))]
        self.members = [rows for rows in members if shard.neutral[rows].any() and len(rows) > 1]
        self.neutrals = [rows[shard.neutral[rows]] for rows in self.members]

    def reference(self, values: Float32) -> Float32:
        """For every row the mean of its person's neutrals, (n, …); NaN where there is none."""
        out = np.full(values.shape, np.nan, np.float32)
        for rows, neutral in zip(self.members, self.neutrals, strict=True):
            out[rows] = values[neutral].mean(0)
        return out


def scales(table: Table) -> Scales:
    """Find the scales on the training table.

    Raises
    ------
    ValueError
        Too few pictures to tell directions apart.
    """
    difference = table.features - table.reference(table.features)
    spread = np.nanstd(difference, axis=0)
    mean = table.points.mean(0)
    moved = table.points - table.reference(table.points)
    moved = moved[np.isfinite(moved).all(1)]
    if len(moved) <= POINT_CODE:
        raise ValueError(f"{len(moved)} pictures are too few to fit on: more than {POINT_CODE} are needed")
    _, _, directions = np.linalg.svd(moved[:: max(1, len(moved) // 6000)], full_matrices=False)
    basis = directions[:POINT_CODE].T
    projected = (moved @ basis).std(0)
    # small directions are mostly noise: they are not blown up to the size of the large ones
    basis = basis / np.maximum(projected, 0.1 * projected[0])
    return Scales(
        np.maximum(spread, 1e-4).astype(np.float32),
        mean.astype(np.float32),
        basis.astype(np.float32),
        float(table.shard.region_maps[:500].astype(np.float32).std()),
        float(table.shard.crop_map[:500].astype(np.float32).std()),
    )


class Candidate(nn.Module):
    """One candidate with everything between measurements and answers."""

    def __init__(self, kind: Kind, scale: Scales) -> None:
        super().__init__()
        self.kind = kind
        self.scale = scale
        seen = 0 if kind == "features" else REGION_CODE + CROP_CODE + POINT_CODE
        self.encoder = None if kind == "features" else Encoder(scale.region_maps, scale.crop_map)
        self.inputs = seen + len(FEATURES) + POSE_INPUTS
        self.head = Heads([Head(self.inputs, len(TARGETS))])

    def code(self, table: Table, rows: Int64) -> Tensor:
        """What one picture alone is worth, (n, …); heads see differences of it."""
        parts: list[Tensor] = []
        if self.encoder is not None:
            maps = (table.shard.region_maps[rows], table.shard.crop_map[rows])
            parts.append(self.encoder(*(torch.from_numpy(part).float() for part in maps)))
            points = (table.points[rows] - self.scale.points_mean) @ self.scale.points_basis
            parts.append(torch.from_numpy(points))
        parts.append(torch.from_numpy(np.nan_to_num(table.features[rows] / self.scale.feature_spread)))
        return torch.cat(parts, 1)

    def answer(self, code: Tensor, neutral: Tensor, pose: Tensor, neutral_pose: Tensor) -> Tensor:
        return self.head(given(code, neutral, pose, neutral_pose))  # type: ignore[no-any-return]


def given(code: Tensor, neutral: Tensor, pose: Tensor, neutral_pose: Tensor) -> Tensor:
    """What a head is given; differences of dozens of spreads come from a mesh that has slipped."""
    return torch.cat([torch.clamp(code - neutral, -12, 12), pose, neutral_pose], 1)


def _loss(answer: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    known = torch.isfinite(labels)
    goal = torch.nan_to_num(labels)
    targets = labels.shape[1]
    value, doubt = answer[:, :targets], torch.clamp(answer[:, targets:], -6, 3)
    error = value - goal
    squared = (error**2 * weight)[known].mean()
    away = error.detach().abs()
    laplace = (away * torch.exp(-doubt) + doubt)[known].mean()
    return squared + 0.1 * laplace


def _sides(labels: Float32) -> tuple[NDArray[np.int64], Tensor]:
    """Pairs of left and right targets, (p, 2), and what a wrong difference between them costs.

    One-sided actions are rare: without a price of their own a net answers the same for both sides.
    """
    pairs = np.array([columns_of(code) for code in LEARNED if len(columns_of(code)) == 2])
    difference = labels[:, pairs[:, 0]] - labels[:, pairs[:, 1]]
    weight = 1 / (np.nan_to_num(np.nanvar(difference, axis=0), nan=1.0) + 0.05)
    scale = (1 / (np.nan_to_num(np.nanvar(labels, axis=0), nan=1.0) + 0.1)).mean()
    return pairs, torch.from_numpy((0.5 * weight / scale).astype(np.float32))


def _side_loss(answer: Tensor, labels: Tensor, pairs: NDArray[np.int64], weight: Tensor) -> Tensor:
    said = answer[:, pairs[:, 0]] - answer[:, pairs[:, 1]]
    true = labels[:, pairs[:, 0]] - labels[:, pairs[:, 1]]
    known = torch.isfinite(true)
    return ((said - torch.nan_to_num(true)) ** 2 * weight)[known].mean()


def _weights(labels: Float32) -> Tensor:
    """Rare units count as much as common ones, up to a limit."""
    variance = np.nan_to_num(np.nanvar(labels, axis=0), nan=1.0)
    weight = 1 / (variance + 0.1)
    return torch.from_numpy((weight / weight.mean()).astype(np.float32))


def _batches(table: Table, rng: Generator) -> Iterator[list[tuple[int, Int64]]]:
    """Every picture once, in batches of `_PEOPLE` persons with up to `_EACH` pictures."""
    parts = [
        (person, part)
        for person, rows in enumerate(table.members)
        for part in np.array_split(rng.permutation(rows), max(1, -(-len(rows) // _EACH)))
    ]
    order = rng.permutation(len(parts))
    together = min(_PEOPLE, len(parts))
    for start in range(0, len(order) - together + 1, max(1, together)):
        yield [parts[number] for number in order[start : start + together]]


def _compare(
    candidate: Candidate, table: Table, batch: list[tuple[int, Int64]], rng: Generator
) -> tuple[Tensor, Int64]:
    """Answers for a batch, each picture against one or the mean of two of its person's neutrals."""
    rows, chosen, person = _drawn(table, batch, rng)
    neutral_rows = np.concatenate(chosen)
    owner = np.repeat(np.arange(len(batch)), [len(part) for part in chosen])
    average = np.zeros((len(batch), len(neutral_rows)), np.float32)
    average[owner, np.arange(len(neutral_rows))] = 1
    average /= average.sum(1, keepdims=True)
    code = candidate.code(table, np.concatenate([rows, neutral_rows]))
    neutral = (torch.from_numpy(average) @ code[len(rows) :])[person]
    neutral_pose = (average @ table.poses[neutral_rows])[person]
    pose = torch.from_numpy(table.poses[rows])
    return candidate.answer(code[: len(rows)], neutral, pose, torch.from_numpy(neutral_pose)), rows


def fit(
    table: Table, kind: Kind, scale: Scales, *, passes: int, seed: int = 0, tell: Callable[[str], None] = print
) -> Candidate:
    """Fit one candidate.

    Parameters
    ----------
    table : Table
        Training identities only.
    kind : {"features", "picture"}
    scale : Scales
    passes : int
        Over all pictures.
    seed : int
    tell : callable
        Told a line a pass.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    candidate = Candidate(kind, scale)
    weight = _weights(table.shard.labels)
    steps = passes * sum(1 for _ in _batches(table, np.random.default_rng(0)))
    optimiser = torch.optim.AdamW(candidate.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps + passes)
    for number in range(passes):
        candidate.train()
        losses = []
        for batch in _batches(table, rng):
            answer, rows = _compare(candidate, table, batch, rng)
            loss = _loss(answer, torch.from_numpy(table.shard.labels[rows]), weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(candidate.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(f"{kind} pass {number + 1}/{passes}: loss {np.mean(losses):.4f}")
    candidate.eval()
    return candidate


def _codes(candidate: Candidate, table: Table) -> Tensor:
    """What every row is worth alone, as the candidate sees it when it is used, (n, …)."""
    candidate.eval()
    with torch.no_grad():
        rows = np.arange(len(table.shard))
        return torch.cat([candidate.code(table, rows[i : i + 256]) for i in range(0, len(rows), 256)])


def refine(
    candidate: Candidate, table: Table, *, heads: int, passes: int, tell: Callable[[str], None] = print
) -> None:
    """Add heads that are fitted with the encoder as it is and the sides' differences priced.

    A head costs a hundredth of an encoder, so it can be shown everything many times.
    """
    code = _codes(candidate, table)
    added = [_refined(candidate, code, table, passes=passes, seed=seed, tell=tell) for seed in range(1, heads + 1)]
    known = [head for head in candidate.head.heads if isinstance(head, Head)]
    candidate.head = Heads([*known, *added])
    candidate.eval()


def _refined(
    candidate: Candidate, code: Tensor, table: Table, *, passes: int, seed: int, tell: Callable[[str], None]
) -> Head:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = Head(candidate.inputs, len(TARGETS))
    weight, (pairs, side_weight) = _weights(table.shard.labels), _sides(table.shard.labels)
    labels, pose = torch.from_numpy(table.shard.labels), torch.from_numpy(table.poses)
    steps = passes * (sum(1 for _ in _batches(table, np.random.default_rng(0))) + 1)
    optimiser = torch.optim.AdamW(head.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for number in range(passes):
        head.train()
        losses = []
        for batch in _batches(table, rng):
            rows, neutral, person = _drawn(table, batch, rng)
            rest = torch.stack([code[part].mean(0) for part in neutral])[person]
            rest_pose = torch.stack([pose[part].mean(0) for part in neutral])[person]
            answer = head(given(code[rows], rest, pose[rows], rest_pose))
            loss = _loss(answer, labels[rows], weight) + _side_loss(answer, labels[rows], pairs, side_weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(f"{candidate.kind} head {seed}, pass {number + 1}/{passes}: loss {np.mean(losses):.4f}")
    return head


def _drawn(table: Table, batch: list[tuple[int, Int64]], rng: Generator) -> tuple[Int64, list[Int64], Int64]:
    """Rows of a batch, one or two neutral rows of each of its persons, and which person each row is."""
    rows = np.concatenate([part for _, part in batch])
    neutral = [
        rng.choice(
            table.neutrals[person], min(int(rng.integers(1, 3)), len(table.neutrals[person])), replace=False
        )
        for person, _ in batch
    ]
    return rows, neutral, np.repeat(np.arange(len(batch)), [len(part) for _, part in batch])


def answers(candidate: Candidate, table: Table) -> tuple[Float32, Float32]:
    """Intensities and expected absolute errors of every row of a table, (n, targets) each; NaN without a neutral.

    The neutral is the mean of all of the person's neutrals.
    """
    value = np.full((len(table.shard), len(TARGETS)), np.nan, np.float32)
    doubt = value.copy()
    with torch.no_grad():
        for rows, neutrals in zip(table.members, table.neutrals, strict=True):
            code = candidate.code(table, np.concatenate([rows, neutrals]))
            neutral = code[len(rows) :].mean(0, keepdim=True).expand(len(rows), -1)
            pose = torch.from_numpy(table.poses[rows])
            neutral_pose = torch.from_numpy(table.poses[neutrals].mean(0, keepdims=True)).expand(len(rows), -1)
            out = candidate.answer(code[: len(rows)], neutral, pose, neutral_pose).numpy()
            value[rows] = out[:, : len(TARGETS)]
            doubt[rows] = np.exp(np.clip(out[:, len(TARGETS) :], -6, 3))
    return value, doubt
