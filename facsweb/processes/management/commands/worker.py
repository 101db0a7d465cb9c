"""``manage.py worker``"""

import logging

from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import autodiscover_modules
from django_rq import get_worker
from django_rq.utils import reset_db_connections

from facsweb.processes.queue import NAMES, QUEUES
from facsweb.processes.worker import AnalysisWorker
from facsweb.storage import keeper


def names(text: str) -> tuple[str, ...]:
    """Queues from the command line, in their order; CommandError for one that is not there."""
    found = tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
    if not found or not NAMES.issuperset(found):
        raise CommandError(f"There are the queues {', '.join(QUEUES)}; {text!r} names something else.")
    return found


class Command(BaseCommand):
    help = "Work on the jobs of the queues, one at a time, until told to stop (SIGTERM, Ctrl-C)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--queues",
            type=names,
            default=QUEUES,
            metavar="NAME,NAME",
            help="which of cpu, media and gpu to listen to; the first named comes first (default: cpu,media,gpu)",
        )

    def handle(self, *args, **options):
        logging.getLogger("rq.worker").setLevel(logging.WARNING)
        autodiscover_modules("tasks")  # what is imported here, every forked job finds in place
        worker = get_worker(*options["queues"], worker_class=AnalysisWorker)
        reset_db_connections()  # a forked child must not share one
        keeper.start()
        worker.work(logging_level="WARNING")
