"""``manage.py doctor``, so that Django's help lists it; `manage.py` calls the same before it loads Django."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from facsweb.operation.doctor import examination


class Command(BaseCommand):
    help = examination.HELP
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object for programs")

        parser.add_argument("--only", action="append", default=[], metavar="CHECK")

    def handle(self, *args: Any, **options: Any) -> None:
        only = [word for name in options["only"] for word in ("--only", name)]
        sys.exit(examination.main([*(["--json"] if options["json"] else []), *only]))
