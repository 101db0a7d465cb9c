"""What the product may say, and that docs/indicators.md shows what is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.indicators import SOURCES, STATEMENT, formulas
from analysis.indicators.engagement import shipped as engagement_settings
from analysis.indicators.evaluate import DRAWS
from analysis.indicators.permission import limits
from tests.analysis.indicators import example

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "docs" / "indicators.md"
#: Claims about lying, and only those: a file lies in a folder, and hair lies on the skin.
CLAIM = re.compile(
    r"\b(lie[ -]detect\w*|lies? (and|or)\b|(detect\w*|of|about|tell\w*|see) (a )?lies?\b|who is lying|liars?"
    r"|decept\w*|deceiv\w*|deceit\w*|(un)?truthful\w*)",
    re.IGNORECASE,
)
#: The same words in any sense: they have no business in what is written about indicators.
ANY = re.compile(
    r"\b(lie|lies|lied|lying|liars?|dece(pt|iv|it)\w*|(un)?truthful\w*|(dis)?honest\w*)\b", re.IGNORECASE
)
DENIAL = re.compile(r"\b(no|not|nor|cannot|never|neither)\b", re.IGNORECASE)


def product_texts() -> Iterator[Path]:
    """Everything that a person reads: pages, scripts, documentation, data, and Python with its sentences."""
    for folder, endings in (
        ("templates", ("html", "txt")),
        ("static/js", ("js",)),
        ("docs", ("md",)),
        ("analysis", ("toml", "md", "py")),
        ("facsweb", ("py",)),
    ):
        for ending in endings:
            yield from sorted((REPOSITORY / folder).rglob(f"*.{ending}"))
    yield from (REPOSITORY / name for name in ("README.md", "CHANGELOG.md"))


def sentences(text: str) -> list[str]:
    """Sentences with line breaks, quotes and comment marks joined."""
    joined = re.sub(r'"?\s*\n[\s>#"*|]*', " ", text)
    return re.split(r"(?<=[.!?])\s+|(?<=[.!?]\")", joined)


def test_only_denials_speak_of_lying_anywhere_in_the_product():
    checker = REPOSITORY / "analysis/indicators/formulas.py"  # lists the words that it refuses
    wrong = []
    for path in product_texts():
        text = path.read_text(encoding="utf-8")
        if path == checker or not CLAIM.search(text):
            continue
        wrong += [
            (str(path.relative_to(REPOSITORY)), one)
            for one in sentences(text)
            if CLAIM.search(one) and not DENIAL.search(one)
        ]
    assert wrong == []


@pytest.mark.parametrize(
    "claim",
    ["It detects lies.", "Signs of deception are shown.", "How truthful she is.", "A lie detector for all."],
)
def test_a_claim_would_be_found(claim):
    assert CLAIM.search(claim)
    assert not DENIAL.search(claim)


def test_what_is_written_about_indicators_has_these_words_in_the_statement_alone():
    folder = REPOSITORY / "analysis/indicators"
    files = [PAGE, *sorted(folder.glob("*.toml")), *sorted(folder.glob("*.py"))]
    for path in files:
        if path.name == "formulas.py":
            continue
        text = " ".join(path.read_text(encoding="utf-8").split()).replace('" "', "")
        assert STATEMENT in text or path.name not in {"statement.py", "indicators.md"}
        text = text.partition("_CLAIMS: Final")[0] if path.name == "statement.py" else text  # what it refuses
        assert ANY.findall(text.replace(STATEMENT, "")) == [], path.name


def test_the_statement_says_what_is_not_detected_and_what_literature_lacks():
    assert "does not detect lies or deception" in STATEMENT
    assert (
        "Literature search found no validated Action Unit formula for trust, credibility or resistance."
        in STATEMENT
    )
    assert [any(name in source for source in SOURCES) for name in ("DePaulo", "Burgoon", "Vrij")] == [True] * 3


def test_every_source_of_a_formula_is_a_choice_of_ours_or_says_how_it_was_read():
    terms = [term for one in formulas.shipped().indicators for term in one.terms]
    for source in {source for term in terms for source in term.sources}:
        ours = source.startswith("choice of ours")
        assert ours != bool(
            re.search(r"\b(19|20)\d\d\b.* \((abstract|full text|from memory)\b[^()]*\)$", source)
        ), source


def test_the_pages_worked_example_is_what_is_computed(tmp_path):
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    computed = example.tables(example.indicator(tmp_path))
    start = lines.index(computed[0])
    assert lines[start : start + len(computed)] == computed


def test_the_page_has_every_formula_with_its_sources_and_every_limit():
    page = PAGE.read_text(encoding="utf-8")
    assert f"> {STATEMENT}" in page
    for one in formulas.shipped().indicators:
        assert f"### {one.name} (exploratory, version {one.version})" in page
        assert one.note in page
        for term in one.terms:
            way = "more raises" if term.direction == "raises" else "more lowers"
            assert (
                f"(`{term.input.id}`), {way} | {term.low:g} and {term.high:g} {term.input.unit} | {term.why}"
                in page
            )
            assert all(source in page for source in term.sources)
    found = limits()
    assert f"| {found.least_seconds:.0f} s |" in page
    assert f"more than {found.most_missing:.0%}".replace("%", " %") in page
    assert f"more than {found.widest:.0f} points" in page
    assert f"{DRAWS} draws" in page
    for name, weight in engagement_settings().weights.items():
        assert f"| {name} | {f'{weight:.2f}'[1:]} |" in page
