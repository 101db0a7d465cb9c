"""Signed codings of made faces, as an installation has them after people did their work."""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from analysis.interpretation import interpret
from analysis.scoring import package
from analysis.scoring.code import CODE_COLUMNS
from tests.analysis import made
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording, write_result
from tests.runs.conftest import start_child  # noqa: F401  (a fixture)

TIMES = np.arange(250) * 40_000
SMILES = ((1.0, 1.5, 2.5, 3.2), (5.0, 5.5, 6.5, 7.2))  # seconds: onset, apex, fall, offset


def write_measurement(folder: Path, seed: int) -> None:
    """Ten seconds of a face that smiles twice, measured for the scorer that ships; its neutral beside it."""
    when = TIMES / 1e6
    changes: dict[str, Any] = {}
    for onset, apex, fall, offset in SMILES:
        one = made.smile(when, onset=onset, apex=apex, fall=fall, offset=offset)
        changes = {name: changes.get(name, 0) + values for name, values in one.items()}
    face = made.series(TIMES, noise=0.003, **changes)
    rng = np.random.default_rng(seed)
    smiling = sum(made.bump(when, *smile) for smile in SMILES)
    direction = np.random.default_rng(1).normal(0, 1, len(CODE_COLUMNS))
    codes = rng.normal(0, 0.05, (len(CODE_COLUMNS), len(TIMES))) + direction[:, None] * smiling
    columns = {**face.columns, **dict(zip(CODE_COLUMNS, codes.astype(np.float32), strict=True))}
    made.write_measurement(folder, {0: replace(face, columns=columns)}, TIMES)
    about = json.loads((folder / "measurement.json").read_text())
    about["encoder"] = package.default().encoder_sha256
    (folder / "measurement.json").write_text(json.dumps(about))


@functools.cache
def _measured(seed: int) -> tuple[dict[str, bytes], str]:
    """What an analysis of a measurement leaves, by name, and its summary; the events stay those of the labels."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_result(folder)
        proposed = (folder / "events.csv").read_bytes()  # so that there is something to decide about
        write_measurement(folder, seed)
        summary = dict(interpret(folder).summary)
        (folder / "events.csv").write_bytes(proposed)
        return {path.name: path.read_bytes() for path in folder.iterdir()}, json.dumps(summary)


def measured_run(participant: Any, user: Any, seed: int = 0) -> Any:
    """A finished run whose measurement can be learned from."""
    from facsweb.runs.services import result_dir

    run = make_finished_run(make_recording(participant, user), user)
    folder = result_dir(run)
    files, summary = _measured(seed)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    run.summary = json.loads(summary)
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    run.save()
    return run


def coded(run: Any, coder: Any, *, undecided: tuple[str, ...] = ()) -> Any:
    """A coder's layer: every proposal deleted but for the undecided codes, the two smiles added as 12C and 6B."""
    from facsweb.coding.services import create_event, current_events, delete_event, open_layer

    layer = open_layer(coder, run)
    for event in current_events(layer):
        if event.code not in undecided:
            delete_event(coder, layer.events.get(pk=event.id), expected=1)
    for onset, apex, _, offset in SMILES:
        times = {
            "onset_us": int(onset * 1e6),
            "apex_us": int(apex * 1e6) + 200_000,
            "offset_us": int(offset * 1e6),
        }
        for code, intensity in (("12", "C"), ("6", "B")):
            create_event(coder, layer, {"code": code, "side": "both", "intensity": intensity, "face": 0, **times})
    layer.refresh_from_db()
    return layer


def signed(layer: Any, coder: Any) -> Any:
    from facsweb.reports import services

    return services.sign(coder, layer, password=PASSWORD, statement=services.STATEMENT)


@pytest.fixture
def another(study, people, consent):
    """Code → another participant who agreed to the same as the first."""
    from facsweb.studies.models import Consent, Participant

    def make(code: str, *, scopes: list[str] | None = None) -> Any:
        participant = Participant.objects.create(study=study, code=code, created_by=people["analyst"])
        Consent.objects.create(
            participant=participant,
            form=consent.form,
            scopes=consent.scopes if scopes is None else scopes,
            method="on_screen",
            signature=code,
            given_at=timezone.now(),
            recorded_by=people["analyst"],
        )
        return participant

    return make


@pytest.fixture
def layer(participant, consent, people):
    """One signed coding of the first participant."""
    layer = coded(measured_run(participant, people["analyst"]), people["coder"])
    signed(layer, people["coder"])
    layer.refresh_from_db()
    return layer


@pytest.fixture
def three(layer, another, people):
    """Signed codings of three participants: the least that a scorer is refitted to."""
    layers = [layer]
    for number in (2, 3):
        run = measured_run(another(f"P-00{number}"), people["analyst"], seed=number)
        layers.append(coded(run, people["coder"]))
        signed(layers[-1], people["coder"])
    return layers


@pytest.fixture(autouse=True)
def _own_scorers(settings, tmp_path, monkeypatch):
    """Scorers of a test stay its own."""
    settings.SCORERS_DIR = tmp_path / "scorers"
    monkeypatch.setenv("FACSWEB_SCORERS", str(settings.SCORERS_DIR))
