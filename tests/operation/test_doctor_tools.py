"""Tools and neighbours that are missing, damaged or away; as `test_doctor` has it for everything else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from analysis.models import models_dir
from tests.conftest import REPOSITORY
from tests.operation.findings import named, well

# --- tools -----------------------------------------------------------------------------------------------


def test_models_that_are_missing_or_damaged(fresh, tmp_path):
    place = tmp_path / "models"
    before = f"os.environ['FACSWEB_MODELS'] = {str(place)!r}"
    remedy = named(fresh.doctor("models", before=before), "models", "Missing or damaged")
    install = f"{sys.executable} {remedy.partition(' (')[0].removeprefix('python ')} --from {models_dir()}"
    environment = os.environ | {"FACSWEB_MODELS": str(place)}
    subprocess.run(install.split(), cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    well(fresh.doctor("models", before=before), "models")
    model = next(place.glob("*.onnx"))
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    assert "models install" in named(fresh.doctor("models", before=before), "models", "Missing or damaged")


def test_scorer_that_is_gone(fresh):
    fresh.run("from facsweb.learning.models import Default\nDefault.objects.create(scorer='au-own/9')")
    assert "FACSWEB_SCORERS" in named(fresh.doctor("scorers"), "scorers", "au-own/9")


def test_processors_that_are_not_there(fresh):
    before = "os.environ['FACSWEB_PROVIDERS'] = {!r}".format
    assert "auto" in named(fresh.doctor("providers", before=before("quantum")), "processors", "quantum")
    assert named(fresh.doctor("providers", before=before("cuda,cpu")), "processors", "cuda", "warning")
    well(fresh.doctor("providers", before=before("cpu")), "processors")


def certificate(path: Path, days: int) -> None:
    """A PKCS#12 file whose certificate ends in so many days."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "O")]),
    )
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(days=400))
    made = made.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"o", key, made, None, plain))


def test_signing_key_that_is_gone_or_ends(fresh, tmp_path):
    path = tmp_path / "own.p12"
    before = f"os.environ['FACSWEB_SIGNING_P12'] = {str(path)!r}"
    assert named(fresh.doctor("signing", before=before), "signing key", "does not exist")
    certificate(path, -3)
    assert "FACSWEB_SIGNING_P12" in named(fresh.doctor("signing", before=before), "signing key", "ended on")
    certificate(path, 30)
    assert named(fresh.doctor("signing", before=before), "signing key", "ends on", "warning")
    certificate(path, 900)
    well(fresh.doctor("signing", before=before), "signing key")


# --- what the site is told of others ---------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(405)

    def log_message(self, *about: Any) -> None:
        pass


def test_time_stamps_and_mail_of_servers_that_are_away(fresh):
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        before = (
            f"os.environ['FACSWEB_TSA_URL'] = 'http://127.0.0.1:{port}/'\n"
            "settings.EMAIL_BACKEND = 'django.core.mail.backends.smtp.EmailBackend'\n"
            f"settings.EMAIL_HOST, settings.EMAIL_PORT = '127.0.0.1', {port}"
        )
        found = fresh.doctor("time_stamps", "mail_server", before=before)
        well(found, "time stamps"), well(found, "mail")
        server.shutdown()
    found = fresh.doctor("time_stamps", "mail_server", before=before)
    assert "FACSWEB_TSA_URL" in named(found, "time stamps", "does not answer")
    assert "EMAIL_HOST" in named(found, "mail", "cannot be reached")


def test_fonts_that_are_nowhere(fresh):
    assert named(fresh.doctor("fonts", before="os.environ['FACSWEB_FONTS'] = '/nowhere'"), "fonts", "no folder")


def test_production_that_is_set_carelessly(fresh):
    before = (
        "settings.PRODUCTION, settings.SECRET_KEY, settings.TRUSTED_PROXIES = True, 'short', 0\n"
        "settings.SITE_URL, settings.ALLOWED_HOSTS = 'http://elsewhere.example', ['facs.example', '*.example']\n"
        "settings.CSRF_TRUSTED_ORIGINS = ['http://facs.example/']\n"
        "settings.STATIC_ROOT = str(folder / 'static')"
    )
    found = fresh.doctor("environment", "names", "proxies", "static_files", before=before)
    assert "token_urlsafe" in named(found, "secret key", "short or simple")
    assert "Add elsewhere.example" in named(found, "site address", "not in ALLOWED_HOSTS")
    assert named(found, "site address", "begins with http:")
    assert named(found, "site address", "CSRF_TRUSTED_ORIGINS has http://facs.example/")
    assert named(found, "proxies", "No proxy is trusted", "warning") == "FACSWEB_TRUSTED_PROXIES=1"
    remedy = named(found, "static files", "are not collected")
    assert remedy.startswith("python manage.py collectstatic --noinput")
    shutil.copytree(REPOSITORY / "static", fresh.folder / "static")
    well(fresh.doctor("static_files", before=before), "static files")
    next((fresh.folder / "static" / "css").glob("*.css")).write_text("/* of an older version */")
    assert named(fresh.doctor("static_files", before=before), "static files", "of another version")
