"""The command ``python -m analysis calibrate``: a file of signed codings in, a calibration out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.calibration.record import Calibration, Change


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "calibrate",
        help="calibrate cohorts with what people coded and signed",
        description="Estimates for every cohort what the machine does otherwise than coders, by partial pooling, "
        "and measures on participants left out what correcting it changes. FILE is what `manage.py calibrate "
        "--file` writes: signed codings with the cohort that each participant stated.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="signed codings with cohorts")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the calibration goes, JSON")
    parser.add_argument("--version", default="1", help="what to call it (1)")
    parser.add_argument("--scorer", metavar="NAME", help="runs of others are left out; that of most runs")
    parser.add_argument("--json", action="store_true", help="print the calibration as JSON")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import json

    from analysis.calibration.engine import calibrate
    from analysis.calibration.material import read_sessions
    from analysis.console import progress, say, say_json
    from analysis.facs.tables import replacing
    from analysis.types import AnalysisError

    sessions = read_sessions(options.file)
    with progress(quiet=options.json) as hook:
        found = calibrate(sessions, version=options.version, scorer=options.scorer, hook=hook)
    content = found.as_dict()
    try:
        with replacing(options.out) as partial:
            partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"{options.out.name} cannot be written: {error.strerror or error}.") from error
    if options.json:
        say_json(content)
    else:
        for line in _lines(found):
            say(line)
    return 0


def _lines(found: Calibration) -> list[str]:
    """The result as text: cohorts, codes, what cannot be said."""
    from analysis.calibration.words import NOT_CALIBRATED

    said = [
        f"Calibration {found.version} of {found.scorer}: {found.participants} participants, {found.codings} "
        f"codings, {found.events} events, {found.minutes:.0f} minutes, {len(found.coders)} coders.",
        "",
    ]
    for one in found.cohorts:
        units = [unit.code for unit in one.units.values() if unit.calibrated]
        state = f"calibrated for {', '.join(units)}" if one.calibrated else f"{NOT_CALIBRATED}. {one.why}"
        said.append(f"{one.id or '(none stated)'}: {one.participants} participants, {one.events} events; {state}")
        said.append(f"  error {_change(one.error)}, false events {_change(one.false)}")
    said.append("")
    for code in found.codes.values():
        said.append(f"AU {code.code}: error {_change(code.error)}, ICC {_change(code.icc)} {code.why}".rstrip())
    said += ["", *(f"Note: {sentence}" for sentence in (*found.skipped, *found.cannot))]
    return said


def _change(change: Change) -> str:
    ends = (f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]" for one in (change.before, change.after))
    return " → ".join(ends)
