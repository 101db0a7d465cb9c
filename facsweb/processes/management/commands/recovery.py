"""``manage.py recovery``"""

import logging

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from facsweb.processes import beats
from facsweb.processes.duties import duties
from facsweb.processes.told import Told
from facsweb.storage import keeper

logger = logging.getLogger("facsweb.recovery")


class Command(BaseCommand):
    help = "Put back what dead workers or an emptied Redis lost, every few seconds, until told to stop."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--every", type=float, default=3.0, metavar="SECONDS")

    def handle(self, *args, **options):
        stop = Told().by_signals()
        keeper.start()
        while True:
            beats.beat("recovery")
            for duty in duties:
                try:
                    duty()
                except Exception:  # one duty's trouble must not keep the others from being done
                    logger.exception("%s.%s", duty.__module__, duty.__name__)
            close_old_connections()
            if stop.wait(options["every"]):
                return
