"""Fits the net that says which parts of a face are in view, and measures it on held-out faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import nn

from analysis.facs.regions import REGIONS
from analysis.training.scorer.extract import Shard
from analysis.training.scorer.nets import Sight

_BATCH: Final = 128
_RATE: Final = 2e-3
#: Few pictures have something in front of them; a hidden part weighs so many times a visible one.
_HIDDEN_WEIGHT: Final = 3.0


def _maps(shard: Shard, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> torch.Tensor:
    return torch.from_numpy(shard.crop_map[rows]).float()


def fit_sight(shard: Shard, scale: float, *, passes: int = 8, tell: Callable[[str], None] = print) -> Sight:
    """Fit on the rows whose visibility is known; ``scale`` is the spread of the crop maps."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    sight = Sight(scale, len(REGIONS))
    goal = torch.from_numpy(np.clip(shard.visible, 0, 1).astype(np.float32))
    known = np.flatnonzero(np.isfinite(shard.visible).all(1))
    steps = passes * (len(known) // _BATCH)
    optimiser = torch.optim.AdamW(sight.parameters(), _RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for number in range(passes):
        sight.train()
        losses = []
        order = rng.permutation(known)
        for start in range(0, len(order) - _BATCH + 1, _BATCH):
            rows = order[start : start + _BATCH]
            weight = 1 + (_HIDDEN_WEIGHT - 1) * (1 - goal[rows])
            loss = nn.functional.binary_cross_entropy_with_logits(
                sight(_maps(shard, rows)), goal[rows], weight=weight
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(f"sight pass {number + 1}/{passes}: loss {np.mean(losses):.4f}")
    sight.eval()
    return sight
