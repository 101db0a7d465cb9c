"""``manage.py demo``: a demonstration installation, from nothing to the printed address."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from analysis.models import store
from facsweb.demo.beside import Beside, WorkFailed, WorkStopped
from facsweb.demo.interview import seed_interview
from facsweb.demo.rights import seed_rights
from facsweb.demo.seed import Demonstration, seed
from facsweb.demo.team import seed_team
from facsweb.demo.visitor import StepFailed
from facsweb.demo.walk import Walk
from facsweb.processes.supervisor import Installation, InstallationError, check_folder, check_migrations
from facsweb.recordings.models import Recording
from facsweb.reports.documents import NotReady
from facsweb.reports.services import Refused


class Command(BaseCommand):
    help = "Serve a demonstration study; with --once, walk it through to a verified signed PDF and stop."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--once", action="store_true", help="walk through everything on a free port, then stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        once: bool = options["once"]
        self._without_second_factor()
        running = Installation(port=0 if once else options["port"], live=0 if once else 1, say=self._say)
        errors = (InstallationError, StepFailed, CommandError, OSError)
        work = Beside(lambda pipe: self._work(pipe, once, began), errors)

        def stop(*_: Any) -> None:
            work.stop()  # first: it cannot do without what it works with
            running.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        try:
            with work:
                work.hear()  # that everything is prepared
                with running:
                    work.tell(running.url)
                    work.hear()  # nothing more, but that it has ended
                    if not once:
                        running.wait()
                        raise WorkStopped
        except WorkStopped:
            self._say("\nStopped; the data is kept.")
            if once:
                sys.exit(130)
        except (InstallationError, WorkFailed, OSError) as error:
            raise CommandError(str(error)) from error

    def _work(self, pipe: Connection, once: bool, began: float) -> None:
        """All that is not serving: in a process of its own, which ends with a stop, whatever it is doing."""
        self._prepare()
        pipe.send("prepared")
        url = pipe.recv()
        demonstration = seed()
        if once:
            self._say(f"facsweb runs at {url}; walking through the main job:")
            path = Walk(url, demonstration, self._say).whole(Path(settings.DATA_DIR) / "demo")
            self._team(demonstration)
            self._say(f"Done in {time.monotonic() - began:.1f} s. The signed report: {path}")
        else:
            self._fill(url, demonstration, began)

    def _without_second_factor(self) -> None:
        """Its people are nobody's, and their passwords stand in the terminal; for its own processes alone."""
        os.environ |= {"FACSWEB_REQUIRE_MFA": "0", "FACSWEB_DEMONSTRATION": "1"}
        settings.FACSWEB_REQUIRE_MFA, settings.FACSWEB_DEMONSTRATION = False, True

    def _prepare(self) -> None:
        """Models and tables; each step is skipped when it was done before."""
        check_folder(Path(settings.DATA_DIR))
        if not all(store.present().values()):
            self._say("Getting the face models (about 36 MB, once) ...")
            status = subprocess.run([sys.executable, "-m", "analysis", "models", "install"]).returncode
            if status:
                sys.exit(status)  # its own sentence stands on the line above
        try:
            check_migrations()
        except InstallationError:
            try:
                call_command("migrate", interactive=False, verbosity=0)
            except DatabaseError as error:
                raise CommandError(f"The database cannot be prepared: {error}") from error

    def _fill(self, url: str, demonstration: Demonstration, began: float) -> None:
        if not Recording.objects.filter(participant=demonstration.participant_id).exists():
            self._say("Analysing the demonstration recording:")
            Walk(url, demonstration, self._say).analyse()
        self._team(demonstration)
        self._say("")
        self._say("Sign in as (passwords of this installation alone; no second factor is asked for here):")
        for login in demonstration.logins:
            self._say(f"  {login.role:<14} {login.email:<22} {login.password}")
        self._say("")
        self._say(f"facsweb is ready at {url}  after {time.monotonic() - began:.1f} s. Ctrl-C stops it.")
        self._rights(url, demonstration)
        self._interview(url, demonstration)

    def _rights(self, url: str, demonstration: Demonstration) -> None:
        """Consent, withdrawal and signatures; what fails is tried again at the next start."""
        try:
            seed_rights(url, demonstration, self._say)
        except (StepFailed, ValidationError, Refused, NotReady) as error:
            self._say(f"The study about consent is not complete yet: {error} The next start goes on.")

    def _interview(self, url: str, demonstration: Demonstration) -> None:
        """The longer recording, while people look around already; what fails is tried again at the next start."""
        try:
            run = seed_interview(url, demonstration, self._say)
            if run is not None:
                self._say(f"An interview with sound is there, too: {url}runs/{run.pk}/review/")
        except (StepFailed, ValidationError, requests.RequestException) as error:
            self._say(f"The interview with sound is not there yet: {error} The next start tries again.")

    def _team(self, demonstration: Demonstration) -> None:
        if seed_team(demonstration) is not None:
            self._say("A second study shows two codings, an adjudication and practice; a program wrote them.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
