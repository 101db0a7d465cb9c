"""Learning from coders: refits the shipped scorers with what people coded and signed in an installation."""

from analysis.coded import CodedEvent
from analysis.learning.codings import Coding, read_codings, write_codings
from analysis.learning.train import CARD, Trained, next_version, requirements, train

__all__ = [
    "CARD",
    "CodedEvent",
    "Coding",
    "Trained",
    "next_version",
    "read_codings",
    "requirements",
    "train",
    "write_codings",
]
