"""``manage.py audit verify``"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facsweb.audit import services
from facsweb.audit.models import Entry


class Command(BaseCommand):
    help = "Check the audit log's chain of hashes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(services.faults())
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The audit log has {len(faults)} fault(s).")
        self.stdout.write(f"The audit log is whole: {Entry.objects.count()} entries.")
