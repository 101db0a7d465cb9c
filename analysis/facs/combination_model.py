"""A combination of Action Units as plain values: units, variants, sources; `combination_reading` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES
from analysis.facs.notation import LETTERS
from analysis.types import AnalysisError

Side = Literal["any", "both", "left", "right", "unilateral"]
Grade = Literal["manual", "replicated", "single study", "proposed", "ours"]
Rank = Literal["prototype", "major variant", "variant"]

#: What a combination is: a configuration that a source ties to an emotion, a kind of smile, something that lasts a
#: minute, or a movement that is only itself.
KINDS: Final = ("expression", "smile", "state", "action")
#: What `combinations.csv` calls a find whose whole duration is that of a micro-expression.
MICRO: Final = "microexpression"
GROUPS: Final = (
    "surprise", "fear", "happiness", "sadness", "disgust", "anger", "contempt", "pain", "confusion", "interest",
    "boredom", "embarrassment", "stress", "fatigue", "scepticism", "confounder", "own",
)  # fmt: skip
#: How well a source supports an entry, best first, in words.
GRADES: Final[dict[Grade, str]] = {
    "manual": "listed in the FACS Investigator's Guide (2002) as a prototype or a major variant; for actions: "
    "described in the FACS manual",
    "replicated": "coded with FACS and reported by two or more independent studies, or by a review of them",
    "single study": "reported by one study with FACS, or only by one group of authors",
    "proposed": "proposed in the literature, without a test of just this configuration, or with conflicting ones",
    "ours": "a choice of this project (or of the person who added it): a way to look at things, no finding",
}
#: By what a reference was looked up, best first, in words.
CHECKS: Final = {
    "full text": "the passage was read in the source itself",
    "abstract": "its abstract or opening was read; what else it is said to say is from memory",
    "secondary": "somebody else's table or account of it was read",
    "reference": "others cite it so; what it is said to say is from memory",
    "not found": "nothing of it was found; from memory",
}
RANKS: Final[tuple[Rank, ...]] = ("prototype", "major variant", "variant")
#: Codes that the machine proposes; all others are found in what people coded only.
MACHINE_CODES: Final = frozenset(
    code for code in (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES) if CATALOGUE[code].tier != "human-coded only"
)
#: Codes that the lips and the jaw shape while someone speaks.
MOUTH_CODES: Final = frozenset({"10", *(str(n) for n in range(12, 29))})
_PREFIX: Final[dict[Side, str]] = {"any": "", "both": "LR", "left": "L", "right": "R", "unilateral": "U"}


class CombinationError(AnalysisError):
    """A combination cannot be used; the message names the field and says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One reference.

    Attributes
    ----------
    key : str
        Its name in ``combinations.toml``; empty for a user's own words.
    text : str
        The full reference.
    year : int or None
        None only for a user's own words.
    doi : str
        Empty where there is none, or none is known.
    checked : str
        When and by what it was looked up, and what was not: ``2026-11-22: abstract; …``, with one of `CHECKS`.
        Empty only for a user's own words.
    """

    key: str
    text: str
    year: int | None = None
    doi: str = ""
    checked: str = ""

    @property
    def check(self) -> str:
        """Which of `CHECKS` it is; empty for a user's own words."""
        return self.checked.partition(": ")[2].partition("; ")[0]

    def __str__(self) -> str:
        return f"{self.text} doi {self.doi}" if self.doi else self.text


@dataclass(frozen=True, slots=True)
class Unit:
    """One code with what is asked of it.

    Attributes
    ----------
    code : str
        Key of the catalogue.
    letter : str
        Lowest intensity A–E that counts; empty: any.
    side : str
        ``any``: the larger side counts. ``both``: either side reaches the minimum. ``left``, ``right``: that side
        alone. ``unilateral``: one side alone, the same one for all such units of a variant.
    """

    code: str
    letter: str = ""
    side: Side = "any"

    @property
    def least(self) -> float:
        """Lower end, 0–4, of the interval that the letter stands for."""
        return float(LETTERS.index(self.letter)) if self.letter else 0.0

    def __str__(self) -> str:
        return f"{_PREFIX[self.side]}{self.code}{self.letter}"


