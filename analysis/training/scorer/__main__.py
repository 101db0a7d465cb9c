"""``python -m analysis.training.scorer``: measure labelled pictures, fit the candidates, say their worth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.facs.codes import ACTION_UNITS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.scorer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("extract", help="measure the pictures of one folder into a shard")
    measure.add_argument("pictures", type=Path, help="folder with labels.csv (analysis.training.world)")
    measure.add_argument("--out", type=Path, required=True, help="the shard, an .npz file")
    fitting = commands.add_parser("fit", help="fit both candidates, choose the winners, write a package")
    fitting.add_argument("shards", type=Path, nargs="+")
    fitting.add_argument("--holdout", type=Path, nargs="+", required=True, help="shards of held-out identities")
    fitting.add_argument("--version", required=True)
    fitting.add_argument("--out", type=Path, required=True, help="folder of the package")
    fitting.add_argument("--passes", type=int, default=16)
    fitting.add_argument("--threads", type=int, default=1)
    crossing = commands.add_parser("cross", help="fit on one rig and measure on the other")
    crossing.add_argument("shards", type=Path, nargs="+", help="of the rig to fit on")
    crossing.add_argument("--on", type=Path, nargs="+", required=True, help="shards of the other rig")
    crossing.add_argument("--name", required=True, help="what the figures are called, such as 'ict → mh'")
    crossing.add_argument("--out", type=Path, required=True, help="a JSON file of figures")
    crossing.add_argument("--passes", type=int, default=10)
    crossing.add_argument("--threads", type=int, default=1)
    measuring = commands.add_parser("measure", help="measure a package on held-out shards again")
    measuring.add_argument("package", type=Path)
    measuring.add_argument("--holdout", type=Path, nargs="+", required=True)
    carding = commands.add_parser("card", help="write the model card of a package")
    carding.add_argument("package", type=Path)
    carding.add_argument("--cross", type=Path, help="JSON file of the figures on the other rig, by name")
    carding.add_argument("--out", type=Path, required=True)
    return parser


def main() -> int:
    options = _parser().parse_args()
    if options.command == "extract":
        from analysis.training.scorer import extract

        shard = extract.extract(options.pictures, frozenset(ACTION_UNITS))
        extract.save(shard, options.out)
        print(f"{len(shard)} rows of {len(set(shard.identity))} identities")
        return 0
    if options.command == "measure":
        from analysis.training.scorer.measure import measure

        print(f"mean ICC {measure(options.package, options.holdout):.3f}")
        return 0
    if options.command == "card":
        from analysis.training.scorer.card import card

        options.out.write_text(card(options.package, options.cross), encoding="utf-8")
        return 0
    return _fit(options)


def _fit(options: argparse.Namespace) -> int:
    """The commands that need torch; 2 with a message when the shards will not do."""
    import torch

    from analysis.training.scorer.build import build, cross

    torch.set_num_threads(options.threads)
    try:
        if options.command == "fit":
            build(options.shards, options.holdout, options.out, version=options.version, passes=options.passes)
        else:
            cross(options.shards, options.on, options.out, name=options.name, passes=options.passes)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
