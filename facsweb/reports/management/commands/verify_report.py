"""``manage.py verify_report FILE``: what the verification page says, and pyHanko's own account."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from facsweb.reports.verification import MAX_BYTES, verify_pdf


class Command(BaseCommand):
    help = (
        "Check the signature of a report and whether it is one of this installation. Exits 1 unless it is genuine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open("rb") as source:
                found = verify_pdf(source.read(MAX_BYTES + 1))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        lines = [found.headline, *found.sentences, ""]
        facts = {
            "Signed off by": found.signer,
            "Signed off at": found.signed_at,
            "Sealed at": found.sealed_at,
            "Certificate": found.certificate,
            "SHA-256": found.fingerprint,
            "": found.authority,
            "Content": found.content_sha256,
            "Report": found.report.pk if found.report else "",
        }
        lines += [f"{label + ':':<15}{value}" for label, value in facts.items() if value]
        self.stdout.write("\n".join([*lines, "", found.details]).rstrip())
        if found.verdict != "good":
            raise SystemExit(1)
