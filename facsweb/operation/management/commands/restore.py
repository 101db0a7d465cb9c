"""``manage.py restore DIR``"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facsweb.operation.backup import BackupError, afterwards, restoring


class Command(BaseCommand):
    help = "Make this empty installation what a backup holds: the newest generation of DIR, or the one named."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = restoring.restore(
                options["folder"].expanduser().resolve(),
                say=self.stdout.write if options["verbosity"] > 1 else lambda line: None,
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored {made.generation}: {made.rows} rows and {made.files} files, "
            "each with the hash that the backup names."
        )
        if made.migrated:
            self.stdout.write(f"The backup was of an older version: {made.migrated} migrations were applied.")
        for line in afterwards.todo(made):
            self.stdout.write(line)
        if made.log_faults:
            for fault in made.log_faults:
                self.stderr.write(fault)
            raise CommandError(
                f"The restored log has {len(made.log_faults)} fault(s). Everything was restored; see above."
            )
        self.stdout.write("The audit log is whole.")
