"""``manage.py uploads clean``: what a timer runs once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from facsweb.recordings import acceptance, uploads


class Command(BaseCommand):
    help = "Finish complete uploads that a crash left behind, and delete partial uploads older than 7 days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["clean"])

    def handle(self, *args: Any, **options: Any) -> None:
        finished = acceptance.finish_complete()
        expired, folders = uploads.clean()
        self.stdout.write(
            f"{finished} complete uploads finished, {expired} expired uploads and {folders} stray folders deleted."
        )
