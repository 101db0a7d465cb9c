"""Fine-tunes the encoder on the training split; the development split says how each pass went."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from analysis.training.text.base import Base
from analysis.training.text.net import TextNet, load_base, start_at
from analysis.training.text.scores import best_thresholds, macro_f1
from analysis.types import Float32

Int64 = NDArray[np.int64]
RECIPE: Final = "recipe.json"


@dataclass(frozen=True)
class Recipe:
    """What steers the fine-tuning. Choices of ours within the usual ranges for small BERT encoders.

    Attributes
    ----------
    passes, batch, most_pieces : int
        The longest training text has 33 words, so 64 pieces lose next to nothing.
    rate, head_rate, decay_per_layer, weight_decay, warm_up : float
        Learning rate of the top layer and of the head; each lower layer learns by ``decay_per_layer`` less.
    rare_below, neutral_kept : float
        See :func:`one_pass`.
    keep_words : bool
        Leave the word vectors as published: 43,410 short texts hold too few of most pieces to move them well.
    seed : int
    """

    passes: int = 3
    batch: int = 32
    most_pieces: int = 64
    rate: float = 1.2e-4
    head_rate: float = 1e-3
    decay_per_layer: float = 0.9
    weight_decay: float = 0.01
    warm_up: float = 0.06
    rare_below: float = 0.02
    neutral_kept: float = 0.5
    keep_words: bool = True
    seed: int = 5


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Ids as a table, zeros behind."""
    table = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return torch.from_numpy(table)


def one_pass(labels: Float32, rare_below: float, neutral_kept: float, random: Generator) -> Int64:
    """Row numbers that one pass sees: rows of rare labels more often, rows that are only neutral less often.

    A row counts the square root of ``rare_below`` over the share of its rarest label, at least once (repeat factor
    sampling: Gupta, Dollár & Girshick 2019, arXiv:1908.03195); the fraction is drawn. A row with no label but the
    last, neutral, is in the pass with probability ``neutral_kept``. Calibration takes rows as they come,
    so that probabilities know nothing of it.
    """
    wanted = np.maximum(1, np.sqrt(rare_below / np.maximum(labels.mean(0), 1e-6)))
    factor = (labels * wanted).max(1)
    factor[(labels[:, -1] > 0) & (labels.sum(1) == 1)] = neutral_kept
    return np.repeat(np.arange(len(labels)), (factor + random.random(len(labels))).astype(int))


def batches(rows: Int64, lengths: Int64, size: int, random: Generator) -> Iterator[Int64]:
    """Row numbers in batches of nearly equal length, in random order."""
    order = rows[np.argsort(lengths[rows] + random.uniform(0, 3, len(rows)))]
    groups = np.split(order, range(size, len(order), size))
    yield from (groups[number] for number in random.permutation(len(groups)))


@torch.no_grad()
def logits(net: TextNet, rows: Sequence[Sequence[int]], size: int = 64) -> Float32:
    """Logits of all rows, (n, labels), in their order."""
    net.eval()
    order = np.argsort([len(row) for row in rows], kind="stable")
    out = np.zeros((len(rows), net.head.out_features), np.float32)
    for part in np.split(order, range(size, len(order), size)):
        out[part] = net(padded([rows[n] for n in part])).numpy()
    return out


def _groups(net: TextNet, recipe: Recipe) -> list[dict[str, object]]:
    groups: list[dict[str, object]] = [{"params": list(net.head.parameters()), "lr": recipe.head_rate}]
    rate = recipe.rate
    for layer in reversed(net.layers):
        groups.append({"params": list(layer.parameters()), "lr": rate})
        rate *= recipe.decay_per_layer
    net.words.weight.requires_grad_(not recipe.keep_words)
    net.places.weight.requires_grad_(not recipe.keep_words)
    rest = [*net.norm.parameters(), net.words.weight, net.places.weight]
    groups.append({"params": [p for p in rest if p.requires_grad], "lr": rate})
    return groups


def _earlier(after: Path | None) -> list[dict[str, object]]:
    if after is None:
        return []
    earlier: list[dict[str, object]] = json.loads((after.parent / RECIPE).read_text(encoding="utf-8"))
    earlier[-1]["stopped_after"] = after.stem
    return earlier


def fit(
    base: Base,
    rows: Sequence[Sequence[int]],
    labels: Float32,
    dev_rows: Sequence[Sequence[int]],
    dev_labels: Float32,
    out: Path,
    recipe: Recipe,
    *,
    after: Path | None = None,
) -> TextNet:
    """Fine-tune; after each pass the weights and the development logits are written to ``out``.

    With ``after``, weights of an earlier run's pass, it goes on from these; ``recipe.json`` holds both recipes.
    """
    random = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    net = TextNet(labels.shape[1])
    if after is None:
        load_base(net, base)
        start_at(net, labels.mean(0))
    else:
        net.load_state_dict(torch.load(after, weights_only=True))
    groups = _groups(net, recipe)
    peaks = [float(str(group["lr"])) for group in groups]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.98), fused=True)
    lengths = np.array([len(row) for row in rows])
    targets = torch.from_numpy(labels)
    plan = [one_pass(labels, recipe.rare_below, recipe.neutral_kept, random) for _ in range(recipe.passes)]
    steps = sum(-(-len(seen) // recipe.batch) for seen in plan)
    step, began = 0, time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    (out / RECIPE).write_text(json.dumps([*_earlier(after), asdict(recipe)], indent=1), encoding="utf-8")
    for number, seen in enumerate(plan):
        net.train()
        running = 0.0
        for part in batches(seen, lengths, recipe.batch, random):
            done = step / steps
            factor = min(done / recipe.warm_up, (1 - done) / (1 - recipe.warm_up))
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            guess = net(padded([rows[n] for n in part]))
            loss = functional.binary_cross_entropy_with_logits(guess, targets[part])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            step += 1
            running += (loss.item() - running) * max(0.005, 1 / step)
            if step % 25 == 0:
                print(f"{step}/{steps} loss {running:.4f} {time.monotonic() - began:.0f} s", flush=True)
        guess_dev = logits(net, dev_rows)
        torch.save(net.state_dict(), out / f"pass{number + 1}.pt")
        np.save(out / f"dev{number + 1}.npy", guess_dev)
        f1 = macro_f1(guess_dev, dev_labels, best_thresholds(guess_dev, dev_labels))
        print(f"pass {number + 1}: macro-F1 {f1:.4f} on dev with thresholds of dev", flush=True)
    return net
