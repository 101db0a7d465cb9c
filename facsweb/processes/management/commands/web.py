"""``manage.py web``"""

import socket
import sys
import warnings
from pathlib import Path

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analysis import confined
from facsweb.processes import threads
from facsweb.processes.supervisor import EXPLAINED, InstallationError, check_migrations
from facsweb.storage import keeper


class Command(BaseCommand):
    help = "Serve the pages and the WebSockets, until told to stop (SIGTERM, Ctrl-C)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--fd", type=int, help="a listening socket that was inherited, instead of host and port"
        )

    def handle(self, *args, **options):
        threads.keep_connections()
        try:
            check_migrations()
        except InstallationError as error:
            if options["fd"] is not None:
                sys.exit(EXPLAINED)  # the supervisor says it
            raise CommandError(str(error)) from error
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where there is none
        # WhiteNoise sends its (small) static files like this; our own large files are streamed asynchronously.
        warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
        confined.warm()  # reads files that people send; the first of them need not wait
        keeper.start()
        config = uvicorn.Config(
            "facsweb.asgi:application",
            host=options["host"],
            port=options["port"],
            ws="websockets-sansio",
            lifespan="off",
            # uvicorn would believe X-Forwarded-For from this machine; ``audit.origin`` decides about that header.
            proxy_headers=False,
            log_config=None,  # lines are written as the settings say, and no path is in them
            log_level="warning",
            timeout_graceful_shutdown=3,
            # People pause for longer than uvicorn's five seconds. Whoever asks in the moment in which an idle
            # connection is closed gets no answer at all; proxies give up theirs before this.
            timeout_keep_alive=75,
        )
        inherited = [socket.socket(fileno=options["fd"])] if options["fd"] is not None else None
        uvicorn.Server(config).run(sockets=inherited)
