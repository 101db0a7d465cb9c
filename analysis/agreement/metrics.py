"""The kinds of figures: what each is called, in what unit, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

#: ``share``: 0–1; ``coefficient``: −1 to 1 (1 = the same); ``us``: microseconds of media time.
Unit = Literal["share", "coefficient", "us"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One kind of figure.

    Attributes
    ----------
    key : str
        As it stands in `Row.figures` and in JSON.
    label : str
        For a table's head.
    unit : {"share", "coefficient", "us"}
    what : str
        One sentence for a person.
    pooled : bool
        What the overall row holds: True: all codes counted together; False: the mean over the codes that have the
        figure.
    """

    key: str
    label: str
    unit: Unit
    what: str
    pooled: bool


METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "index", "Index", "share", "Wexler/Ekman: twice the matched events by all events of both coders.", True
    ),
    Metric(
        "index_frames",
        "Index, time",
        "share",
        "The same of coded frames: time both coded it, twice, by the time each did.",
        True,
    ),
    Metric("kappa", "κ, frames", "coefficient", "Cohen's κ of present or absent, frame by frame.", False),
    Metric(
        "kappa_events",
        "κ, events",
        "coefficient",
        "Cohen's κ of matched and unmatched events with tolerance.",
        False,
    ),
    Metric("alpha", "α", "coefficient", "Krippendorff's α (nominal) of present or absent, frame by frame.", False),
    Metric(
        "ac1",
        "AC1",
        "coefficient",
        "Gwet's AC1 of present or absent, frame by frame; it holds where a code is rare.",
        False,
    ),
    Metric(
        "prevalence",
        "Prevalence",
        "share",
        "Share of the frames in which the code is present, mean of the coders.",
        False,
    ),
    Metric(
        "observed",
        "Same",
        "share",
        "Share of the frames judged the same; misleading alone where a code is rare.",
        False,
    ),
    Metric(
        "kappa_intensity",
        "κ, intensity",
        "coefficient",
        "Cohen's κ of intensities 0, A–E per frame, squared weights.",
        False,
    ),
    Metric(
        "alpha_intensity",
        "α, intensity",
        "coefficient",
        "Krippendorff's α (ordinal) of intensities 0, A–E per frame.",
        False,
    ),
    Metric("icc2", "ICC(2,1)", "coefficient", "Absolute agreement of intensities 0–5 per frame.", False),
    Metric(
        "icc3",
        "ICC(3,1)",
        "coefficient",
        "Consistency of intensities 0–5 per frame; a constant offset is forgiven.",
        False,
    ),
    Metric(
        "icc2_events",
        "ICC(2,1), events",
        "coefficient",
        "Absolute agreement of the intensities of matched events.",
        False,
    ),
    Metric(
        "icc3_events",
        "ICC(3,1), events",
        "coefficient",
        "Consistency of the intensities of matched events.",
        False,
    ),
    Metric("overlap", "Overlap", "share", "Mean intersection over union of matched events.", True),
    Metric("onset_us", "Onset", "us", "Median of second minus first coder's onset; positive is later.", True),
    Metric("onset_abs_us", "Onset off by", "us", "Median amount of the onset's deviation.", True),
    Metric("apex_us", "Apex", "us", "Median of second minus first coder's apex.", True),
    Metric("apex_abs_us", "Apex off by", "us", "Median amount of the apex's deviation.", True),
    Metric("offset_us", "Offset", "us", "Median of second minus first coder's offset.", True),
    Metric("offset_abs_us", "Offset off by", "us", "Median amount of the offset's deviation.", True),
)
METRIC: Final[Mapping[str, Metric]] = MappingProxyType({metric.key: metric for metric in METRICS})
#: What more than two coders have together; the others are of pairs.
GROUP_METRICS: Final = ("index", "alpha", "ac1", "prevalence", "alpha_intensity", "icc2", "icc3")
