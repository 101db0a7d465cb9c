"""``manage.py worker``"""

import logging

from django.core.management.base import BaseCommand
from django.utils.module_loading import autodiscover_modules
from django_rq import get_worker
from django_rq.utils import reset_db_connections

from facsweb.processes.queue import QUEUE
from facsweb.processes.worker import AnalysisWorker
from facsweb.storage import keeper


class Command(BaseCommand):
    help = "Work on the jobs of the queue, one at a time, until told to stop (SIGTERM, Ctrl-C)."
    requires_system_checks = []

    def handle(self, *args, **options):
        logging.getLogger("rq.worker").setLevel(logging.WARNING)
        autodiscover_modules("tasks")  # what is imported here, every forked job finds in place
        worker = get_worker(QUEUE, worker_class=AnalysisWorker)
        reset_db_connections()  # a forked child must not share one
        keeper.start()
        worker.work(logging_level="WARNING")
