"""``manage.py live``"""

import signal

from django.conf import settings
from django.core.management.base import BaseCommand

from facsweb.live.worker import Worker


class Command(BaseCommand):
    help = "Look at the pictures of live sessions, until told to stop (SIGTERM, Ctrl-C)."
    requires_system_checks = []

    def handle(self, *args, **options):
        worker = Worker(settings.REDIS_URL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
