"""Which Action Units act together, as a picture and as a table of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis.facs.codes import CATALOGUE
from facsweb.meaning.templatetags.reading import percent

#: Lowest share of each colour, as `together-heat.js` draws them; a choice of ours.
EDGES: Final = (0.05, 0.2, 0.4, 0.6, 0.8)


def together(own: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the page shows of a face's ``together`` in meaning.json; None where the face was not read.

    Returns
    -------
    dict or None
        ``pairs`` by share, largest first, those that never act at once last; ``heat`` for the picture, None where
        no two units acted for long enough; ``steps`` of its colours.
    """
    if own is None:
        return None
    told = own["together"]
    codes = told["codes"]
    pairs = [_pair(told, i, j) for i in range(len(codes)) for j in range(i + 1, len(codes))]
    shown = [pair for pair in pairs if pair["share"] is not None]
    return {
        "units": [f"{code} {CATALOGUE[code].name.lower()}" for code in codes],
        "pairs": sorted(shown, key=lambda pair: -pair["share"]),
        "never": len(pairs) - len(shown),
        "heat": _heat(told, pairs) if pairs else None,
        "steps": [("", f"under {percent(EDGES[0])}"), *_steps()],
    }


def _steps() -> list[tuple[str, str]]:
    return [(step, f"from {percent(edge)}") for step, edge in zip("ABCDE", EDGES, strict=True)]


def _pair(told: Mapping[str, Any], i: int, j: int) -> dict[str, Any]:
    """One pair; seconds, lift and moment are absent in readings from before they were kept."""
    a, b = told["codes"][i], told["codes"][j]
    more = {key: told[key][i][j] if key in told else None for key in ("seconds", "lift", "at_us")}
    names = {"a": a, "b": b, "a_name": CATALOGUE[a].name, "b_name": CATALOGUE[b].name}
    return {"i": i, "j": j, **names, "share": told["jaccard"][i][j], **more}


def _heat(told: Mapping[str, Any], pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain values for the picture: symmetric, nothing on the diagonal."""
    size = len(told["codes"])
    values: list[list[float | None]] = [[None] * size for _ in range(size)]
    moments: list[list[int | None]] = [[None] * size for _ in range(size)]
    words = [[""] * size for _ in range(size)]
    for pair in pairs:
        for i, j in ((pair["i"], pair["j"]), (pair["j"], pair["i"])):
            values[i][j], moments[i][j], words[i][j] = pair["share"], pair["at_us"], _words(pair)
    for at, (code, share) in enumerate(zip(told["codes"], told["share"], strict=True)):
        words[at][at] = f"{code} {CATALOGUE[code].name.lower()}: {percent(share)} of the time"
    return {"codes": told["codes"], "edges": EDGES, "values": values, "at": moments, "words": words}


def _words(pair: Mapping[str, Any]) -> str:
    """What stands behind a cell; lines are parted by ``<br>``, as Plotly has them."""
    head = f"{pair['a']} {pair['a_name'].lower()}<br>{pair['b']} {pair['b_name'].lower()}"
    if pair["share"] is None:
        return f"{head}<br>never scored at the same time"
    said = [head, f"both in {percent(pair['share'])} of the time of either"]
    if pair["seconds"] is not None:
        said.append(f"{pair['seconds']:.1f} s")
    if pair["lift"] is not None:
        said.append(f"{pair['lift']:.1f} times what chance would give")
    return "<br>".join(said)
