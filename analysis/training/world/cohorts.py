"""Who the MakeHuman faces are: cohort, sex, age and colours; and skin, hair and eye colours of both rigs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.training.world.types import Appearance, Colour, Sex

KINDS: Final = ("african", "asian", "caucasian")
#: The cohorts of the MakeHuman rig, taken in turn by seed; ``mixed`` draws shares of the three.
MAKEHUMAN: Final = (*KINDS, "mixed")
TONES: Final = ("I", "II", "III", "IV", "V", "VI")
_TONES_OF: Final[Mapping[str, Sequence[str]]] = {
    "african": ("V", "VI", "V"),
    "asian": ("II", "III", "IV"),
    "caucasian": ("I", "II", "III"),
    "mixed": ("II", "III", "IV", "V"),
}
#: Dark brown, brown, light brown, blond, black, grey, red; sRGB.
HAIRS: Final[tuple[Colour, ...]] = (
    (0.10, 0.07, 0.05),
    (0.20, 0.13, 0.08),
    (0.33, 0.22, 0.13),
    (0.55, 0.42, 0.26),
    (0.07, 0.06, 0.055),
    (0.45, 0.43, 0.41),
    (0.42, 0.20, 0.10),
)
_GREY: Final = 5
_DARK_HAIR: Final = (0, 1, 4)
#: Brown, light brown, blue, green, dark brown; sRGB.
EYES: Final[tuple[Colour, ...]] = (
    (0.28, 0.17, 0.09),
    (0.36, 0.24, 0.13),
    (0.35, 0.45, 0.55),
    (0.38, 0.45, 0.32),
    (0.18, 0.11, 0.07),
)
_DARK_EYES: Final = (0, 1, 4)


@dataclass(frozen=True)
class Person:
    """Morphology of one MakeHuman identity.

    Attributes
    ----------
    cohort, sex : str
        What it counts as.
    mixture : mapping of str to float
        Shares of the three morphologies, summing to 1.
    maleness : float
        0–1; near 0 or 1, since faces vary within a sex.
    age : float
        0 young, 1 old.
    """

    cohort: str
    sex: Sex
    mixture: Mapping[str, float]
    maleness: float
    age: float

    def appearance(self, rng: np.random.Generator) -> Appearance:
        """Draw the colours."""
        tone = str(rng.choice(list(_TONES_OF[self.cohort])))
        dark = self.cohort != "caucasian"
        old_enough = self.age > 0.5 and rng.random() < 0.7
        hair = _GREY if old_enough else int(rng.choice(_DARK_HAIR if dark else (0, 1, 2, 3, 4, 6)))
        eyes = int(rng.choice(_DARK_EYES if dark else range(len(EYES))))
        male = self.sex == "male"
        return Appearance(
            cohort=self.cohort,
            sex=self.sex,
            age=self.age,
            tone=tone,
            hair=HAIRS[hair],
            eyes=EYES[eyes],
            beard=float(rng.choice([0, 0.25, 0.5])) if male else 0.0,
            makeup=0.0 if male else float(rng.choice([0, 0.3])),
            cropped=bool(rng.random() < (0.6 if male else 0.3)),
        )


def person(rng: np.random.Generator, seed: int, cohort: str | None = None) -> Person:
    """Draw who identity `seed` is; cohort and sex go round with the seed, so that any run of seeds is balanced.

    Raises
    ------
    ValueError
        `cohort` is not one of `MAKEHUMAN`.
    """
    chosen = MAKEHUMAN[seed % len(MAKEHUMAN)] if cohort is None else cohort
    if chosen not in MAKEHUMAN:
        raise ValueError(f"no cohort {chosen!r}: {', '.join(MAKEHUMAN)}")
    sex: Sex = "male" if (seed // len(MAKEHUMAN)) % 2 else "female"
    shares = rng.dirichlet((1.2, 1.2, 1.2))
    mixture = dict(zip(KINDS, map(float, shares), strict=True)) if chosen == "mixed" else {chosen: 1.0}
    maleness = float(np.clip((1.0 if sex == "male" else 0.0) + rng.uniform(-0.15, 0.15), 0, 1))
    # most are young or middle-aged, one in four is anything up to old
    age = rng.uniform(0.2, 0.95) if rng.random() < 0.25 else np.clip(rng.normal(0.15, 0.2), 0, 0.9)
    return Person(chosen, sex, mixture, maleness, float(age))


def ict_appearance(rng: np.random.Generator, seed: int, tone: str | None = None) -> Appearance:
    """Draw the look of an ICT identity: its skin tone is its cohort, going round with the seed.

    Raises
    ------
    ValueError
        `tone` is not one of `TONES`.
    """
    chosen = TONES[seed % len(TONES)] if tone is None else tone
    if chosen not in TONES:
        raise ValueError(f"no skin tone {chosen!r}: {', '.join(TONES)}")
    dark = chosen in ("IV", "V", "VI")
    beard = float(rng.choice([0, 0, 0.25, 0.5]))
    return Appearance(
        cohort=chosen,
        sex=None,
        age=0.0,
        tone=chosen,
        hair=HAIRS[int(rng.choice(_DARK_HAIR if dark else range(len(HAIRS))))],
        eyes=EYES[int(rng.choice(_DARK_EYES if dark else range(len(EYES))))],
        beard=beard,
        makeup=float(rng.choice([0, 0, 0.3])) if beard == 0 else 0.0,
        cropped=bool(rng.random() < 0.5),
    )
