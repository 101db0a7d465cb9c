"""How often a coding shows what the catalogue lists for a state: what display rules are estimated from."""

from __future__ import annotations

import numpy as np

from analysis.facs.evidence import Evidence


def moments_shown(layer: Evidence) -> dict[str, tuple[int, int]]:
    """Moments with a state's expressions, and all moments, by state.

    A moment is one window of `analysis.emotion`, side by side without overlap. It shows a state when one of the
    state's combinations stands in it for any time, in what a person coded: the machine's own leaning in a cohort
    must not become that cohort's display rule.

    Parameters
    ----------
    layer : Evidence
        From `analysis.facs.evidence.evidence_of_layer`.

    Returns
    -------
    dict of str to (int, int)
        Empty where nothing was coded.
    """
    from analysis.emotion.parameters import parameters
    from analysis.facs.combinations import catalogue, find

    if not len(layer):
        return {}
    told = parameters()
    window = (layer.time_us - layer.time_us[0]) // told.window_us
    seen = np.bincount(window, weights=np.isfinite(layer.quality) * layer.durations_s())
    # As for states: half of the window has to be known.
    known = seen * 1e6 >= told.window_us / 2
    shown = {state: np.zeros(len(known), bool) for state in dict.fromkeys(told.groups.values())}
    for found in find(layer, catalogue()):
        if (state := told.groups.get(found.group)) is not None:
            inside = (layer.time_us >= found.onset_us) & (layer.time_us <= found.offset_us)
            shown[state][np.unique(window[inside])] = True
    total = int(known.sum())
    return {state: (int((marks & known).sum()), total) for state, marks in shown.items()} if total else {}
