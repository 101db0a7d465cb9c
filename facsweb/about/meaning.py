"""Question 4: what is computed from single movements, at what level, and on what evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.urls import reverse

from analysis.emotion.figures import STATES
from analysis.emotion.files import COVERS, LEAVES_OUT
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.combinations import CHECKS, GRADES, GROUPS, catalogue, sources
from analysis.indicators import EXPLORATORY, STATEMENT, formulas
from facsweb.about import holdings, states
from facsweb.about.values import Action, Answer, Column, Table, counted, listed

QUESTION: Final = "Combinations of Action Units, or emotions?"


def answer(user: Any) -> Answer:
    """The answer, level by level."""
    return Answer(
        key="meaning",
        question=QUESTION,
        short=_short(),
        tables=(
            _levels(),
            _grades(),
            _checks(),
            _combinations(),
            states.table(),
            _indicators(),
            *holdings.tables(),
        ),
        notes=(STATEMENT, COVERS, LEAVES_OUT),
        links=(Action("The method, with formulas", reverse("about:method")),),
    )


def _short() -> str:
    return (
        f"First Action Units, then {len(catalogue())} named combinations of them, each with its source and a "
        f"grade of evidence, then {len(STATES)} states as supportive indicators with intervals; nothing is called "
        "an emotion of the person."
    )


def _levels() -> Table:
    return Table(
        "levels",
        "Levels, from what is seen to what is said of it",
        (
            Column("level", "Level"),
            Column("n", "How many", "count"),
            Column("what", "What it says"),
            Column("evidence", "On what evidence"),
        ),
        tuple(_level_rows()),
    )


def _level_rows() -> Iterator[dict[str, Any]]:
    tiers = Counter(CATALOGUE[code].tier for code in ACTION_UNITS)
    yield {
        "level": "Action Units",
        "n": len(ACTION_UNITS),
        "what": "That something moved in the face: side, intensity with a 90 % interval, onset, apex, offset.",
        "evidence": listed([f"{number} {tier}" for tier, number in tiers.items()]),
    }
    grades = Counter(one.grade for one in catalogue())
    only_people = sum(1 for one in catalogue() if one.needs)
    yield {
        "level": "Combinations",
        "n": len(catalogue()),
        "what": "That a configuration stands which a source names, and what else it may be"
        + (f"; {only_people} are found in human coding alone." if only_people else "."),
        "evidence": listed([f"{grades[grade]} {grade}" for grade in GRADES if grades[grade]])
        + f"; {len(sources())} sources",
    }
    yield states.level()
    shipped = formulas.shipped()
    yield {
        "level": "Indicators",
        "n": len(shipped.indicators),
        "what": f"A weighted mean of named measurements, 0 to 100 with an interval, {EXPLORATORY}; none where "
        "quality, length, consent or purpose do not allow it.",
        "evidence": f"None as a formula: no source gives one. {EXPLORATORY.capitalize()}.",
    }


def _grades() -> Table:
    """How well sources support the combinations; counted from the catalogue."""
    found = Counter(one.grade for one in catalogue())
    rows = [
        {"grade": grade, "n": found[grade], "says": f"{said[:1].upper()}{said[1:]}"}
        for grade, said in GRADES.items()
    ]
    return Table(
        "grades",
        "Combinations by grade of evidence",
        (Column("grade", "Grade"), Column("n", "Combinations", "count"), Column("says", "What the grade says")),
        tuple(rows),
        "Counted from the catalogue that came with the product. A study may add combinations of its own; they are "
        "its own, and carry the grade that their author gave.",
    )


def _checks() -> Table:
    """By what the combinations' sources were looked up; counted from the catalogue."""
    found = Counter(one.check for one in sources().values())
    rows = [
        {"check": check, "n": found[check], "says": f"{said[:1].upper()}{said[1:]}"}
        for check, said in CHECKS.items()
    ]
    return Table(
        "checks",
        "Their sources by how they were checked",
        (Column("check", "Checked by"), Column("n", "Sources", "count"), Column("says", "What that means")),
        tuple(rows),
        f"Last on {max(one.checked[:10] for one in sources().values())}. Each source says by what, and what of it "
        "is from memory: in the catalogue’s file and on a study’s page of combinations.",
        folded=True,
    )


def _combinations() -> Table:
    ordered = sorted(catalogue(), key=lambda one: GROUPS.index(one.group))
    rows = [
        {
            "group": one.group,
            "name": one.name,
            "formula": one.variants[0].formula,
            "grade": one.grade,
            "may": "; ".join(one.alternatives) or None,
            "source": "; ".join(f"{_short_source(source)}" for source in one.citation),
        }
        for one in ordered
    ]
    return Table(
        "combinations",
        "The catalogue of combinations",
        (
            Column("name", "Combination"),
            Column("group", "Group"),
            Column("formula", "First variant", "mono"),
            Column("grade", "Grade"),
            Column("may", "May also be"),
            Column("source", "Source"),
        ),
        tuple(rows),
        "Every entry has more of it: variants, intensities, sides, timing, excluded units.",
        folded=True,
    )


def _short_source(source: Any) -> str:
    """Reference with its DOI, up to the title's end: the file has the rest."""
    return f"{source.text.partition('). ')[0]})" + (f" doi {source.doi}" if source.doi else "")


def _indicators() -> Table:
    shipped = formulas.shipped()
    rows = [
        {
            "name": one.name,
            "version": one.version,
            "standing": EXPLORATORY,
            "inputs": ", ".join(term.input.label for term in one.terms),
            "note": one.note,
        }
        for one in shipped.indicators
    ]
    return Table(
        "indicators",
        "Exploratory indicators",
        (
            Column("name", "Indicator"),
            Column("version", "Version", "mono"),
            Column("standing", "Standing"),
            Column("inputs", "Weighted mean of"),
            Column("note", "What it is, and is not"),
        ),
        tuple(rows),
        f"{counted(len(shipped.indicators), 'formula')} of the file with SHA-256 {shipped.sha256}.",
    )
