"""``manage.py learn``"""

import signal
import sys
import threading
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from facsweb.learning import job, material, services
from facsweb.learning.models import Training


class Command(BaseCommand):
    help = (
        "Refit the scorers to the codings that people signed here, as the page Scorers does; with --out only "
        "write those codings into a file for `python -m analysis train`."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--out", type=Path, metavar="FILE", help="write the codings there and train nothing")

    def handle(self, *args, **options):
        if options["out"]:
            self._write(options["out"])
        else:
            self._train()

    def _write(self, path: Path) -> None:
        from analysis.learning import write_codings

        found = material.candidates(services.newest_shipped(), thorough=True)
        for why, (words, _) in material.REASONS.items():
            if count := sum(one.why_not == why for one in found):
                self.stderr.write(f"{count} left out: {words}.")
        usable = [one for one in found if not one.why_not]
        if not usable:
            raise CommandError("There is no signed coding to learn from. Nothing was written.")
        try:
            write_codings(material.codings(usable), path)
        except OSError as error:
            raise CommandError(f"Cannot write {path} ({error.strerror}).") from error
        self.stderr.write(f"{len(usable)} codings written to {path}. Consent can end: train soon, then delete it.")

    def _train(self) -> None:
        if services.active() is not None:
            raise CommandError("A training is under way. Wait until it has ended, or stop it on the page Scorers.")
        try:
            training = services.start(None, enqueue=False)
        except services.LearningRefused as refused:
            raise CommandError(str(refused)) from refused
        # In a thread of its own: the interrupted one may be in the middle of a transaction.
        stop = threading.Thread(target=self._stop, args=(training,))
        before = signal.signal(signal.SIGINT, lambda *_: stop.start() if stop.ident is None else None)
        try:
            job.perform(training.pk, training.attempt, worker="manage.py learn", tell=self._tell)
        finally:
            signal.signal(signal.SIGINT, before)
        training.refresh_from_db()
        if training.state != training.State.SUCCEEDED:
            raise CommandError(training.error or "Stopped. No scorer was made.")
        self.stdout.write(f"{training.scorer}: see the page Scorers, where it can be made the default.")
        used = [code for code, said in training.learned.get("codes", {}).items() if said.get("used")]
        self.stdout.write(f"Action Units that it reads differently: {', '.join(used) or 'none'}.")

    def _stop(self, training: Training) -> None:
        services.cancel(None, training)
        connection.close()

    def _tell(self, stage: str, done: int, total: "int | None") -> None:
        of = f" {done} of {total}" if total else ""
        print(f"{stage}{of}", file=sys.stderr, flush=True)
