"""What ``python -m analysis agree`` does: files of coders in, a table of their agreement out."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from analysis.agreement.disagreements import disagreements
from analysis.agreement.figures import Agreement, Figure, PairAgreement, Row
from analysis.agreement.methods import methods
from analysis.agreement.metrics import METRIC
from analysis.agreement.options import CERTIFIED, Options
from analysis.agreement.report import agree
from analysis.coded import CodedLayer
from analysis.console import say, say_json
from analysis.exchange import formats
from analysis.facs.codes import CATALOGUE
from analysis.facs.tables import replacing
from analysis.types import AnalysisError

#: Figures of the printed table; the files have all.
_SHOWN: Final = ("index", "kappa", "ac1", "alpha", "prevalence", "icc2", "onset_abs_us")


def run(options: argparse.Namespace) -> int:
    """Compare, print, and write what was asked for.

    Raises
    ------
    AnalysisError
        A file is not there or not readable, or there is nothing to compare.
    """
    chosen = _options(options)
    recordings, remarks = read(options.codings, options.seconds)
    found = agree(recordings, chosen)
    if options.out is not None:
        write(found, recordings, chosen, options.out)
    if options.json:
        say_json(found.as_dict())
        return 0
    for pair in found.pairs:
        say(table(pair) + "\n")
    if found.group is not None:
        overall = found.group.overall
        say(
            f"All {len(found.coders)} coders: "
            + ", ".join(
                f"{METRIC[key].label} {_text(key, overall[key])}" for key in ("index", "alpha", "ac1", "icc2")
            )
            + "\n"
        )
    for remark in (*remarks, *found.notes):
        say(f"Note: {remark}")
    say(methods(found, chosen))
    return 0


def _options(options: argparse.Namespace) -> Options:
    codes = tuple(code.strip() for code in options.codes.split(",")) if options.codes else None
    unknown = [code for code in codes or () if code not in CATALOGUE]
    if unknown:
        raise AnalysisError(f"There is no code {unknown[0]!r}.")
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        raise AnalysisError("The length of the recording has to be more than 0 seconds.")
    try:
        return Options(
            codes=codes,
            sides_apart=options.sides,
            tolerance_us=round(options.tolerance_ms * 1000),
            resamples=options.resamples,
        )
    except ValueError as error:
        raise AnalysisError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def read(paths: Sequence[Path], seconds: float | None) -> tuple[list[list[CodedLayer]], list[str]]:
    """The codings as layers, by recording, and what is to be said about them.

    Parameters
    ----------
    paths : sequence of Path
        A file or a folder for each coder.
    seconds : float or None
        Length of what was coded, where files do not say it.

    Raises
    ------
    AnalysisError
        Fewer than two, a file that is not readable, or folders without a common file.
    """
    if len(paths) < 2:
        raise AnalysisError("Agreement needs the codings of at least two coders.")
    names = _coders(paths)
    if not any(path.is_dir() for path in paths):
        layers, remarks = _recording(dict(zip(names, paths, strict=True)), "", seconds)
        return [layers], remarks
    if not all(path.is_dir() for path in paths):
        raise AnalysisError("Give files or folders, not both.")
    recordings, remarks = [], []
    files = [{file.name: file for file in sorted(path.iterdir()) if file.is_file()} for path in paths]
    for name in sorted(set[str]().union(*files)):
        own = {coder: held[name] for coder, held in zip(names, files, strict=True) if name in held}
        if len(own) > 1:
            layers, said = _recording(own, Path(name).stem, seconds)
            recordings.append(layers)
            remarks += said
    if not recordings:
        raise AnalysisError("The folders have no file of the same name.")
    return recordings, remarks


def _coders(paths: Sequence[Path]) -> list[str]:
    """Names that tell the files apart: without the ending, else with as much of the folders as it takes."""
    whole = [path.resolve() for path in paths]
    if len(set(whole)) < len(whole):
        raise AnalysisError("The same file is given twice.")
    for depth in range(1, max(len(path.parts) for path in whole) + 1):
        names = ["/".join(path.with_suffix("").parts[-depth:]) for path in whole]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in whole]


def _recording(
    files: dict[str, Path], recording: str, seconds: float | None
) -> tuple[list[CodedLayer], list[str]]:
    readings, remarks = {}, []
    for coder, path in files.items():
        try:
            readings[coder] = formats.read(path.read_bytes())
        except OSError as error:
            raise AnalysisError(f"{path} cannot be read: {error.strerror}.") from error
        except AnalysisError as error:
            raise AnalysisError(f"{path.name}: {error}") from error
        remarks += [f"{path.name}, {remark}" for remark in readings[coder].warnings]
    last = max((event.offset_us for reading in readings.values() for event in reading.events), default=0)
    whole = ((0, round(seconds * 1e6) if seconds else last + 1),)
    if seconds is None and not all(reading.spans for reading in readings.values()):
        remarks.append(
            f"{recording or 'the recording'} was taken to be coded from its beginning to its last event "
            f"({last / 1e6:.2f} s); --seconds says how long it is."
        )
    layers = [
        CodedLayer(coder, reading.events, reading.spans or whole, "", recording)
        for coder, reading in readings.items()
    ]
    return layers, remarks


def _text(key: str, figure: Figure) -> str:
    if not figure.defined:
        return "–"
    scale, digits = (1e-3, 0) if METRIC[key].unit == "us" else (1.0, 2)
    value = f"{figure.value * scale:.{digits}f}"
    if math.isnan(figure.low):
        return value
    return f"{value} [{figure.low * scale:.{digits}f}, {figure.high * scale:.{digits}f}]"


def table(pair: PairAgreement) -> str:
    """Markdown: a row for each code, then all codes."""
    head = ["code", "both", pair.first, pair.second]
    head += [METRIC[key].label + (", ms" if METRIC[key].unit == "us" else "") for key in _SHOWN]
    head.append(f"index ≥ {CERTIFIED:.2f}")
    rows = [head, ["---"] * len(head)]
    for row in (*pair.rows, pair.overall):
        counts = [str(number) for number in (row.matched, row.first_only, row.second_only)]
        rows.append([row.label, *counts, *(_text(key, row[key]) for key in _SHOWN), _standing(row["index"])])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    confused = ", ".join(f"{one.first} and {one.second} ({one.count})" for one in pair.confused[:5])
    return "\n".join([*lines, *([f"\nAt the same time, in this order of coders: {confused}"] if confused else [])])


def _standing(index: Figure) -> str:
    if not index.defined:
        return "–"
    said = "yes" if index.value >= CERTIFIED else "no"
    return said if index.certain or math.isnan(index.low) else f"{said}, uncertain"


def write(found: Agreement, recordings: Iterable[Sequence[CodedLayer]], options: Options, folder: Path) -> None:
    """Write ``agreement.json``, ``agreement.csv`` (a row for each figure), ``disagreements.csv``, ``methods.txt``.

    Raises
    ------
    AnalysisError
        The folder cannot be written.
    """
    files = {
        "agreement.json": json.dumps(found.as_dict(), indent=1, allow_nan=False, ensure_ascii=False) + "\n",
        "agreement.csv": _csv(_FIGURES, (line for pair in found.pairs for line in _figures(pair))),
        "disagreements.csv": _csv(_DISAGREEMENTS, _disagreements(recordings, options)),
        "methods.txt": methods(found, options) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with replacing(folder / name) as partial:
                partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"{folder} cannot be written: {error.strerror}.") from error


_FIGURES: Final = ("first", "second", "code", "side", "figure", "value", "low", "high", "n", "why")
_PLACE: Final = ("kind", "also", "code", "face", "from_us", "to_us", "a", "b")
_DISAGREEMENTS: Final = ("recording", "first", "second", *_PLACE)


def _figures(pair: PairAgreement) -> Iterable[Sequence[Any]]:
    def plain(value: float) -> str:
        return "" if math.isnan(value) else f"{value:.6g}"

    def lines(row: Row) -> Iterable[Sequence[Any]]:
        for key, one in row.figures.items():
            ends = plain(one.value), plain(one.low), plain(one.high)
            yield (pair.first, pair.second, row.code or "all", row.side, key, *ends, one.n, one.why)

    return [line for row in (*pair.rows, pair.overall) for line in lines(row)]


def _disagreements(recordings: Iterable[Sequence[CodedLayer]], options: Options) -> Iterable[Sequence[Any]]:
    for group in recordings:
        for first, second in combinations(group, 2):
            for one in disagreements(first, second, options):
                plain = one.as_dict() | {"also": " ".join(one.also)}
                yield (first.recording, first.coder, second.coder, *(plain[name] for name in _PLACE))


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
