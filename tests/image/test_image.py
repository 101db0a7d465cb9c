"""The image, built from the Dockerfile's own steps without Docker, holds what it should and runs as it should."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess

import pytest
import requests
from psycopg import errors

from analysis import models as face_models
from analysis.models import store
from tests.conftest import REPOSITORY
from tests.image.conftest import NAME, REAL, free_port
from tests.image.running import TMP, Container
from tests.programs import PATIENCE_S, wait_until

pytestmark = pytest.mark.timeout(3600 if REAL else 600)


def inside(builder, image, path: str):
    return builder.namespace.inside(image.folder / "root" / path.lstrip("/"))


def healthy(web: Container, port: int) -> bool:
    """The image's own HEALTHCHECK, in the container."""
    said = web.image.said["HEALTHCHECK"].rest
    command = re.findall(r'"([^"]+)"', said[said.index("CMD") :])
    return web.execute(*[str(port) if word == "8000" else word for word in command]).returncode == 0


def wait_until_healthy(web: Container, port: int) -> None:
    def listens() -> bool:  # costs less than a program each time
        assert web.process.poll() is None, web.said()
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, what="the web server listens")
    # On a busy machine a look may take longer than the few seconds after which it gives up.
    wait_until(lambda: healthy(web, port), what="the web server is well")


def get(port: int, path: str = "account/login/", **headers: str) -> requests.Response:
    """Ask as the proxy in front would."""
    asked = {"Host": NAME, "X-Forwarded-Proto": "https", **headers}
    return requests.get(
        f"http://127.0.0.1:{port}/{path}", headers=asked, timeout=PATIENCE_S, allow_redirects=False
    )


def test_it_holds_what_runs_and_nothing_that_only_helps_developing(builder, image):
    purelib = next(inside(builder, image, "/venv/lib").iterdir()) / "site-packages"
    here = {path.name for path in purelib.iterdir()}
    assert {"django", "onnxruntime", "psycopg", "uvicorn"} <= here
    assert not here & {"pip", "pytest", "playwright", "mypy", "moto", "skimage", "ruff"}
    app = {path.name for path in inside(builder, image, "/app").iterdir()}
    assert {"manage.py", "facsweb", "analysis", "staticfiles", "LICENSE", "NOTICE"} <= app
    assert not app & {"tests", "var", ".git", "secrets", "Makefile"}
    for spec in face_models.MODELS.values():
        assert store.is_intact(spec, inside(builder, image, "/models"))


def test_static_files_are_collected_compressed_below_their_version(builder, image):
    collected = inside(builder, image, "/app/staticfiles")
    scripts = list(collected.rglob("*.js"))
    assert len(scripts) > 50
    assert all(path.with_suffix(".js.gz").exists() for path in scripts if path.stat().st_size > 4000)


