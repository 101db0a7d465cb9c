"""The sentences for a methods section."""

from __future__ import annotations

from analysis.agreement.figures import Agreement, PairAgreement
from analysis.agreement.options import CERTIFIED, RELIABLE, Options


def methods(found: Agreement, options: Options | None = None) -> str:
    """What was compared and how, for a methods section.

    Parameters
    ----------
    found : Agreement
    options : Options, optional
        Those that it was made with.

    Returns
    -------
    str
        A paragraph of plain English, without figures of the result; it ends with its references.
    """
    options = options or Options()
    if not found.pairs:
        return "No time was coded by two coders."
    return " ".join((*_what(found, options), *_figures(found), *_intervals(found), _REFERENCES))


def _what(found: Agreement, options: Options) -> list[str]:
    largest = max(found.pairs, key=lambda pair: pair.seconds)
    count = f"{len(found.coders)} coders ({', '.join(found.coders)})"
    recordings = "1 recording" if largest.recordings == 1 else f"{largest.recordings} recordings"
    most = "" if len(found.pairs) == 1 else " in the pair with the most"
    sides = "the left and the right side apart" if options.sides_apart else "whatever its side"
    said = [
        f"Agreement of {count} was computed over the time that both of a pair had coded "
        f"({_minutes(largest)} of {recordings}{most}), each face apart and each code {sides}."
    ]
    if options.codes is not None:
        said.append(f"Codes {', '.join(options.codes)} were compared.")
    return [*said, _matching(options)]


def _matching(options: Options) -> str:
    tolerance = f"{options.tolerance_us / 1000:g} ms"
    if options.match_by == "onset":
        rule = f"whose onsets were at most {tolerance} apart"
    elif options.tolerance_us:
        rule = f"that overlapped or were at most {tolerance} apart"
    else:
        rule = "that overlapped"
    least = f" and shared at least {options.min_overlap:.0%} of their union" if options.min_overlap else ""
    return (
        f"Events of the same code {rule}{least} were matched one to one, as many as possible and then those with "
        "the largest intersection over union."
    )


def _figures(found: Agreement) -> list[str]:
    said = [
        "The Wexler/Ekman index is twice the number of matched events divided by the number of all events of both "
        f"coders [1]; FACS certification asks for {CERTIFIED:.2f}, and {RELIABLE:.2f} is usually called reliable.",
        "Presence was compared frame by frame with Cohen's κ [2], Krippendorff's α (nominal) [3] and Gwet's AC1 "
        "[4], which holds where a code is rare; intensities (0 for absent, 1–5 for A–E) with quadratically "
        "weighted κ, α (ordinal), ICC(2,1) and ICC(3,1) [5].",
        "For Cohen's κ of events, the number of occasions on which neither coded was taken as the time that both "
        "left free divided by the mean length of the code's events; the index is the limit of this κ as that "
        "number grows [6].",
        "Deviations of onset, apex and offset are medians over matched events. Figures over all codes are of all "
        "events together for the index, overlap and deviations, and means over codes for the coefficients; "
        "visibility codes (70–74) are left out of them.",
    ]
    if found.group is not None:
        said.append(
            "Figures of all coders together are over the time that all coders of a recording had coded; their "
            "index is over the events of every two of them."
        )
    return said


def _intervals(found: Agreement) -> list[str]:
    bases = {str(pair.basis) for pair in found.pairs}
    if len(bases) == 1:
        (basis,) = bases
        with_ = f"Intervals: {basis}." if found.pairs[0].basis.resamples else f"There are {basis}."
        return [with_]
    return [f"Intervals of {pair.first} and {pair.second}: {pair.basis}." for pair in found.pairs]


def _minutes(pair: PairAgreement) -> str:
    return f"{pair.seconds / 60:.1f} min" if pair.seconds >= 60 else f"{pair.seconds:.1f} s"


_REFERENCES = (
    "[1] Ekman, Friesen & Hager 2002, FACS Investigator's Guide. [2] Cohen 1960, doi:10.1177/001316446002000104. "
    "[3] Krippendorff 2011, Computing Krippendorff's Alpha-Reliability. "
    "[4] Gwet 2008, doi:10.1348/000711006X126600. [5] Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420. "
    "[6] Hripcsak & Rothschild 2005, doi:10.1197/jamia.M1733."
)
