"""``manage.py serve``, so that Django's help lists it; `manage.py` calls the same before it loads Django."""

import sys

from django.core.management.base import BaseCommand

from facsweb.processes import serve


class Command(BaseCommand):
    help = serve.HELP
    requires_system_checks = []

    def add_arguments(self, parser):
        serve.add_arguments(parser)

    def handle(self, *args, **options):
        chosen = ("host", "port", "workers", "short", "all_cores", "live")
        sys.exit(serve.serve(**{name: options[name] for name in chosen}))
