"""Parts of the face that are seen or not, which unit needs which, and words for what is not seen. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Parts of the face that are seen or not; the measurement has them as ``visible_mouth`` … where it tells.
REGIONS: Final = ("brows", "eye_L", "eye_R", "nose", "mouth", "chin")
#: By unit what must be seen to score it; ``eye`` is the own side's eye. From the muscles and from where FACS looks
#: for the change. The cheek has no region: 6 shows under the eye, 33–35 beside the mouth.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("1", "2", "4"), ("brows",)),
    **dict.fromkeys(("5", "6", "7", "41", "42", "43", "44", "45"), ("eye",)),
    "46": ("eye_L", "eye_R"),  # one eye's closure is a wink only if the other is seen to be open
    **dict.fromkeys(("9", "38", "39"), ("nose",)),
    "11": ("nose", "mouth"),  # the furrow runs from the wing of the nose to the corner of the mouth
    **dict.fromkeys(("8", "10", "12", "13", "14", "15", "16", "18", "19", "20"), ("mouth",)),
    **dict.fromkeys(("22", "23", "24", "25", "28", "32", "33", "34", "35", "36", "37"), ("mouth",)),
    **dict.fromkeys(("17", "26", "27", "29", "30"), ("mouth", "chin")),
    **dict.fromkeys(("21", "31"), ("chin",)),  # neck and the jaw's corner, seen below and beside it
    **dict.fromkeys(("61", "62", "63", "64", "65", "66"), ("eye_L", "eye_R")),
}
#: What every reason of the ``gate`` column says to a person; fits after "not scored:".
REASON_WORDS: Final[Mapping[str, str]] = {
    "no face": "no face is found",
    "turned": "the face is turned or nodded too far",
    "small": "the face is too small",
    "moving": "the head moves too fast",
    "blurred": "the picture is blurred",
    "turned:left": "the left side is turned away",
    "turned:right": "the right side is turned away",
} | {
    f"{reason}:{region}": f"{words} {verb} {state}"
    for reason, state in (("occluded", "covered"), ("cut", "beyond the picture's edge"))
    for region, words, verb in (
        ("brows", "the brows", "are"),
        ("eye_L", "the left eye", "is"),
        ("eye_R", "the right eye", "is"),
        ("nose", "the nose", "is"),
        ("mouth", "the mouth", "is"),
        ("chin", "the chin", "is"),
    )
}


def regions_of(code: str, side: str = "") -> tuple[str, ...]:
    """Regions that a code needs: for one side its own eye, without a side both; heads' positions need none."""
    found: list[str] = []
    for region in NEEDS.get(code, ()):
        found += [f"eye_{one}" for one in (side or "LR")] if region == "eye" else [region]
    return tuple(found)