#: Units of which one is enough.
AnyOf = tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """When the units have to act, microseconds; None: no condition.

    Attributes
    ----------
    onsets_within_us, apexes_within_us : int or None
        Most that the units' own onsets or apexes may lie apart.
    least_us, longest_us : int or None
        Shortest and longest stretch.
    together_us : int or None
        Units need not act at once: each counts for this long before and after it acts.
    order : tuple of str
        Codes whose onsets follow each other in this order.
    """

    onsets_within_us: int | None = None
    apexes_within_us: int | None = None
    least_us: int | None = None
    longest_us: int | None = None
    together_us: int | None = None
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A sum of parts instead of a minimum for each unit, such as PSPI.

    Attributes
    ----------
    parts : tuple of tuple of str
        Codes; of each part the largest value counts.
    binary : tuple of str
        Codes that count 1 when they are there at all.
    least, most : float
        Sum from which it stands, and the largest that is possible.
    least_parts : int
        How many parts have to be there.
    """

    parts: tuple[tuple[str, ...], ...]
    binary: tuple[str, ...]
    least: float
    most: float
    least_parts: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of time, such as PERCLOS.

    Attributes
    ----------
    codes : tuple of str
        Any of them at or above ``value`` counts.
    value : float
        0–5.
    window_us : int
        Length of the window that ends at each frame, microseconds.
    least : float
        Share of the window from which it stands, 0–1.
    closure_us : int
        Shorter stretches do not count (blinks, for PERCLOS).
    """

    codes: tuple[str, ...]
    value: float
    window_us: int
    least: float
    closure_us: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a combination shows.

    Attributes
    ----------
    formula : str
        As written in the data.
    rank : str
        ``prototype``, ``major variant`` or ``variant``.
    required : tuple of tuple of Unit
        Each inner tuple is one condition: any of its units.
    optional : tuple of tuple of Unit
        May be there; named when seen, never asked for.
    excluded : tuple of Unit
        Must stay below their minimum.
    timing : Timing
    score : Score or None
    share : Share or None
    origin : str
        ``machine`` or ``coder`` when it only serves evidence of that origin; empty: any.
    """

    formula: str
    rank: Rank
    required: tuple[AnyOf, ...]
    optional: tuple[AnyOf, ...]
    excluded: tuple[Unit, ...]
    timing: Timing = Timing()
    score: Score | None = None
    share: Share | None = None
    origin: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that is required or one of several that are, in order of mention, once."""
        units = [unit.code for group in self.required for unit in group]
        scored = [code for part in self.score.parts for code in part] if self.score else []
        return tuple(dict.fromkeys((*units, *scored, *(self.share.codes if self.share else ()))))

    @property
    def unilateral(self) -> bool:
        """Whether a unit acts on one side, whichever it is."""
        return any(unit.side == "unilateral" for group in self.required for unit in group)

    @property
    def needs_coding(self) -> tuple[str, ...]:
        """Codes without which it cannot stand and that no machine proposes."""
        return tuple(
            group[0].code for group in self.required if not any(unit.code in MACHINE_CODES for unit in group)
        )


@dataclass(frozen=True, slots=True)
class Combination:
    """One entry of the catalogue, or of a user's own.

    Attributes
    ----------
    id : str
        Small letters, digits and hyphens.
    name : str
    kind, group : str
        Of `KINDS` and `GROUPS`.
    variants : tuple of Variant
        Fullest first, as the source gives them.
    citation : tuple of Source
        At least one.
    grade : str
        Of `GRADES`.
    alternatives : tuple of str
        What else the same units may be.
    note : str
    yields_to : tuple of str
        Ids of combinations that take its place in the same movement.
    """

    id: str
    name: str
    kind: str
    group: str
    variants: tuple[Variant, ...]
    citation: tuple[Source, ...]
    grade: Grade
    alternatives: tuple[str, ...] = ()
    note: str = ""
    yields_to: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[AnyOf, ...]:
        """Required units of the first variant."""
        return self.variants[0].required

    @property
    def optional(self) -> tuple[AnyOf, ...]:
        """Optional units of the first variant."""
        return self.variants[0].optional

    @property
    def excluded(self) -> tuple[Unit, ...]:
        """Excluded units of the first variant."""
        return self.variants[0].excluded

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that a variant requires or allows, in catalogue order."""
        found = {code for variant in self.variants for code in variant.codes}
        found |= {unit.code for variant in self.variants for group in variant.optional for unit in group}
        return tuple(sorted(found, key=lambda code: CATALOGUE[code].order))

    @property
    def needs(self) -> tuple[str, ...]:
        """Codes that only people code and without which no variant stands; empty when the machine can find it."""
        wanted = [variant.needs_coding for variant in self.variants]
        return tuple(dict.fromkeys(code for codes in wanted for code in codes)) if all(wanted) else ()
