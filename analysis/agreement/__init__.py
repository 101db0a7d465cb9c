"""How far coders agree: people among themselves, and people with the machine. Pure values, no Django.

One call::

    found = agree([(anna, ben), ...], Options(codes=("1", "2", "12")))

``recordings`` holds, for each recording, the `analysis.coded.CodedLayer` of every coder (two or more). Only time
that all compared coders coded (`CodedLayer.spans`) counts; rejected events do not. ``found`` is an `Agreement`:

* ``found.pairs``: a `PairAgreement` for every two coders with ``overall`` and ``rows`` (`Row`, one a code in the
  catalogue's order; ``row["index"]`` is a `Figure` with ``value``, ``low``, ``high``, ``n``, ``why``),
  ``confused``, ``basis`` (what the bootstrap drew);
* ``found.group``: with more than two coders, the figures that all have together;
* ``found.as_dict()``: plain values for JSON and pages; `METRICS` says what each figure is and in what unit.

`disagreements` lists where two layers differ, in order of time, for stepping through; `methods` writes the
sentences for a methods section. A figure that the codings do not define is NaN and says why; it is never set to
0 or 1. `CERTIFIED` (.70) and `RELIABLE` (.80) are thresholds of the index. ``docs/agreement.md`` has the
definitions, their sources and what they were checked against.
"""

from analysis.agreement.disagreements import KINDS, Disagreement, disagreements
from analysis.agreement.figures import (
    Agreement,
    Basis,
    Confused,
    Figure,
    GroupAgreement,
    PairAgreement,
    Row,
)
from analysis.agreement.methods import methods
from analysis.agreement.metrics import GROUP_METRICS, METRIC, METRICS, Metric
from analysis.agreement.options import CERTIFIED, RELIABLE, Options
from analysis.agreement.report import agree

__all__ = [
    "CERTIFIED",
    "GROUP_METRICS",
    "KINDS",
    "METRIC",
    "METRICS",
    "RELIABLE",
    "Agreement",
    "Basis",
    "Confused",
    "Disagreement",
    "Figure",
    "GroupAgreement",
    "Metric",
    "Options",
    "PairAgreement",
    "Row",
    "agree",
    "disagreements",
    "methods",
]
