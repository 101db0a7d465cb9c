"""From signed codings to a new version of the scorer: examples, refit, package, card."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from analysis.facs.codes import ACTION_UNITS
from analysis.learning import graph
from analysis.learning.card import card
from analysis.learning.codings import Coding
from analysis.learning.examples import Examples, examples_of, joined
from analysis.learning.refit import MEASURED_PARTICIPANTS, Refit, refit
from analysis.scoring import choice, package, tiers
from analysis.scoring.interval import widened
from analysis.scoring.package import ABOUT, ENCODER, SCALES, SIGHT, Package
from analysis.scoring.targets import TARGETS
from analysis.types import AnalysisError, Cancelled, Hook, ShouldStop

ID: Final = "au-own"
#: Figures of one or two people are figures of those people.
LEAST_PARTICIPANTS: Final = 3
CARD: Final = "card.md"
_TEMPORARY: Final = ".training-"


@dataclass(frozen=True)
class Trained:
    """A new version.

    Attributes
    ----------
    folder : Path
        The package.
    about : mapping
        Content of its ``scorer.json``; ``learned`` says what it was learned from and what changed.
    """

    folder: Path
    about: Mapping[str, Any]


def requirements() -> str:
    """What training needs, in a sentence for a person."""
    return (
        f"Signed codings of at least {LEAST_PARTICIPANTS} participants are needed, measured with the scorer that "
        "ships with this version."
    )


def next_version(out: Path) -> str:
    """The whole number after the largest that is in a folder of packages."""
    taken = [int(path.name) for path in Path(out).glob("*") if path.name.isdecimal()]
    return str(max(taken, default=0) + 1)


def train(
    codings: Sequence[Coding],
    out: Path,
    *,
    version: str,
    base: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Trained:
    """Refit a scorer with people's codings and write it as a package.

    Parameters
    ----------
    codings : sequence of Coding
        Signed readings, with consent for this use; several coders may have read the same face.
    out : Path
        Folder of packages (``FACSWEB_SCORERS``); the new one is ``out/version`` and appears only when complete.
    version : str
        Its version; whatever is there already is kept, and an error.
    base : str, optional
        Scorer to refit, one of `analysis.scoring.choice.available`; the newest that came with the product.
    hook : Hook, optional
        Stages ``read`` (codings) and ``fit`` (codes).
    should_stop : ShouldStop, optional
        Asked between codings and codes.

    Returns
    -------
    Trained

    Raises
    ------
    AnalysisError
        Too few participants, no such base, the version exists, or it cannot be written.
    Cancelled
        ``should_stop`` returned true; nothing was written.
    """
    found = choice.chosen(base)
    if found is None:
        raise AnalysisError("The rules cannot be refitted; choose a learned scorer as base.")
    target = Path(out) / version
    if target.exists():
        raise AnalysisError(f"There is a version {version} already; versions are never replaced.")

    def tell(stage: str, done: int, total: int) -> None:
        if should_stop is not None and should_stop():
            raise Cancelled("The training was stopped.")
        if hook is not None:
            hook(stage, done, total)

    examples, used, skipped = _read(codings, found, tell)
    people = {coding.participant for coding in used}
    if len(people) < LEAST_PARTICIPANTS:
        why = f" Left out: {' '.join(skipped[:5])}" if skipped else ""
        raise AnalysisError(f"{len(people)} participant(s) can be learned from. {requirements()}{why}")
    refits = refit(examples, found, lambda done, total: tell("fit", done, total))
    about = _about(found, version, used, skipped, refits)
    return _write(found, target, about, refits)


def _read(codings: Sequence[Coding], base: Package, tell: Any) -> tuple[Examples, list[Coding], list[str]]:
    """Examples of all codings that can be read; a sentence for each of the others."""
    parts: list[Examples] = []
    used: list[Coding] = []
    skipped: list[str] = []
    for done, coding in enumerate(codings):
        tell("read", done, len(codings))
        try:
            parts.append(examples_of(coding, base))
        except AnalysisError as error:
            skipped.append(f"Run {coding.run}: {error}")
        else:
            used.append(coding)
    tell("read", len(codings), len(codings))
    if not parts:
        reasons = " ".join(skipped[:5]) or "There is none."
        raise AnalysisError(f"No coding can be learned from. {requirements()} {reasons}")
    return joined(parts), used, skipped


def _plain(value: Any) -> Any:
    """Numbers to four places, NaN as null: what JSON can hold."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _learned(one: Refit) -> dict[str, Any]:
    return {
        "before": asdict(one.before),
        "after": asdict(one.after),
        "participants": one.participants,
        "examples": one.events,
        "windows": one.windows,
        "used": one.used,
        "why": one.why,
    }


def _about(
    base: Package, version: str, used: Sequence[Coding], skipped: list[str], refits: Mapping[str, Refit]
) -> dict[str, Any]:
    codes = {code: dict(base.about["codes"][code]) for code in ACTION_UNITS}
    for code, one in refits.items():
        if not one.used:
            continue
        many = one.participants >= MEASURED_PARTICIPANTS
        codes[code] |= {
            "gain": 1.0,
            "offset": 0.0,
            "rest_noise": one.rest_noise,
            "interval": widened(base.about["codes"][code]["interval"], one.widen),
            "tier": tiers.tier(one.after.icc, contradicted=not many),
        }
    kept = {name: value for name, value in base.about.items() if name not in {"figures", "note"}}
    learned = {
        "base": f"{base.id}/{base.version}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "participants": len({coding.participant for coding in used}),
        "coders": len({coding.coder for coding in used}),
        "recordings": len({coding.folder for coding in used}),
        "codings": len(used),
        "skipped": skipped,
        "codes": {code: _learned(one) for code, one in refits.items()},
    }
    about: dict[str, Any] = _plain(kept | {"id": ID, "version": version, "codes": codes, "learned": learned})
    return about


def _write(base: Package, target: Path, about: dict[str, Any], refits: Mapping[str, Refit]) -> Trained:
    """Write the package beside its place, read it again, then put it there."""
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
        for name in (ENCODER, SIGHT, SCALES):
            shutil.copyfile(base.folder / name, temporary / name)
        for kind in base.heads:
            head = (base.folder / f"{kind}.onnx").read_bytes()
            (temporary / f"{kind}.onnx").write_bytes(_head(base, kind, head, refits))
        text = json.dumps(about, indent=1, ensure_ascii=False)
        (temporary / ABOUT).write_text(text + "\n", encoding="utf-8")
        (temporary / CARD).write_text(card(about), encoding="utf-8")
        package.load(temporary)
        temporary.chmod(0o755)
        temporary.rename(target)
    except OSError as error:
        raise AnalysisError(f"The new scorer cannot be written: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return Trained(target, about)


def _head(base: Package, kind: str, head: bytes, refits: Mapping[str, Refit]) -> bytes:
    corrections = {
        target: correction
        for code, one in refits.items()
        if base.winner(code) == kind
        for target, correction in one.corrections.items()
    }
    if not corrections:
        return head
    line = {
        target: (
            base.about["codes"][TARGETS[target][0]]["gain"],
            base.about["codes"][TARGETS[target][0]]["offset"],
        )
        for target in corrections
    }
    return graph.corrected(head, corrections, line)
