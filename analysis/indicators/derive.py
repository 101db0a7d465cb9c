"""Engagement, channels and indicators of one result folder, and their files."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.facs.tables import replacing
from analysis.indicators import catalogue, channels, engagement, permission
from analysis.indicators.channels import Compared
from analysis.indicators.engagement import Engagement
from analysis.indicators.evaluate import COVERS, DRAWS, LEVEL, drawn_inputs, evaluate, refused
from analysis.indicators.formulas import Formulas, shipped
from analysis.indicators.grid import Grid, grid_over
from analysis.indicators.markers import Marker, responses
from analysis.indicators.measures import Material, measured
from analysis.indicators.permission import Allowed, limits
from analysis.indicators.session import FaceTrack, Session, Voice, read
from analysis.indicators.speaking import Own, Said, Speakers, may_speak, own
from analysis.indicators.statement import EXPLORATORY, SOURCES, STATEMENT
from analysis.types import AnalysisError

SCHEMA: Final = 1
ENGAGEMENT, CHANNELS, INDICATORS, RESPONSES = (
    "engagement.parquet",
    "channels.json",
    "indicators.json",
    "responses.json",
)


@dataclass(frozen=True)
class Derived:
    """What was found, as it stands in the files.

    Attributes
    ----------
    engagement : mapping of int to Engagement
        By face.
    channels, indicators : mapping
        Content of channels.json and indicators.json.
    responses : mapping or None
        Content of responses.json; None without markers.
    """

    engagement: Mapping[int, Engagement]
    channels: Mapping[str, Any]
    indicators: Mapping[str, Any]
    responses: Mapping[str, Any] | None


def derive(
    folder: Path,
    *,
    voice: Voice | None = None,
    text: Mapping[str, Any] | None = None,
    allowed: Allowed | None = None,
    formulas: Formulas | None = None,
    markers: Sequence[Marker] = (),
    speakers: Speakers | None = None,
    refused: Mapping[int, Collection[str]] | None = None,
    others: int = 0,
    faces: Collection[int] | None = None,
    seed: int = 0,
    write: bool = True,
) -> Derived:
    """Compute and write ``engagement.parquet``, ``channels.json``, ``indicators.json`` (and ``responses.json``).

    Parameters
    ----------
    folder : Path
        Results of `analysis.pipeline.interpret`; files of combinations, states, voice and words are used where
        they are.
    voice, text : optional
        Take the place of the folder's own.
    allowed : Allowed, optional
        Consent and purpose. Without it no indicator has a value. Where the purpose forbids, nothing is computed at
        all; where consent does not cover voice or words they are not used.
    formulas : Formulas, optional
        Those that came with the product when left out.
    markers : sequence of Marker
    speakers : mapping of int or None to str (or several), optional
        Names under which each face's person stands in the voice and in the words; under None the names of those
        who are in no picture. With one face and one speaker they are taken to be the same as long as this is
        empty; else only what carries one of these names counts.
    refused : mapping of int to collection of str, optional
        By face, ``voice`` or ``text`` where its person did not agree to that.
    others : int
        People in the picture whose faces were left out of the results; they may speak, too.
    faces : collection of int, optional
        Whose faces may be read; all when left out.
    seed : int
    write : bool
        Without it nothing is written: to try a formula.

    Raises
    ------
    AnalysisError
        The folder holds no readable results, or cannot be written.
    """
    folder = Path(folder)
    chosen = formulas or shipped()
    session = read(folder, voice=voice, text=text)
    said = Said(speakers or {}, refused or {}, seen=len(session.faces) + others)
    if faces is not None:
        session = replace(session, faces=tuple(one for one in session.faces if one.face in faces))
    found = _derived(session, allowed, chosen, markers, said, seed)
    if write:
        _write(folder, found)
    return found


def _write(folder: Path, found: Derived) -> None:
    try:
        _write_engagement(folder / ENGAGEMENT, found.engagement)
        _write_json(folder / CHANNELS, found.channels)
        _write_json(folder / INDICATORS, found.indicators)
        if found.responses is not None:
            _write_json(folder / RESPONSES, found.responses)
        else:
            (folder / RESPONSES).unlink(missing_ok=True)
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {folder}: {error.strerror or error}.") from error


def _derived(
    session: Session,
    allowed: Allowed | None,
    chosen: Formulas,
    markers: Sequence[Marker],
    said: Said,
    seed: int,
) -> Derived:
    grid = grid_over(session.start_us, session.end_us)
    reasons = permission.refusals(allowed)
    head = {"schema": SCHEMA, "statement": STATEMENT, "sources": list(SOURCES), "word": EXPLORATORY}
    head |= {"allowed": None if allowed is None else allowed.as_dict(), "limits": limits().version}
    if permission.forbidden(allowed):
        return _nothing(session, chosen, head, reasons)
    session = _consented(session, allowed)
    segments = () if session.voice is None else session.voice.about.get("segments", ())
    faces = [
        _Face(track, grid, own(session, track.face, said, allowed), may_speak(segments, track.face, said.speakers))
        for track in session.faces
    ]
    # Engagement is an indicator: nothing of it is kept for a face whose person did not agree to indicators.
    without = {
        one.track.face: permission.without_indicators(allowed, one.track.face, said.refused) for one in faces
    }
    engaged = {one.track.face: one.engagement for one in faces if not without[one.track.face]}
    marked = responses(session, engaged, markers, own={one.track.face: one.own for one in faces})
    indicators = {
        **head,
        "formulas": {"version": chosen.version, "sha256": chosen.sha256},
        "catalogue": catalogue.version(),
        "seed": seed,
        "draws": DRAWS,
        "level": LEVEL,
        "covers": COVERS,
        "faces": [
            {
                "face": one.track.face,
                **one.measured,
                "indicators": [refused(indicator, why) for indicator in chosen.indicators]
                if (why := reasons or without[one.track.face])
                else one.indicators(chosen, markers, seed),
            }
            for one in faces
        ],
    }
    return Derived(
        engaged,
        {**_about_channels(), "faces": [one.channels for one in faces], "stretches": _stretches(faces, session)},
        indicators,
        {"schema": SCHEMA, "responses": marked} if markers else None,
    )


def _stretches(faces: Sequence[_Face], session: Session) -> list[dict[str, Any]]:
    found = [
        {**one, "end_us": min(one["end_us"], session.end_us)} for face in faces for one in face.compared.stretches
    ]
    return sorted(found, key=lambda one: (one["start_us"], one["face"], one["rule"]))


def _about_channels() -> dict[str, Any]:
    return {"schema": SCHEMA, "rules": channels.shipped().version, "why": [], "level": LEVEL}


def _nothing(session: Session, chosen: Formulas, head: Mapping[str, Any], reasons: Sequence[str]) -> Derived:
    """The purpose forbids: the files say so and hold nothing else."""
    faces = [
        {"face": track.face, "indicators": [refused(one, reasons) for one in chosen.indicators]}
        for track in session.faces
    ]
    version = {"version": chosen.version, "sha256": chosen.sha256}
    return Derived(
        {},
        {**_about_channels(), "why": list(reasons), "faces": [], "stretches": []},
        {**head, "formulas": version, "faces": faces},
        None,
    )


def _consented(session: Session, allowed: Allowed | None) -> Session:
    voice = session.voice if permission.covered(allowed, "voice") else None
    text = session.text if permission.covered(allowed, "text") else None
    return Session(session.name, session.start_us, session.end_us, session.faces, voice, text)


class _Face:
    """One face with everything that its indicators are made of."""

    def __init__(self, track: FaceTrack, grid: Grid, own: Own, talking: Sequence[tuple[int, int]]) -> None:
        self.track, self._grid, self.own = track, grid, own
        self.engagement = engagement.engagement(
            track,
            grid,
            speech=None if own.voice is None else own.voice.speech(),
            talking=talking,
            why_no_speech=own.why_no.get("speech", "No voice was analysed."),
        )
        self.compared: Compared = channels.compare(track, grid, voice=own.voice, text=own.text)
        self.channels = {
            "face": track.face,
            "agree_s": round(float(self.compared.agree.sum()) * grid.seconds, 3),
            "contradict_s": round(float(self.compared.contradict.sum()) * grid.seconds, 3),
            "speaker": {
                "voice": None if own.voice is None else sorted({*own.voice.speakers} - {""}),
                "names": list(own.names),
                "granted": own.granted,
            },
            "notes": own.notes,
        }
        self.measured, self._reasons = self._quality()

    def _quality(self) -> tuple[dict[str, Any], list[str]]:
        """How much of the face was scored, and why that is too little."""
        evidence, least = self.track.evidence, limits()
        scored = np.zeros(len(evidence), bool)
        for values in evidence.values.values():
            scored |= np.isfinite(values)
        durations = evidence.durations_s()
        seconds, total = float(durations[scored].sum()), float(durations.sum())
        share = seconds / total if total else 0.0
        quality = float(np.median(evidence.quality[scored])) if scored.any() else 0.0
        why = []
        if seconds < least.least_seconds:
            why.append(
                f"The face was scored for {seconds:.0f} s; at least {least.least_seconds:.0f} s are needed."
            )
        if share < least.least_share:
            why.append(
                f"The face was scored in {share:.0%} of the recording; at least {least.least_share:.0%} is needed."
            )
        if quality < least.least_quality:
            why.append(
                f"The picture's quality is {quality:.2f} of 1; at least {least.least_quality:.2f} is needed."
            )
        about = {"measured_s": round(seconds, 1), "share": round(share, 4), "quality": round(quality, 3)}
        return about, why

    def indicators(self, chosen: Formulas, markers: Sequence[Marker], seed: int) -> list[dict[str, Any]]:
        """All indicators of this face."""
        material = Material(self.track, self._grid, self.engagement, self.compared, self.own, markers)
        used = {term.input.id: term.input for one in chosen.indicators for term in one.terms}
        parts = {name: measured(one, material) for name, one in used.items()}
        ranges = {name: one.range for name, one in used.items()}
        measures = {name: one.measure for name, one in used.items()}
        inputs = drawn_inputs(parts, ranges, measures, self._grid, seed=seed, face=self.track.face)
        return [evaluate(one, inputs, self._grid, limits(), self._reasons, seed=seed) for one in chosen.indicators]


def _write_engagement(path: Path, curves: Mapping[int, Engagement]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "face": pa.int16(),
        "start_us": pa.int64(),
        "end_us": pa.int64(),
        **dict.fromkeys(("value", "low", "high", *engagement.COMPONENTS), pa.float32()),
    }
    schema = pa.schema(list(columns.items()))
    tables = []
    for face, one in curves.items():
        known = {name: getattr(one.curve, name) for name in ("start_us", "end_us", "value", "low", "high")}
        known["low"], known["high"] = (
            np.where(np.isfinite(one.curve.value), known[end], np.nan) for end in ("low", "high")
        )
        values = {"face": np.full(len(one.curve.value), face), **known, **one.components}
        tables.append(pa.table({name: pa.array(values[name], columns[name]) for name in columns}, schema=schema))
    with replacing(path) as partial:
        pq.write_table(pa.concat_tables(tables) if tables else schema.empty_table(), partial, compression="zstd")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with replacing(path) as partial:
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
