"""From fitted weights to a package: exported, calibrated on the development split, thresholds set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.models.runtime import session_on_processor
from analysis.models.store import sha256
from analysis.text.classifier import ABOUT, NET, VOCABULARY, calibrated
from analysis.text.prepare import prepare
from analysis.text.tokens import MAX_TOKENS, WordPieces
from analysis.training.text import base, data
from analysis.training.text.export import net_file
from analysis.training.text.fit import RECIPE
from analysis.training.text.net import TextNet
from analysis.training.text.scores import figures, macro_f1, platt, steady_thresholds
from analysis.types import Float32


def run(content: bytes, pieces: WordPieces, texts: Sequence[str]) -> Float32:
    """Logits of texts by an exported net, as the product computes them."""
    session = session_on_processor(content)
    rows = (np.array(pieces.encode(prepare(text), MAX_TOKENS), np.int64) for text in texts)
    return np.stack([session.run(None, {"ids": ids})[0] for ids in rows])


def mean_weights(paths: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Mean of several passes' weights: late passes lie in one valley (Izmailov et al. 2018)."""
    states = [torch.load(path, weights_only=True) for path in paths]
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def build(folder: Path, wheel: Path, weights: Sequence[Path], out: Path, *, version: str) -> None:
    """Write a package into ``out``.

    Parameters
    ----------
    folder : Path
        GoEmotions; only the development split is read.
    wheel : Path
        The base model's, for its vocabulary.
    weights : sequence of Path
        Of passes to average, or of one.
    """
    names = data.label_names(folder)
    vocabulary = base.read(wheel).vocabulary
    net = TextNet(len(names))
    net.load_state_dict(mean_weights(weights))
    net.eval()
    pieces = WordPieces(vocabulary)
    dev = data.split(folder, "dev")
    content = net_file(net, MAX_TOKENS)
    logits = run(content, pieces, dev.texts)
    slope, offset = platt(logits, dev.labels)
    thresholds = steady_thresholds(calibrated(logits, slope, offset), dev.labels)
    measured = figures(names, logits, dev.labels, slope, offset, thresholds)
    out.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {
        "id": "text-emotion",
        "version": version,
        "sha256": sha256(content),
        "labels": list(names),
        "languages": ["en"],
        "most_pieces": MAX_TOKENS,
        "slope": [round(float(x), 5) for x in slope],
        "offset": [round(float(x), 5) for x in offset],
        "thresholds": [round(float(x), 5) for x in thresholds],
        "base": {"package": base.PACKAGE, "version": base.VERSION, "sha256": base.SHA256},
        "recipe": json.loads((weights[0].parent / RECIPE).read_text(encoding="utf-8")),
        "passes_averaged": [path.stem for path in weights],
        "dev": {key: value for key, value in asdict(measured).items() if key != "labels"},
    }
    (out / NET).write_bytes(content)
    (out / VOCABULARY).write_text("\n".join(vocabulary), encoding="utf-8")
    (out / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"macro-F1 on dev {measured.macro:.4f} (thresholds of dev), file {len(content) / 1e6:.1f} MB")


def in_floats(folder: Path, vocabulary: Sequence[str], weights: Sequence[Path]) -> float:
    """Macro-F1 on the test split of the same net before its weights were put into 8 bits, set up alike."""
    net = TextNet(len(data.label_names(folder)))
    net.load_state_dict(mean_weights(weights))
    net.eval()
    pieces, content = WordPieces(vocabulary), net_file(net, MAX_TOKENS, integers=False)
    dev, test = data.split(folder, "dev"), data.split(folder, "test")
    logits = run(content, pieces, dev.texts)
    slope, offset = platt(logits, dev.labels)
    thresholds = steady_thresholds(calibrated(logits, slope, offset), dev.labels)
    found = calibrated(run(content, pieces, test.texts), slope, offset)
    return macro_f1(found, test.labels, thresholds)
