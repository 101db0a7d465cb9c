"""The catalogue as a table in Markdown: part of docs/combinations.md, and what the command lists."""

from __future__ import annotations

from analysis.facs.combination_model import Combination, Variant
from analysis.facs.combinations import catalogue, sources


def formula(variant: Variant) -> str:
    """A variant in one line, with its conditions."""
    words = [f"`{variant.formula}`" if variant.formula else _sum(variant)]
    if variant.excluded:
        words.append(f"without {', '.join(str(unit) for unit in variant.excluded)}")
    timing = variant.timing
    for value, text in (
        (timing.onsets_within_us, "onsets within {} ms"),
        (timing.apexes_within_us, "apexes within {} ms"),
        (timing.least_us, "at least {} ms"),
        (timing.longest_us, "at most {} ms"),
        (timing.together_us, "within {} ms of each other"),
    ):
        if value is not None:
            words.append(text.format(f"{value / 1000:g}"))
    if timing.order:
        words.append(f"in the order {', '.join(timing.order)}")
    if variant.origin:
        words.append({"machine": "of the machine", "coder": "of coders"}[variant.origin])
    if variant.rank != "variant":
        words.append(variant.rank)
    return ", ".join(words)


def _sum(variant: Variant) -> str:
    if variant.score is not None:
        parts = ["/".join(part) for part in variant.score.parts]
        return f"{' + '.join(parts)} ≥ {variant.score.least:g} of {variant.score.most:g}"
    assert variant.share is not None
    share = variant.share
    return f"{'/'.join(share.codes)} ≥ {share.value:g} in {share.least:.0%} of {share.window_us / 1e6:g} s"


def _row(entry: Combination) -> str:
    note = " ".join(part for part in (entry.note, _needs(entry)) if part)
    cells = (
        f"**{entry.name}** `{entry.id}`",
        entry.kind,
        entry.group,
        "<br>".join(formula(variant) for variant in entry.variants),
        entry.grade,
        ", ".join(f"[{source.key}](#{source.key})" for source in entry.citation),
        "; ".join(entry.alternatives),
        note,
    )
    return f"| {' | '.join(cells)} |"


def _needs(entry: Combination) -> str:
    return f"Found in human coding only: {', '.join(entry.needs)}." if entry.needs else ""


def markdown() -> str:
    """All entries and all references."""
    head = "| entry | kind | group | variants | grade | sources | may also be | note |"
    lines = [head, "|---|---|---|---|---|---|---|---|", *(_row(entry) for entry in catalogue()), ""]
    lines += ["### References", "", "After each: when it was looked up, and by what.", ""]
    for source in sources().values():
        doi = f" [doi {source.doi}](https://doi.org/{source.doi})" if source.doi else ""
        lines.append(f'- <a id="{source.key}"></a>{source.text}{doi} *({source.checked})*')
    return "\n".join(lines)
