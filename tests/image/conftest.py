"""The image, built once from the Dockerfile's steps, and what compose.yaml runs beside it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from facsweb.processes.redis_server import binary
from tests import postgresql
from tests.conftest import REPOSITORY
from tests.image import composed
from tests.image.building import Builder, Root
from tests.image.running import Container
from tests.programs import wait_until_dead

#: `make image-check` sets it: packages and models are fetched as Docker would fetch them.
REAL = os.environ.get("FACSWEB_IMAGE_CHECK") == "1"
NAME = "faces.example.org"
PROGRAMS = ("unshare", "nsenter", "chroot", "setpriv", "mount")


@pytest.fixture(scope="session")
def builder(models) -> Iterator[Builder]:
    if sys.platform != "linux" or os.getuid() != 0 or not all(map(shutil.which, PROGRAMS)):
        pytest.skip("Building the image without Docker needs Linux, root and util-linux.")
    # Not in pytest's folders, which others may not look into.
    folder = Path(tempfile.mkdtemp(prefix="facsweb-image-"))
    folder.chmod(0o755)
    made = Builder(REPOSITORY, folder, real=REAL)
    try:
        if not made.namespace.works:
            pytest.skip("This machine lets nobody mount anything, so the image cannot be built without Docker.")
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def image(builder) -> Root:
    return builder.build()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class Composed:
    """compose.yaml's services, each as a process of the image; PostgreSQL and Redis are this machine's."""

    def __init__(self, builder: Builder, image: Root, folder: Path, database: Path, more: dict[str, str]) -> None:
        self.builder, self.image, self.folder, self.database, self.more = builder, image, folder, database, more
        self.services = composed.read(REPOSITORY / "compose.yaml", {"FACSWEB_HOST": NAME})["services"]
        self.secrets, self.data = folder / "secrets", folder / "data"
        self.redis_port = free_port()
        self.started: list[Container] = []
        environment = {"POSTGRES_AT": "%2Frun%2Fpostgresql", "REDIS_AT": f"127.0.0.1:{self.redis_port}"}
        script = ["sh", str(REPOSITORY / "deploy/secrets.sh"), str(self.secrets)]
        subprocess.run(script, env=os.environ | environment, check=True)
        self.data.mkdir(mode=0o700)
        os.chown(self.data, 10001, 10001)

    def sql(self, role: str, name: str, database: str = "facsweb") -> None:
        """Carry out one of deploy's files, as the images of compose.yaml do."""
        call = ["psql", "-h", str(self.database), "-U", role, "-d", database, "-v", "ON_ERROR_STOP=1", "-q"]
        environment = os.environ | {"FACSWEB_SECRETS": str(self.secrets)}
        subprocess.run([*call, "-f", str(REPOSITORY / "deploy" / name)], env=environment, check=True)

    def ask(self, statement: str, role: str = "facsweb") -> Any:
        import psycopg

        with psycopg.connect(postgresql.url(self.database, "facsweb", role), autocommit=True) as connection:
            return connection.execute(statement)

    def redis(self) -> subprocess.Popen[bytes]:
        """The command of the service, which is Valkey's there."""
        _, conf = self.services["redis"]["command"]
        local = self.secrets / Path(conf).relative_to("/run/secrets")
        call = [str(binary()), str(local), "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir"]
        return subprocess.Popen([*call, str(self.folder)], stdout=subprocess.DEVNULL)

    def start(self, name: str, *command: str, port: int | None = None) -> Container:
        """Start a service, or another command with its settings; a `port` stands in the place of 8000."""
        service = self.services[name]
        words = command or [str(port) if port and word == "8000" else word for word in service["command"]]
        own = self.folder / f"secrets-of-{name}"
        if not own.exists():
            own.mkdir()
            for target, source in composed.secrets_of(service).items():
                shutil.copy2(self.secrets / source, own / target)
                os.chown(own / target, 0, 10001)
        mounts = {"/run/secrets": own, "/run/postgresql": self.database, "/data": self.data}
        environment = {**service["environment"], **self.more}
        self.started.append(Container(self.builder, self.image, words, environment, mounts))
        return self.started[-1]


@pytest.fixture(scope="session")
def running(builder, image) -> Iterator[Composed]:
    """An installation whose database is made and migrated as compose.yaml has it."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql.own())
        database.chmod(0o755)  # of the socket; PostgreSQL's own folder in it stays shut
        more = {"FACSWEB_REQUIRE_MFA": "0"}  # as facsweb.env would say
        made = Composed(builder, image, builder.folder, database, more)
        made.sql("postgres", "postgres.sql", "postgres")
        redis = made.redis()
        stack.callback(redis.wait)
        stack.callback(redis.terminate)
        migrated = made.start("migrate")
        assert migrated.ended() == 0, migrated.said()
        made.sql("facsweb_owner", "protect.sql")
        yield made
        pids = [one.first for one in made.started if one.process.poll() is None]
        for one in made.started:
            one.remove()
        assert wait_until_dead(pids) == []
