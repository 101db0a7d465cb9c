"""``manage.py serve``"""

import signal

from django.core.management.base import BaseCommand, CommandError

from facsweb.processes.supervisor import Installation, InstallationError


class Command(BaseCommand):
    help = "Run everything: Redis (unless REDIS_URL names one), web server, workers, recovery. Ctrl-C stops it."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1)

    def handle(self, *args, **options):
        installation = Installation(
            host=options["host"], port=options["port"], workers=options["workers"], say=self._say
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: installation.stop())
        try:
            with installation as running:
                self._say(f"facsweb is ready at {running.url}  (Ctrl-C stops it)")
                running.wait()
        except InstallationError as error:
            raise CommandError(str(error)) from error

    def _say(self, line):
        self.stdout.write(line)
        self.stdout.flush()
