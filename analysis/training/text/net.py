"""The encoder (BERT's form: Devlin et al. 2019) with a label head, in plain torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.training.text.base import Base
from analysis.types import Float32

_EPSILON = 1e-12


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder."""

    width: int = 384
    inner: int = 1536
    heads: int = 12
    layers: int = 6
    longest: int = 512
    pieces: int = 30522


class Layer(nn.Module):
    """Self-attention and two dense maps, each added and normalised."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query, self.key, self.value, self.mix = (nn.Linear(shape.width, shape.width) for _ in range(4))
        self.mix_norm = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.up, self.down = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)
        self.down_norm = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (self._split(part(x)) for part in (self.query, self.key, self.value))
        weights = (query @ key.transpose(2, 3)) * (query.shape[-1] ** -0.5) + bias
        mixed = self.dropout(weights.softmax(-1)) @ value
        mixed = mixed.transpose(1, 2).reshape(x.shape)
        x = self.mix_norm(x + self.dropout(self.mix(mixed)))
        return self.down_norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


class TextNet(nn.Module):
    """Word pieces to label logits: one map of the mean of the last layer's vectors (the base was trained so).

    Inputs are ``ids`` int64 (n, length), 0 where padded; the output is (n, labels).
    """

    def __init__(self, labels: int, shape: Shape | None = None, dropout: float = 0.1) -> None:
        super().__init__()
        shape = shape or Shape()
        self.words = nn.Embedding(shape.pieces, shape.width)
        self.places = nn.Embedding(shape.longest, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(shape.width, labels)

    def forward(self, ids: Tensor) -> Tensor:
        present = (ids != 0).to(self.words.weight.dtype)
        x = self.words(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        x = self.dropout(self.norm(x))
        bias = (present[:, None, None, :] - 1) * 1e4
        for layer in self.layers:
            x = layer(x, bias)
        pooled = (x * present[..., None]).sum(1) / present.sum(1, keepdim=True).clamp(min=1)
        return self.head(self.dropout(pooled))


def load_base(net: TextNet, base: Base) -> None:
    """Copy the published weights; the token type 0, the only one used, is added to the places once for all."""
    given = {name: torch.from_numpy(value) for name, value in base.weights.items()}
    with torch.no_grad():
        net.words.weight.copy_(given["embeddings.word_embeddings.weight"])
        types = given["embeddings.token_type_embeddings.weight"][0]
        net.places.weight.copy_(given["embeddings.position_embeddings.weight"] + types)
        _copy(net.norm, given, "embeddings.LayerNorm")
        for number, layer in enumerate(net.layers):
            start = f"encoder.layer.{number}."
            for mine, theirs in (
                ("query", "attention.self.query"),
                ("key", "attention.self.key"),
                ("value", "attention.self.value"),
                ("mix", "attention.output.dense"),
                ("mix_norm", "attention.output.LayerNorm"),
                ("up", "intermediate.dense"),
                ("down", "output.dense"),
                ("down_norm", "output.LayerNorm"),
            ):
                _copy(getattr(layer, mine), given, start + theirs)


def _copy(module: nn.Module, given: dict[str, Tensor], name: str) -> None:
    for kind in ("weight", "bias"):
        getattr(module, kind).copy_(given[f"{name}.{kind}"])


def start_at(net: TextNet, shares: Float32) -> None:
    """Let the head begin at the labels' frequencies, so that rare labels do not spend an epoch becoming rare."""
    with torch.no_grad():
        net.head.weight.normal_(0, 0.02)
        p = torch.from_numpy(shares).clamp(1e-4, 1 - 1e-4)
        net.head.bias.copy_(torch.log(p / (1 - p)))
