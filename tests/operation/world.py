"""An installation with finished work in it, in a folder of its own, and another, empty one beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests import migrated
from tests.audit.forks import Ended, Forks
from tests.conftest import REPOSITORY
from tests.programs import of_its_own

#: Points a forked program at the installation of a folder, whatever its parent was started for.
THERE = """
import os
from pathlib import Path
from django.conf import settings
folder = Path(%r)
os.environ["FACSWEB_DATA"] = str(folder)
settings.DATA_DIR, settings.MEDIA_ROOT = folder, folder / "media"
settings.UPLOAD_DIR, settings.KEYS_DIR = folder / "uploads", folder / "keys"
settings.SCORERS_DIR = folder / "scorers"
settings.ANCHORS_DIR = folder / "anchors"
from django.core.files.storage import default_storage
default_storage.__dict__.pop("base_location", None), default_storage.__dict__.pop("location", None)
if connection.vendor == "sqlite":
    connection.settings_dict["NAME"] = str(folder / "facsweb.sqlite3")
"""

#: Signed work with a report, a recording, corrections, and a file of every kind.
WORK = """
from tests.factories import make_coder_at_work, make_finished_run, make_recording
from facsweb.audit import anchors
from facsweb.coding import services as coding
from facsweb.reports import services as reports
from facsweb.reports.tasks import render_report
from django.utils import timezone
coder, participant = make_coder_at_work()
run = make_finished_run(make_recording(participant, coder), coder)
layer = coding.open_layer(coder, run)
for event in coding.current_events(layer)[:2]:
    coding.accept_event(coder, layer.events.get(pk=event.id), expected=1)
layer.refresh_from_db()
signed = reports.sign(coder, layer, password="correct horse battery staple", statement=reports.STATEMENT)
render_report(str(signed.report.pk))
signed.report.refresh_from_db()
assert signed.report.state == "ready", signed.report.error
(folder / "scorers" / "au-own-1").mkdir(parents=True, exist_ok=True)
(folder / "scorers" / "au-own-1" / "card.md").write_text("A scorer that was learned here.")
(folder / "uploads" / "u").mkdir(parents=True, exist_ok=True)
(folder / "uploads" / "u" / "data").write_bytes(b"half")
anchors.make(timezone.now().date())
"""

#: What an installation holds, as values that can be compared: rows by table, files by name.
HELD = """
import hashlib
from facsweb.operation.backup import files, tables
rows = {name: [found.rows, found.value] for name, model in tables.models_at(tables.applied()).items()
        for found in [tables.digest_of(model, normal=True)]}
held = {name: hashlib.sha256(files.brought(name).read_bytes()).hexdigest()
        for name in files.sources(keys=True, uploads=False)}
print(json.dumps({"rows": rows, "files": held}))
"""


@dataclass
class Place:
    """One installation; several share the process that forks its programs."""

    folder: Path
    forks: Forks

    def ended(self, program: str, *words: str) -> Ended:
        (ended,) = self.forks.run((THERE % str(self.folder) + program, list(words) or ["-c"]))
        return ended

    def run(self, program: str) -> str:
        ended = self.ended(program)
        assert ended.status == 0, ended.err
        return ended.out

    def manage(self, *words: str) -> Ended:
        return self.ended("import manage; manage.main()", "manage.py", *words)

    def doctor(self, *only: str, before: str = "") -> list[dict[str, str]]:
        """What the doctor finds, some checks only; `before` is done in the same process."""
        words = ["manage.py", "doctor", "--json", *(word for name in only for word in ("--only", name))]
        ended = self.ended(f"{before}\nimport manage; manage.main()", *words)
        told: dict[str, list[dict[str, str]]] = json.loads(ended.out)
        assert ended.status == int(any(one["level"] == "fault" for one in told["findings"])), ended.err
        return told["findings"]

    def held(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(self.run(HELD))
        return found


def forks_of(folder: Path, **more: str) -> Forks:
    """A process for programs of installations of one database's make."""
    kept = of_its_own(folder) | {"DJANGO_SETTINGS_MODULE": "facsweb.settings", "ALLOWED_HOSTS": "testserver"}
    return Forks(kept | more, REPOSITORY, "tests.operation.loaded")


def with_work(folder: Path, forks: Forks) -> Place:
    """An installation in which a coding was signed and its report made."""
    place = Place(migrated.installation(folder), forks)
    place.run(WORK)
    return place
