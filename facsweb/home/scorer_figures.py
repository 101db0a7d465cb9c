"""What was measured of the learned scorer that ships, as tables: read from its package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.scoring import package
from analysis.types import ModelError

#: Units whose figures are told by cohort and yaw, as in the model card; "mean" is over the 23 of the headline.
SPREAD: Final = ("1", "2", "4", "6", "7", "9", "10", "12", "15", "17", "20", "25", "26", "45")
_COVERED: Final = (
    ("Score", "coverage_by_score"),
    ("Yaw in degrees", "coverage_by_yaw"),
    ("Quality of the picture", "coverage_by_quality"),
)
_HEADS: Final = {"picture": "picture", "features": "measures", None: "lids"}


@dataclass(frozen=True, slots=True)
class Unit:
    """One Action Unit; None where nothing was there to measure it on."""

    code: str
    name: str
    region: str
    tier: str
    head: str
    icc: float | None
    pcc: float | None
    mae: float | None
    f1: float | None
    base_rate: float | None
    identities: int
    coverage: float | None

    @property
    def values(self) -> list[float | None]:
        """The figures, in the order of the table."""
        return [self.icc, self.pcc, self.mae, self.f1, self.base_rate]


@dataclass(frozen=True, slots=True)
class Spread:
    """One row of a table by cohort or yaw: ICC over all and of single units."""

    name: str
    mean: float | None
    iccs: list[float | None]


@dataclass(frozen=True, slots=True)
class Sight:
    """How well the net that says what is in view does for one part of the face; shares 0–1."""

    part: str
    hidden: float | None
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class Covered:
    """What the intervals hold in one kind of picture: share of the labels, 0–1, and mean width, 0–5."""

    name: str
    coverage: float | None
    width: float | None
    n: int
    shown_coverage: float | None
    shown_width: float | None
    shown_n: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was measured of one version."""

    name: str
    mean_icc: float | None
    by_head: list[tuple[str, float | None]]
    training: tuple[int, int]  # identities, pictures
    held_out: tuple[int, int]
    units: list[Unit]
    cohorts: list[Spread]
    yaws: list[Spread]
    sight: list[Sight]
    tiers: list[tuple[str, list[str]]]
    covered: list[tuple[str, list[Covered]]]  # by what, rows; empty in packages that were measured before

    @property
    def coverage(self) -> tuple[float, float] | None:
        """Lowest and highest share of held-out labels inside of their interval, by unit."""
        found = [unit.coverage for unit in self.units if unit.coverage is not None]
        return (min(found), max(found)) if found else None


def of_default(tiers: tuple[str, ...]) -> Figures | None:
    """Figures of the newest version that came with the product; None when it cannot be read."""
    try:
        about = package.default().about
    except ModelError:
        return None
    return figures(about, tiers)


def figures(about: Mapping[str, Any], tiers: tuple[str, ...]) -> Figures:
    """The tables of one package's ``scorer.json``; ``tiers`` are the names in order."""
    said = about["figures"]
    units = [_unit(code, about["codes"][code]) for code in ACTION_UNITS]
    return Figures(
        name=f"{about['id']} {about['version']}",
        mean_icc=said["mean_icc"],
        by_head=[(_HEADS.get(kind, kind), icc) for kind, icc in said["mean_icc_by_candidate"].items()],
        training=(said["training_identities"], said["training_pictures"]),
        held_out=(said["held_out_identities"], said["held_out_pictures"]),
        units=units,
        cohorts=_spread(said.get("by_cohort", {})),
        yaws=_spread(said.get("by_yaw", {})),
        sight=[
            Sight(part.replace("_", " "), one.get("hidden"), one.get("recall"), one.get("precision"))
            for part, one in about.get("sight", {}).items()
        ],
        covered=[(title, _covered(said[key])) for title, key in _COVERED if key in said],
        tiers=[(tier, [unit.code for unit in units if unit.tier == tier]) for tier in tiers],
    )


def _unit(code: str, found: Mapping[str, Any]) -> Unit:
    held = found["held_out"]
    return Unit(
        code=code,
        name=CATALOGUE[code].name,
        region=CATALOGUE[code].group,
        tier=found["tier"],
        head="–" if held["icc"] is None else _HEADS.get(found["winner"], str(found["winner"])),
        icc=held["icc"],
        pcc=held["pcc"],
        mae=held["mae"],
        f1=held["f1"],
        base_rate=held["base_rate"],
        identities=held["identities"],
        coverage=found["coverage"],
    )


def _spread(found: Mapping[str, Mapping[str, float | None]]) -> list[Spread]:
    return [Spread(_words(name), one["mean"], [one.get(code) for code in SPREAD]) for name, one in found.items()]


def _covered(found: Mapping[str, Mapping[str, Any]]) -> list[Covered]:
    shown = ("shown_coverage", "shown_width", "shown_n")
    return [
        Covered(name, one["coverage"], one["width"], one["n"], *(one.get(key) for key in shown))
        for name, one in found.items()
    ]


def _words(name: str) -> str:
    """Row's name: degrees of yaw (``10–25``), a skin tone (``I``–``VI``), or a cohort of the other rig."""
    if name[:1].isdigit():
        return f"{name}°"
    return f"skin tone {name}" if set(name) <= set("IV") else name
