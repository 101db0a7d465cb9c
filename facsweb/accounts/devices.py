"""What a browser says about itself, in words that its owner recognises. A guess for people, never a check."""

from __future__ import annotations

import re
from typing import Final

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def in_words(device: str) -> str:
    """Browser and system of a User-Agent line (“Firefox on Linux”); its first words where neither is known."""
    browser = next((name for mark, name in _BROWSERS if mark in device), "")
    system = next((name for mark, name in _SYSTEMS if mark in device), "")
    if browser and system:
        return f"{browser} on {system}"
    found = re.match(r"[\w.\- ]+", device)
    return browser or system or (found[0].strip()[:40] if found else "") or "Unknown browser"
