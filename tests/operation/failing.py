"""A job that fails as jobs do: with what it met in its words, in its variables and in what caused it."""

from __future__ import annotations


def job(number: int) -> None:
    name, code = "Markername", "MARKER-77"
    try:
        {}[code]
    except KeyError as error:
        raise ValueError(f"{name} {code} marker@mail.example markerfile.mp4") from error
