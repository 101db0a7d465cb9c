"""``manage.py calibrate``"""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from facsweb.calibration import job, material, services
from facsweb.calibration.models import Version


class Command(BaseCommand):
    help = (
        "Calibrate the cohorts with the codings that people signed here, as the page Cohorts does; with --file "
        "only write those codings into a file for `python -m analysis calibrate`."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--file", type=Path, metavar="FILE", help="write the codings there, calibrate nothing")

    def handle(self, *args, **options):
        if options["file"]:
            self._write(options["file"])
        else:
            self._calibrate()

    def _write(self, path: Path) -> None:
        from analysis.calibration.material import write_sessions

        found = material.candidates(material.scorer(), thorough=True)
        for why, (words, _) in material.REASONS.items():
            if count := sum(one.why_not == why for one in found):
                self.stderr.write(f"{count} left out: {words}.")
        usable = [one for one in found if not one.why_not]
        if not usable:
            raise CommandError("There is no signed coding to calibrate with. Nothing was written.")
        try:
            write_sessions(material.sessions(usable), path)
        except OSError as error:
            raise CommandError(f"Cannot write {path} ({error.strerror}).") from error
        self.stderr.write(
            f"{len(usable)} codings written to {path}. Consent can end: use it soon, then delete it."
        )

    def _calibrate(self) -> None:
        if services.active() is not None:
            raise CommandError("A calibration is under way. Wait until it ends, or stop it on the page Cohorts.")
        try:
            version = services.start(None, enqueue=False)
        except services.CalibrationRefused as refused:
            raise CommandError(str(refused)) from refused
        job.perform(version.pk, version.attempt, worker="manage.py calibrate", tell=self._tell)
        version.refresh_from_db()
        if version.state != Version.State.SUCCEEDED:
            raise CommandError(version.error or "Stopped. Nothing was kept.")
        done = [one["id"] for one in version.result["cohorts"] if one["calibrated"]]
        self.stdout.write(f"Calibration {version.number}: see the page Cohorts, where it can be applied.")
        self.stdout.write(f"Calibrated: {', '.join(done) or 'no cohort'}.")

    def _tell(self, stage: str, done: int, total: "int | None") -> None:
        of = f" {done} of {total}" if total else ""
        print(f"{stage}{of}", file=sys.stderr, flush=True)
