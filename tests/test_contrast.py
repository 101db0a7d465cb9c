"""The palette keeps its promises: contrast, even intensity steps, hues that survive colour blindness.

Everything is computed from ``static/css/tokens.css``; changing a colour there changes what is tested here.
"""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

TOKENS = Path(__file__).parents[1] / "static" / "css" / "tokens.css"
LINE = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
THEMES = ("light", "dark")

# sRGB (linear) to LMS to OKLab. Source: B. Ottosson, "A perceptual color space for image processing", 2020.
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# Linear sRGB as seen with a dichromacy, severity 1.0.
# Source: Machado, Oliveira & Fernandes, IEEE TVCG 15(6), 2009.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
GROUNDS = ("ground-sunken", "ground-page", "ground-panel", "ground-raised", "ground-hover")
REGIONS = ("upper", "lower", "eyes", "head", "misc")
STATUSES = ("good", "attention", "bad", "machine")
LETTERS = "abcde"

TEXT = [
    *[(ink, ground) for ink in ("ink-strong", "ink", "ink-quiet", "accent-ink", "bad-ink") for ground in GROUNDS],
    *[(f"{status}-ink", ground) for status in STATUSES for ground in (f"{status}-soft", "ground-panel")],
    *[(ink, f"{status}-soft") for status in STATUSES for ink in ("ink-strong", "ink-quiet")],
    *[(f"region-{r}-ink", ground) for r in REGIONS for ground in (f"region-{r}-soft", "ground-panel")],
    *[(f"on-intensity-{letter}", f"intensity-{letter}") for letter in LETTERS],
    *[(ink, "accent-soft") for ink in ("ink-strong", "ink", "ink-quiet", "accent-ink")],
    ("ink-strong", "intensity-0"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
]
GRAPHICS = [
    *[
        (line, ground)
        for line in ("outline", "focus")
        for ground in ("ground-page", "ground-panel", "ground-raised")
    ],
    *[(f"region-{region}", "ground-panel") for region in REGIONS],
    *[(status, "ground-panel") for status in STATUSES],
    ("accent", "ground-panel"),
    ("accent", "ground-sunken"),
]


def palette() -> dict[str, dict[str, str]]:
    found = LINE.findall(TOKENS.read_text())
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


PALETTE = palette()


def linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    return TO_LAB @ np.cbrt(TO_LMS @ np.clip(rgb, 0, 1))


def test_known_ratios():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_every_colour_is_read():
    text = re.sub(r"/\*.*?\*/", "", TOKENS.read_text(), flags=re.DOTALL)
    with_alpha = re.findall(r"light-dark\(#[0-9a-f]{8}", text)
    assert len(PALETTE["light"]) == text.count("light-dark(") - len(with_alpha) > 50


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_contrast(theme, ink, ground):
    ratio = contrast(PALETTE[theme][ink], PALETTE[theme][ground])
    assert ratio >= 4.5, f"{theme}: {ink} on {ground} has {ratio:.2f}"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_graphics_contrast(theme, mark, ground):
    ratio = contrast(PALETTE[theme][mark], PALETTE[theme][ground])
    assert ratio >= 3.0, f"{theme}: {mark} on {ground} has {ratio:.2f}"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_regions_stay_apart(theme, vision):
    """Distance in OKLab; 0.02 is just noticeable side by side, 0.09 is told apart at a glance."""
    seen = {r: oklab(VISION[vision] @ linear(PALETTE[theme][f"region-{r}"])) for r in REGIONS}
    distances = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in itertools.combinations(REGIONS, 2)}
    closest = min(distances, key=distances.__getitem__)
    assert distances[closest] >= 0.09, f"{theme}, {vision}: {closest} are {distances[closest]:.3f} apart"


@pytest.mark.parametrize("theme", THEMES)
def test_intensity_steps_are_even_in_greyscale(theme):
    lightness = np.array([oklab(linear(PALETTE[theme][f"intensity-{letter}"]))[0] for letter in LETTERS])
    steps = np.diff(lightness) * (-1 if theme == "light" else 1)
    assert (steps > 0.08).all(), f"{theme}: {steps.round(3)}"
    assert steps.max() / steps.min() < 1.5, f"{theme}: {steps.round(3)}"


def test_a_scheme_changes_colours_and_nothing_else():
    """What was looked at in one scheme stands the same in the other, but for its colours."""
    chosen = re.compile(r":root\[data-theme=\"(\w+)\"\] \{\s*color-scheme: \1;\s*\}")
    styles = {path: path.read_text() for path in TOKENS.parent.rglob("*.css")}
    assert len(chosen.findall(styles[TOKENS])) == len(THEMES)
    for path, text in styles.items():
        rest = chosen.sub("", re.sub(r"/\*.*?\*/", "", text, flags=re.S))
        assert "prefers-color-scheme" not in rest, path.name
        assert "data-theme" not in rest, path.name
