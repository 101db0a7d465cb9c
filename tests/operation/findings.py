"""What a test expects of the doctor's findings."""

from __future__ import annotations

Findings = list[dict[str, str]]


def named(found: Findings, about: str, says: str, level: str = "fault") -> str:
    """The remedy of the finding that says so; fails where there is none."""
    matching = [one for one in found if one["about"] == about and says in one["says"] and one["level"] == level]
    assert matching, found
    assert matching[0]["remedy"]
    return matching[0]["remedy"]


def well(found: Findings, about: str) -> None:
    assert [one["level"] for one in found if one["about"] == about] == ["ok"], found
