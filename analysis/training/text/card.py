"""Writes the model card from what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any, Final

from analysis.text.classifier import ABOUT
from analysis.training.text.measure import FIGURES

PAPER: Final = 0.46
"""Macro-F1 of the paper's BERT (Demszky et al. 2020, table 4)."""
LINEAR: Final = 0.463
"""Macro-F1 of words and characters by TF-IDF with one logistic regression a label, thresholds of dev: measured by
this project and stated beside the data (shared/data/README.md)."""
_TEXT: Final = Path(__file__).with_name("card.md")


def test_table(found: dict[str, Any]) -> list[str]:
    """The test split's table in Markdown."""
    test = found["test"]
    lines = [
        "| label | precision | recall | F1 | support | threshold | ECE before | ECE after |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in test["labels"]:
        lines.append(
            f"| {row['label']} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.3f} "
            f"| {row['support']} | {row['threshold']:.2f} | {row['raw_error']:.4f} | {row['error']:.4f} |"
        )
    for name in ("macro", "micro", "weighted"):
        lines.append(f"| **{name} F1** | | | **{test[name]:.3f}** | | | | |")
    errors = f"{test['raw_error']:.4f} | {test['error']:.4f}"
    return [*lines, f"| **all pairs of text and label** | | | | | | {errors} |"]


def remarks(found: dict[str, Any]) -> list[str]:
    """The test's figure beside others on the same split."""
    macro = found["test"]["macro"]
    lines = [
        f"* Macro-F1 **{macro:.3f}**; the paper's BERT reaches {PAPER:.2f}, words and characters by TF-IDF with "
        f"one logistic regression a label {LINEAR:.3f}, all on this split."
    ]
    if "macro_in_floats" in found:
        lines.append(
            f"* Before its weights were put into 8 bits, the same net reaches {found['macro_in_floats']:.3f}; "
            f"the file shipped is the {macro:.3f} one."
        )
    lines.append(
        f"* Every {found['part']['every']}th comment of the split alone, which the test suite measures again: "
        f"{found['part']['macro']:.3f}."
    )
    return lines


def card(package: Path) -> str:
    """Markdown of a package's card; it holds the figures that ``evaluate --write`` put there."""
    about = json.loads((package / ABOUT).read_text(encoding="utf-8"))
    found = json.loads((package / FIGURES).read_text(encoding="utf-8"))
    words = found["negation"]
    wrong = (
        " Not even ordered: " + "; ".join(f"“{text}”" for text in words["wrong"]) + "." if words["wrong"] else ""
    )
    rows = [f"| {name} | {count} | {low:.2%} | {high:.2%} |" for name, count, low, high in found["languages"]]
    filled = Template(_TEXT.read_text(encoding="utf-8")).substitute(
        version=about["version"],
        package=about["base"]["package"],
        base_version=about["base"]["version"],
        recipe=_recipe(about),
        texts=f"{found['texts']:,}",
        table="\n".join(test_table(found)),
        remarks="\n".join(remarks(found)),
        count=words["count"],
        **{key: f"{100 * words[key]:.0f}" for key in ("ordered", "crossed", "dropped")},
        wrong=wrong,
        languages="\n".join(["| letters | comments | at 0.5 | at 0.8 |", "|---|---:|---:|---:|", *rows]),
        megabytes=f"{found['megabytes']:.1f}",
        ms1=f"{found['milliseconds']['1']:.1f}",
        ms32=f"{found['milliseconds']['32']:.1f}",
        fits="\n".join(_fits(about["recipe"])),
        weights=" ".join(f"FITTED{len(about['recipe'])}/{name}.pt" for name in about["passes_averaged"]),
    )
    return filled.rstrip() + "\n"


def _recipe(about: dict[str, Any]) -> str:
    """What the fine-tuning did, run by run."""
    runs = about["recipe"]
    first = runs[0]
    lines = [
        f"Binary cross-entropy, AdamW, batches of {first['batch']} comments of like length, at most "
        f"{first['most_pieces']} word pieces, rates falling by {first['decay_per_layer']:g} a layer down and "
        "linearly over a run, word vectors as published; rare labels seen more often, half of the only neutral "
        "comments left out of each pass."
    ]
    for run in runs:
        rates = f"a rate of {run['rate']:g} (label head {run['head_rate']:g})"
        line = f"{_passes(run['passes'])} from {rates}, seed {run['seed']}"
        if "stopped_after" in run:
            line += f", stopped after pass {run['stopped_after'].removeprefix('pass')}"
        lines.append(f"{line}.")
    if len(about["passes_averaged"]) > 1:
        lines.append(f"The weights after {' and '.join(about['passes_averaged'])} were averaged.")
    return f"{lines[0]} Run by run: {' '.join(lines[1:])}"


def _fits(runs: list[dict[str, Any]]) -> list[str]:
    """The commands of all runs."""
    lines = []
    for number, run in enumerate(runs, 1):
        line = f"    python -m analysis.training.text fit DATA --base FOLDER --out FITTED{number}"
        if number > 1:
            line += f" --after FITTED{number - 1}/{runs[number - 2]['stopped_after']}.pt"
        line += f" --passes {run['passes']} --rate {run['rate']:g} --head-rate {run['head_rate']:g}"
        lines.append(f"{line} --seed {run['seed']}")
    return lines


def _passes(count: int) -> str:
    return "one pass" if count == 1 else f"a schedule of {count} passes"