def test_modules_are_compiled_because_nobody_may_write_beside_them(builder, image):
    app = inside(builder, image, "/app")
    for path in (app / "manage.py", app / "facsweb/settings.py", app / "analysis/types.py"):
        (compiled,) = (path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc")
        # Checked by content: they hold whatever time stamps the layers' files get (PEP 552).
        assert compiled.read_bytes()[4:8] == b"\3\0\0\0"


#: Libraries that no wheel brings: of libc6, libgcc-s1, libstdc++6 and zlib1g, which every slim Debian has.
SYSTEM = {"c", "dl", "gcc_s", "m", "mvec", "pthread", "resolv", "rt", "stdc++", "z"}


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not there (on Debian: binutils)")
def test_the_slim_base_has_every_library_that_the_packages_need(builder, image):
    """This machine has more than the base, so a library that is missing there would not be missed here."""
    found = [path for path in inside(builder, image, "/venv/lib").rglob("*.so*") if path.is_file()]
    said = subprocess.run(["readelf", "--dynamic", *found], capture_output=True, text=True, check=False).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(?:lib)?(.+?)\.so", said))
    brought = {path.name.partition(".so")[0].removeprefix("lib") for path in found}
    assert len(found) > 200
    assert {name for name in needed - brought if not name.startswith("ld-linux")} <= SYSTEM


def test_labels_say_what_it_is(image):
    known = {name.rpartition(".")[2]: value for name, value in image.labels.items()}
    assert (known["title"], known["licenses"]) == ("facsweb", "Apache-2.0")
    assert f'version = "{known["version"]}"' in (REPOSITORY / "pyproject.toml").read_text()


def test_whoever_runs_it_can_write_nothing_of_it(builder, image):
    root = str(image.folder / "root")
    enter = [*builder.namespace.enter, "chroot", "--userspec=10001:10001", root]
    find = ["find", "/app", "/venv", "/models", "-writable", "-not", "-type", "l"]
    writable = subprocess.run([*enter, *find], capture_output=True, text=True, check=False)
    assert (writable.stdout, writable.stderr) == ("", ""), "and it can look everywhere"


def test_secrets_are_made_once_and_for_one_group(running):
    for path in running.secrets.iterdir():
        found = path.stat()
        assert (found.st_mode & 0o777, found.st_gid) == (0o440, 10001)
    again = ["sh", str(REPOSITORY / "deploy/secrets.sh"), str(running.secrets)]
    before = (running.secrets / "secret_key").read_text()
    assert subprocess.run(again, capture_output=True, check=False).returncode == 1
    assert (running.secrets / "secret_key").read_text() == before
    assert len(before) == 64


def test_the_site_may_not_alter_the_log_nor_the_tables(running):
    assert running.ask("SELECT count(*) FROM accounts_user").fetchone() == (0,)
    forbidden = ("UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_anchor")
    for statement in (
        *forbidden,
        "CREATE TABLE t (a int)",
        "CREATE TEMPORARY TABLE t (a int)",
        "DROP TABLE audit_entry",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            running.ask(statement)


def test_it_serves_as_nobody_on_a_root_that_cannot_be_written_and_ends_when_told(running):
    port = free_port()
    web = running.start("web", port=port)
    wait_until_healthy(web, port)

    status = web.execute("sh", "-c", "cat /proc/1/status; id -u; readlink /proc/1/exe").stdout
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE), "process 1 itself, without a shell around it"
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    for place in ("/app/x", "/venv/x", "/models/x", "/x", "/etc/x"):
        assert "Read-only file system" in web.execute("touch", place).stderr
    assert web.execute("touch", "/data/x", f"{TMP}/x").returncode == 0

    page = get(port)
    assert page.status_code == 200
    assert "Sign in" in page.text
    assert "__Host-csrftoken=" in page.headers["Set-Cookie"]
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert get(port, **{"X-Forwarded-Proto": "http"}).headers["Location"] == f"https://{NAME}/account/login/"
    sheet = re.search(r'href="/(static/[0-9a-f]{12}/[^"]+\.css)"', page.text)[1]
    answer = get(port, sheet, **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert "immutable" in answer.headers["Cache-Control"]

    assert web.stop() in (0, -15), web.said()
    lines = [json.loads(line) for line in web.said().splitlines()]
    assert {(line["level"], line["logger"]) for line in lines} == {("info", "facsweb.requests")}, "no warnings"
    again = running.start("web", port=port)
    wait_until_healthy(again, port)
    assert get(port).status_code == 200


def test_without_its_settings_it_says_what_is_missing(running):
    bare = Container(running.builder, running.image, ["check"], {}, {"/data": running.data})
    assert bare.ended() != 0
    assert "FACSWEB_ENV=production needs SECRET_KEY" in bare.said()


@pytest.mark.skipif(not REAL, reason="make image-check builds it with packages that were fetched for it")
def test_size_of_a_real_build(builder, image):
    for place in ("/venv", "/models", "/app"):
        said = subprocess.run(["du", "-sm", str(inside(builder, image, place))], capture_output=True, text=True)
        print(f"{place}: {said.stdout.split()[0]} MB")
        assert int(said.stdout.split()[0]) < 1700
