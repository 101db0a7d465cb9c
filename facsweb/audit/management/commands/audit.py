"""``manage.py audit verify`` and ``manage.py audit anchor``"""

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from facsweb.audit import anchors, checking, triggers
from facsweb.audit.models import Entry
from facsweb.audit.services import record


class Command(BaseCommand):
    help = "Check the audit log: its chain of hashes, its anchors, its protection; sign it, or protect it again."
    requires_system_checks = []  # they import every page of the site, and the log needs none of them

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verify = acts.add_parser("verify", help="find any altered, missing or reordered entry")
        verify.add_argument("--json", action="store_true", help="one JSON object for programs")
        verify.add_argument(
            "--without-files",
            action="store_true",
            help="leave the folder of the anchors out: it is kept elsewhere",
        )
        verify.add_argument(
            "--trust",
            action="append",
            default=[],
            metavar="FINGERPRINT",
            help="SHA-256 of a certificate that this installation signed with before",
        )
        acts.add_parser("protect", help="let the database protect the log again, where somebody lifted that")
        acts.add_parser("anchor", help="sign what the log is today, if that was not done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "anchor":
            return self._anchor()
        if options["act"] == "protect":
            return self._protect()
        began = time.monotonic()
        trust = frozenset(one.replace(":", "").lower() for one in options.get("trust") or [])
        result = checking.verify(files=not options.get("without_files"), trust=trust)
        if options.get("json"):
            self.stdout.write(result.as_json())
        else:
            for fault in result.faults:
                self.stderr.write(fault.sentence)
        if not result.whole:
            raise CommandError(f"The audit log has {len(result.faults)} fault(s) among {result.entries} entries.")
        if options.get("json"):
            return None
        took = time.monotonic() - began
        self.stdout.write(f"The audit log is whole: {result.entries} entries in {took:.1f} s, head {result.head}.")
        self._say_anchors(result)
        return None

    def _say_anchors(self, result: checking.Result) -> None:
        if result.newest_anchor is None:
            self.stdout.write("No anchor was ever signed: whether its end was cut off cannot be seen.")
            return
        self.stdout.write(f"{result.anchors} anchors fit, the newest of {result.newest_anchor}.")
        if without := checking.days_without_anchor():
            days = ", ".join(map(str, without[:10])) + (" …" if len(without) > 10 else "")
            self.stdout.write(f"{len(without)} days in between have none (was the machine off?): {days}")

    def _protect(self) -> None:
        lifted = triggers.missing(connection) + triggers.strangers(connection)
        if not lifted:
            self.stdout.write("The log is protected; nothing was done.")
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                for statement in triggers.remove_sql(connection.vendor) + triggers.install_sql(connection.vendor):
                    cursor.execute(statement)
            last = Entry.objects.order_by("-number").first()
            if last is not None:
                record(None, "log.protect", last, triggers=lifted)
        if left := triggers.strangers(connection):
            raise CommandError(
                f"The triggers are in place again, and strange ones are still there: {', '.join(left)}."
            )
        self.stdout.write(f"Protected again; this had been lifted: {', '.join(lifted)}.")

    def _anchor(self) -> None:
        today: date = timezone.now().date()
        made = anchors.make(today)
        anchors.write_files()
        found = made or anchors.newest()
        if found is None:
            raise CommandError("Nothing was ever logged, so there is nothing to sign.")
        said = "Signed" if made else "Signed already"
        self.stdout.write(f"{said}: entry {found.entry}, {found.day}, {anchors.path_of(found)}")
