"""Which measures show an action, which way they go in it, and what they are called. Data only.

From the rules (`analysis.facs.rules`) where there is one, otherwise from the muscle's direction. ``+`` and ``-``
say which way the measure goes in the action, ``?`` that either way counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MEASURES: Final[Mapping[str, str]] = {
    "1": "+brow_in_y_* +brow_mid_y_* +skin_forehead_mid",
    "2": "+brow_out_y_* +brow_mid_y_* +skin_forehead_*",
    "4": "-brow_in_y_* -brow_mid_y_* -brow_in_x_* -brow_gap +skin_glabella",
    "5": "+lid_upper_y_* +eye_open_*",
    "6": "+cheek_y_* +under_eye_y_* +lid_lower_y_* +skin_crow_* +skin_lower_lid_*",
    "7": "+lid_lower_y_* -lid_upper_y_* -eye_open_* +skin_lower_lid_*",
    "9": "+ala_y_* +skin_nose_side_* +skin_nose_root +lip_upper_y_* -brow_in_y_*",
    "10": "+lip_upper_y_* +lip_upper_mid_y -philtrum_* +skin_nasolabial_*",
    "11": "+skin_nasolabial_* +lip_upper_y_* +cheek_y_*",
    "12": "+corner_y_* +corner_x_* -corner_z_* +mouth_width +corner_bend_* +skin_nasolabial_*",
    "13": "+corner_y_* +corner_bend_* +cheek_y_* +face_side_x_*",
    "14": "+corner_bend_* +skin_dimple_* +skin_nasolabial_* ?corner_x_*",
    "15": "-corner_bend_* -corner_y_* +skin_dimple_*",
    "16": "-lip_lower_y_* -lip_lower_mid_y +lip_lower_red_*",
    "17": "+lip_lower_mid_y +lip_lower_z +chin_y +skin_chin",
    "18": "-mouth_width +lip_upper_z +lip_lower_z",
    "20": "+corner_x_* +mouth_width -lips_height",
    "22": "+lip_upper_thick +lip_lower_thick -mouth_width +lip_upper_z +lip_lower_z",
    "23": "-lip_upper_thick -lip_lower_thick -lips_height",
    "24": "-lips_height -mouth_gap -lip_upper_thick -lip_lower_thick",
    "8": "-mouth_gap -lips_height -jaw_y",
    "25": "+mouth_gap +lip_gap_* +mouth_area +lips_height",
    "26": "-jaw_y -chin_y +mouth_gap",
    "27": "-jaw_y -chin_y +mouth_gap +mouth_area -face_side_x_*",
    "28": "-lip_upper_thick -lip_lower_thick -skin_lips_upper -skin_lips_lower",
    "19": "+mouth_gap +lip_lower_thick -mouth_dark",
    "29": "?jaw_z ?chin_z",
    "30": "?jaw_x ?mouth_x",
    "32": "-lip_lower_thick -lip_upper_thick +teeth",
    "33": "+face_side_x_* +mouth_gap",
    "34": "+face_side_x_* -mouth_width",
    "35": "-face_side_x_* -mouth_width",
    "37": "?mouth_gap ?lip_lower_thick ?lip_upper_thick",
    "38": "+nose_width +ala_x_*",
    "39": "-nose_width -ala_x_*",
    **dict.fromkeys(("41", "42", "43", "45", "46"), "-eye_open_* -lid_upper_y_*"),
    "44": "-eye_open_* +lid_lower_y_* -lid_upper_y_*",
    **dict.fromkeys(("51", "52"), "?yaw_deg"),
    **dict.fromkeys(("53", "54"), "?pitch_deg"),
    **dict.fromkeys(("55", "56"), "?roll_deg"),
    **dict.fromkeys(("57", "58"), "?distance_cm"),
    **dict.fromkeys(("61", "62", "65", "66"), "?gaze_x_*"),
    **dict.fromkeys(("63", "64"), "?gaze_y_*"),
}

#: What a measure is called; the side is added.
WORDS: Final[Mapping[str, str]] = {
    "brow_in_y": "inner brow, height",
    "brow_mid_y": "middle of the brow, height",
    "brow_out_y": "outer brow, height",
    "brow_in_x": "inner brow, distance from the middle",
    "brow_gap": "distance between the brows",
    "lid_upper_y": "upper lid, height",
    "lid_lower_y": "lower lid, height",
    "eye_open": "opening of the eye",
    "cheek_y": "cheek, height",
    "under_eye_y": "skin under the eye, height",
    "ala_y": "wing of the nose, height",
    "ala_x": "wing of the nose, outward",
    "nose_width": "width of the nose",
    "corner_y": "mouth corner, height",
    "corner_x": "mouth corner, outward",
    "corner_z": "mouth corner, depth",
    "corner_bend": "mouth corner against the middle of the mouth",
    "mouth_width": "width of the mouth",
    "mouth_gap": "gap between the lips",
    "mouth_area": "area of the gap between the lips",
    "mouth_dark": "dark share of the gap between the lips",
    "mouth_x": "mouth, sideways",
    "lip_gap": "gap between the lips beside the middle",
    "lips_height": "height of both lips together",
    "lip_upper_y": "upper lip beside the middle, height",
    "lip_upper_mid_y": "middle of the upper lip, height",
    "lip_lower_y": "lower lip beside the middle, height",
    "lip_lower_mid_y": "middle of the lower lip, height",
    "lip_upper_thick": "red of the upper lip",
    "lip_lower_thick": "red of the lower lip",
    "lip_lower_red": "red of the lower lip beside the middle",
    "lip_upper_z": "upper lip, depth",
    "lip_lower_z": "lower lip, depth",
    "philtrum": "distance from nose to upper lip",
    "face_side_x": "cheek, outward",
    "jaw_y": "jaw, height",
    "jaw_x": "jaw, sideways",
    "jaw_z": "jaw, depth",
    "chin_y": "chin boss, height",
    "chin_z": "chin boss, depth",
    "teeth": "teeth to be seen in the gap",
    "yaw_deg": "turn of the head",
    "pitch_deg": "nod of the head",
    "roll_deg": "tilt of the head",
    "distance_cm": "distance of the head",
    "gaze_x": "iris, sideways",
    "gaze_y": "iris, up and down",
    "skin_forehead_mid": "creases in the middle of the forehead",
    "skin_forehead": "creases of the forehead",
    "skin_glabella": "creases between the brows",
    "skin_crow": "creases at the outer eye corner",
    "skin_lower_lid": "creases under the eye",
    "skin_nose_side": "creases beside the nose",
    "skin_nose_root": "creases on the root of the nose",
    "skin_nasolabial": "furrow between nose and mouth",
    "skin_dimple": "creases beside the mouth corner",
    "skin_chin": "creases of the chin",
    "skin_lips_upper": "redness of the upper lip",
    "skin_lips_lower": "redness of the lower lip",
}
_SIGN: Final = {"+": 1, "-": -1, "?": 0}


def measures_of(code: str, side: str) -> tuple[tuple[str, str, int], ...]:
    """Column, side (``left``, ``right`` or empty) and direction (1, −1, 0: either) of every measure of a code.

    Parameters
    ----------
    code : str
        Of the catalogue; codes that nothing measured shows give nothing.
    side : str
        ``left`` or ``right`` leaves the other side out.
    """
    letters = {"left": "L", "right": "R"}.get(side, "LR")
    found: list[tuple[str, str, int]] = []
    for word in _MEASURES.get(code, "").split():
        sign, name = _SIGN[word[0]], word[1:]
        if name.endswith("_*"):
            found += [(f"{name[:-1]}{s}", "left" if s == "L" else "right", sign) for s in letters]
        else:
            found.append((name, "", sign))
    return tuple(found)


def words_of(column: str) -> str:
    """What a column measures, without its side."""
    return WORDS.get(column.removesuffix("_L").removesuffix("_R"), column)
