"""Which Action Units act together in a picture, and how strongly.

Five kinds of picture: FACS prototypes of emotions and pain [1]_, one chosen AU alone or with company, random
compatible sets, mouth shapes of speech, and smiles with and without 6, since a scorer that has seen few strong 12
alone reads 6 into all of them. AUs that the other kinds rarely show are chosen more often by the second, so that
each of the 44 is active in at least 4 % of the pictures.

References
----------
.. [1] After Ekman, Friesen, Hager (2002), FACS Investigator's Guide, in public tables of it; pain: Prkachin,
   Solomon (2008), Pain 139(2). How strong each unit is, and what goes along with it, is a choice of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.training.world.types import Activation

Strengths = dict[str, float]

PROTOTYPES: Final[Mapping[str, Mapping[str, float]]] = {
    "joy": {"6": 0.8, "12": 1.0, "25": 0.5},
    "duchenne": {"6": 0.8, "12": 0.8},
    "social": {"12": 0.7},
    "laughter": {"6": 0.9, "12": 1.0, "25": 0.7, "26": 0.6, "7": 0.5},
    "surprise": {"1": 0.9, "2": 0.9, "5": 0.7, "25": 0.5, "26": 0.8},
    "fear": {"1": 0.8, "2": 0.6, "4": 0.7, "5": 0.7, "20": 0.7, "25": 0.5, "26": 0.4, "21": 0.5},
    "anger": {"4": 0.9, "5": 0.4, "23": 0.6, "24": 0.5, "38": 0.2},
    "anger_lids": {"4": 0.9, "7": 0.8, "17": 0.5, "24": 0.6},
    "disgust": {"9": 0.8, "10": 0.6, "17": 0.5},
    "sadness": {"1": 0.8, "4": 0.6, "15": 0.7, "17": 0.4, "11": 0.4},
    "crying": {"1": 0.7, "4": 0.7, "11": 0.7, "15": 0.6, "17": 0.6, "25": 0.3, "7": 0.5},
    "contempt": {"14": 0.8},
    "pain": {"4": 0.7, "6": 0.6, "7": 0.7, "9": 0.5, "10": 0.5, "43": 0.9},
    "drowsy": {"41": 0.8, "26": 0.3},
    "yawn": {"27": 0.8, "43": 0.8, "4": 0.3},
    "bright_light": {"44": 0.8, "4": 0.6, "6": 0.4},
    "effort": {"4": 0.6, "7": 0.5, "31": 0.7, "24": 0.5, "38": 0.2},
}
#: Mouth shapes as they occur in speech, by what shapes the lips.
SPEECH: Final[tuple[Mapping[str, float], ...]] = (
    {"26": 0.7, "25": 0.6},  # a
    {"25": 0.5, "20": 0.3, "26": 0.3},  # e
    {"25": 0.4, "20": 0.5, "12": 0.2},  # i
    {"26": 0.5, "22": 0.4, "25": 0.4},  # o
    {"18": 0.7, "22": 0.3},  # u
    {"24": 0.5, "23": 0.2},  # m, b, p
    {"32": 0.4, "10": 0.2, "25": 0.2},  # f, v
    {"22": 0.7, "25": 0.4},  # sh
    {"16": 0.5, "25": 0.5, "10": 0.3},  # s
    {"19": 0.25, "25": 0.4, "26": 0.25},  # th, l
    {"18": 0.3, "26": 0.4, "8": 0.4},  # w
)
#: Pairs that one face cannot show, or that the rigs add into nonsense.
_NOT_WITH: Final[Mapping[str, str]] = {
    "5": "7 41 42 43 44 45 46",
    "8": "10 12 13 17 20 24 25 27 31",
    "9": "39",
    "10": "28 32",
    "12": "13 15 18 22 27",
    "13": "15 18 22 27",
    "14": "18 22 27",
    "16": "17 23 24 27 28 32",
    "17": "25 26 27 28",
    "18": "20 23 24 25 27 28",
    "20": "22 27",
    "22": "23 24 27 28",
    "23": "25 26 27 28",
    "24": "25 26 27 28",
    "25": "28",
    "26": "27 28 29 30 31",
    "27": "28 29 30 31",
    "29": "30 31 32",
    "30": "31",
    "33": "34 35 36",
    "34": "35 36",
    "35": "36",
    "38": "39",
    "41": "42 43 44 45 46",
    "42": "43 44 45 46",
    "43": "44 45 46",
    "44": "45 46",
    "45": "46",
}
_NOT_TOGETHER: Final = frozenset(
    frozenset((code, other)) for code, others in _NOT_WITH.items() for other in others.split()
)
#: What fills the mouth or takes the lips for itself: none of these with another of them or with a mouth shape.
_LIPS_TAKEN: Final = frozenset({"19", "32", "33", "34", "35", "36", "37"})
_MOUTH_SHAPES: Final = frozenset(
    {
        "8",
        "10",
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "18",
        "20",
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "28",
        "29",
        "30",
    }
)
_MAY_TAKE: Final = frozenset(frozenset(pair) for pair in (("19", "25"), ("19", "26"), ("37", "25"), ("37", "26")))
#: An AU that shows nothing without another: its company and the range of that company's strength.
_NEEDS: Final[Mapping[str, tuple[str, float, float]]] = {"8": ("26", 0.4, 0.9), "19": ("26", 0.2, 0.6)}
#: How often the second kind of picture chooses an AU; found by counting until all were active often
#: enough, then raised for those that are hard to read (4, 5, 6, 9, 10, 14, 15, 23, 24).
_CHOSEN_MORE: Final[Mapping[str, float]] = {
    "1": 0.2, "2": 0.2, "4": 0.3, "5": 0.5, "6": 0.3, "7": 0.05, "8": 3.7, "9": 0.5, "10": 0.7, "11": 0.1,
    "12": 0.25, "13": 4.6, "14": 3.0, "15": 1.2, "16": 3.4, "17": 0.7, "18": 2.5, "19": 5.9, "20": 0.9, "21": 0.15,
    "22": 1.2, "23": 2.8, "24": 1.2, "25": 0.05, "26": 0.05, "27": 5.0, "28": 5.9, "29": 5.1, "30": 5.2, "31": 0.3,
    "32": 5.6, "33": 6.8, "34": 6.5, "35": 6.7, "36": 6.8, "37": 6.9, "38": 0.15, "39": 0.6, "41": 0.05, "42": 0.4,
    "43": 0.05, "44": 4.1, "45": 0.1, "46": 6.0,
}  # fmt: skip
#: How often company and random sets take a code, against 1 for the others: a lid that is down hides what eyes do.
_COMPANY: Final[Mapping[str, float]] = dict.fromkeys(("41", "42", "43", "44", "45", "46"), 0.25)
#: Chance that a unit acts on one side only.
_ONE_SIDED: Final[Mapping[str, float]] = {
    "14": 0.5, "36": 0.9, "37": 1.0, "30": 1.0, "46": 1.0,
    "2": 0.15, "4": 0.05, "10": 0.15, "12": 0.15, "15": 0.15, "13": 0.15, "20": 0.15, "11": 0.1, "16": 0.1,
    "6": 0.08, "9": 0.08, "5": 0.08, "7": 0.08, "1": 0.08, "33": 0.1, "34": 0.15, "35": 0.1,
}  # fmt: skip
_KINDS: Final = {"prototype": 0.13, "chosen": 0.62, "set": 0.12, "speech": 0.07, "smile": 0.06}
GAZE_SD: Final = 0.3


def compatible(first: str, second: str) -> bool:
    """Whether two different AUs may be sampled together."""
    pair = frozenset((first, second))
    if pair in _NOT_TOGETHER:
        return False
    taken = pair & _LIPS_TAKEN
    if len(taken) == 2:
        return False
    return not (taken and pair - _LIPS_TAKEN <= _MOUTH_SHAPES and pair not in _MAY_TAKE)


def _fits(code: str, chosen: Strengths) -> bool:
    return code not in chosen and all(compatible(code, other) for other in chosen)


def _prototype(rng: np.random.Generator) -> Strengths:
    units = PROTOTYPES[str(rng.choice(list(PROTOTYPES)))]
    scale = rng.uniform(0.25, 1)
    return {
        code: float(min(1, strength * scale * rng.uniform(0.7, 1.25)))
        for code, strength in units.items()
        if rng.random() < 0.93
    }


def _add_random(rng: np.random.Generator, chosen: Strengths, count: int, codes: list[str]) -> None:
    weights = np.array([_COMPANY.get(code, 1.0) for code in codes])
    for code in rng.choice(codes, size=len(codes), replace=False, p=weights / weights.sum()):
        if count <= 0:
            return
        if _fits(str(code), chosen):
            chosen[str(code)] = float(rng.uniform(0.1, 1))
            count -= 1


def _chosen(rng: np.random.Generator, codes: list[str]) -> Strengths:
    weights = np.array([_CHOSEN_MORE.get(code, 1.0) for code in codes])
    code = str(rng.choice(codes, p=weights / weights.sum()))
    units = {code: float(rng.uniform(0.15, 1))}
    if rng.random() < 0.5:
        _add_random(rng, units, int(rng.integers(1, 4)), codes)
    return units


def _speech(rng: np.random.Generator, codes: list[str]) -> Strengths:
    shape = SPEECH[int(rng.integers(len(SPEECH)))]
    units = {code: float(min(1, strength * rng.uniform(0.5, 1.5))) for code, strength in shape.items()}
    if rng.random() < 0.4:  # what accompanies speech
        _add_random(rng, units, 1, [code for code in ("1", "2", "4", "45", "12", "6", "7", "15") if code in codes])
    return units


def _smile(rng: np.random.Generator) -> Strengths:
    """Draw a smile: half of them with 6, half with parted lips, each as strong as the others are."""
    units = {"12": float(rng.uniform(0.2, 1))}
    for code in ("6", "25"):
        if rng.random() < 0.5:
            units[code] = float(rng.uniform(0.2, 1))
    return units


def _sides(rng: np.random.Generator, code: str, strength: float) -> tuple[float, float]:
    if not CATALOGUE[code].sided and code not in _ONE_SIDED:
        return strength, strength
    left, right = (float(min(1, strength * rng.uniform(0.92, 1.08))) for _ in range(2))
    if rng.random() < _ONE_SIDED.get(code, 0.0):
        if rng.random() < 0.5:
            left = 0.0
        else:
            right = 0.0
    return left, right


def sample(rng: np.random.Generator, codes: frozenset[str]) -> dict[str, tuple[float, float]]:
    """Draw what the face in one picture does.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where chance comes from.
    codes : frozenset of str
        AUs that the rig can show.

    Returns
    -------
    dict of str to (float, float)
        An activation, without gaze; never empty of all units but for what the rig lacks.
    """
    known = [code for code in ACTION_UNITS if code in codes]
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    if kind == "prototype":
        units = _prototype(rng)
    elif kind == "chosen":
        units = _chosen(rng, known)
    elif kind == "speech":
        units = _speech(rng, known)
    elif kind == "smile":
        units = _smile(rng)
    else:
        units = {}
        _add_random(rng, units, int(rng.integers(2, 6)), known)
    for code, (company, low, high) in _NEEDS.items():
        if code in units:
            kept = {other: units[other] for other in units if other == company or compatible(other, company)}
            units = kept | {company: max(units.get(company, 0.0), float(rng.uniform(low, high)))}
    return {code: _sides(rng, code, strength) for code, strength in units.items() if code in codes}


def expression(
    rng: np.random.Generator, name: str, strength: float, codes: frozenset[str]
) -> dict[str, tuple[float, float]]:
    """One of the `PROTOTYPES` with all of its units that the rig can show, the strongest at about ``strength``."""
    units = PROTOTYPES[name]
    scale = strength / max(units.values())
    return {code: _sides(rng, code, scale * part) for code, part in units.items() if code in codes}


def gaze(rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Draw where the eyes look: codes 61–64, mostly near straight ahead."""
    across, up = rng.normal(0, GAZE_SD, 2)
    level, height = float(min(abs(across), 1)), float(min(abs(up), 0.6))
    return {"61" if across > 0 else "62": (level, level), "63" if up > 0 else "64": (height, height)}


def with_gaze(rng: np.random.Generator, codes: frozenset[str]) -> Activation:
    """`sample` and `gaze` together."""
    return sample(rng, codes) | gaze(rng)
