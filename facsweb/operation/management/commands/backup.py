"""``manage.py backup DIR`` and ``manage.py backup verify DIR``"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from facsweb.operation.backup import BackupError, making, manifest


class Command(BaseCommand):
    help = "Copy the database and all files into DIR while the installation works; or check such a copy."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("words", nargs="+", metavar="[verify] DIR")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="take older generations away, but N")
        parser.add_argument("--with-keys", action="store_true", help="with secret_key and keys/ (docs/deploy.md)")
        parser.add_argument("--with-uploads", action="store_true", help="with the pieces of unfinished uploads")
        parser.add_argument("--whole", action="store_true", help="read every file again instead of sharing it")
        parser.add_argument("--json", action="store_true", help="one JSON object for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        words = options["words"]
        try:
            if len(words) == 2 and words[0] == "verify":
                return self._verify(Path(words[1]), options["json"])
            if len(words) != 1:
                raise CommandError("Say: manage.py backup DIR, or manage.py backup verify DIR.")
            return self._make(Path(words[0]), options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be read ({type(error).__name__}). manage.py doctor says more."
            ) from error

    def _make(self, folder: Path, options: dict[str, Any]) -> None:
        if options["keep"] < 0:
            raise CommandError("--keep needs 1 or more; without it every generation stays.")
        made = making.make(
            folder.expanduser().resolve(),
            keys=options["with_keys"],
            uploads=options["with_uploads"],
            whole=options["whole"],
            keep=options["keep"],
            say=self.stdout.write if options["verbosity"] > 1 else lambda line: None,
        )
        for name in made.missing:
            self.stderr.write(f"A row names {name}, and the file is not there.")
        told = {"rows": made.rows, "files": made.files, "bytes": made.size, "copied_bytes": made.copied}
        if options["json"]:
            told |= {"generation": str(made.folder), "missing": made.missing}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                f"{made.folder}: {made.rows} rows, {made.files} files, {made.size} bytes, of which "
                f"{made.copied} were copied and the rest shared with the generation before."
            )

    def _verify(self, folder: Path, as_json: bool) -> None:
        generation = manifest.chosen(folder)
        said = manifest.read(generation)
        faults = list(manifest.faults(generation, said))
        if as_json:
            self.stdout.write(json.dumps({"generation": str(generation), "whole": not faults, "faults": faults}))
        else:
            for fault in faults:
                self.stderr.write(fault)
        if faults:
            raise CommandError(f"{generation} is not whole: {len(faults)} fault(s).")
        if not as_json:
            rows = sum(one["rows"] for one in said["tables"].values())
            self.stdout.write(f"{generation} is whole: {rows} rows, {said['files']['count']} files.")
