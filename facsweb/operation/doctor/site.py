"""What the environment says about the site: production, names, proxies, pages' files, mail, time stamps, fonts."""

from __future__ import annotations

import os
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from facsweb.accounts import mail
from facsweb.operation.doctor import Finding, fault, ok, warning

WEAK: Final = 50  # characters, as Django's own check has it
ANSWER_S: Final = 5.0
TABLE: Final = "docs/deploy.md has the table."


def environment() -> Iterator[Finding]:
    """Development or production."""
    if not settings.PRODUCTION:
        yield warning(
            "environment",
            "This is a development installation: cookies travel without TLS.",
            f"For others than yourself set FACSWEB_ENV=production. {TABLE}",
        )
        return
    yield ok("environment", "Production.")
    key = settings.SECRET_KEY
    if len(key) < WEAK or len(set(key)) < 5:
        yield fault(
            "secret key",
            "SECRET_KEY is short or simple; whoever guesses it signs in as anybody.",
            'python -c "import secrets; print(secrets.token_urlsafe(64))" makes one.',
        )
    else:
        yield ok("secret key", "Long and not simple.")
    if not settings.FACSWEB_REQUIRE_MFA:
        yield warning("accounts", "No second factor is required.", "Remove FACSWEB_REQUIRE_MFA=0.")


def names() -> Iterator[Finding]:
    """The site's address, the hosts that it answers to, the origins that forms may come from."""
    told = urlsplit(settings.SITE_URL)
    wrong = False
    if not told.hostname or told.scheme not in ("http", "https"):
        wrong = True
        yield fault("site address", f"SITE_URL is no address: {settings.SITE_URL}.", "SITE_URL=https://your.name")
    elif not validate_host(told.hostname, settings.ALLOWED_HOSTS):
        wrong = True
        yield fault(
            "site address",
            f"SITE_URL names {told.hostname}, which is not in ALLOWED_HOSTS: links in mails lead to an error.",
            f"Add {told.hostname} to ALLOWED_HOSTS, or correct SITE_URL.",
        )
    if settings.PRODUCTION and told.scheme == "http":
        wrong = True
        yield fault("site address", "SITE_URL begins with http: in production.", "SITE_URL=https://your.name")
    if "*" in settings.ALLOWED_HOSTS:
        wrong = True
        yield warning("site address", "ALLOWED_HOSTS allows every name.", "Name the hosts.")
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        parts = urlsplit(origin)
        if not parts.scheme or not parts.netloc or parts.path or (settings.PRODUCTION and parts.scheme != "https"):
            wrong = True
            yield fault(
                "site address",
                f"CSRF_TRUSTED_ORIGINS has {origin}, which no browser sends.",
                "Write each as https://host, without a path.",
            )
    if not wrong:
        yield ok("site address", settings.SITE_URL)


def proxies() -> Iterator[Finding]:
    """Whose word about addresses is believed."""
    if settings.PRODUCTION and not settings.TRUSTED_PROXIES:
        yield warning(
            "proxies",
            "No proxy is trusted, so everybody seems to come from the proxy that ends TLS: one person's wrong "
            "passwords shut everybody out.",
            "FACSWEB_TRUSTED_PROXIES=1",
        )
    else:
        yield ok("proxies", f"{settings.TRUSTED_PROXIES} are trusted.")


def static_files() -> Iterator[Finding]:
    """Scripts and styles, collected in production."""
    if not settings.PRODUCTION:
        return
    source, target = Path(settings.BASE_DIR) / "static", Path(settings.STATIC_ROOT)
    lacking = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and not _same(path, target / path.relative_to(source))
    ]
    if lacking:
        what = "are not collected" if not target.is_dir() else f"are of another version ({lacking[0]} …)"
        yield fault(
            "static files",
            f"Scripts and styles {what}.",
            "python manage.py collectstatic --noinput, then restart web",
        )
    else:
        yield ok("static files", "Collected.")


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.stat().st_size == other.stat().st_size


def mail_server() -> Iterator[Finding]:
    """Whether mail can leave."""
    if not mail.configured():
        yield warning(
            "mail",
            "No mail leaves this installation: invitations are shown once, staff make forgotten passwords anew.",
            "Set EMAIL_HOST and what belongs to it.",
        )
        return
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield ok("mail", settings.EMAIL_BACKEND)
        return
    place = f"{settings.EMAIL_HOST}, port {settings.EMAIL_PORT}"
    try:
        socket.create_connection((settings.EMAIL_HOST, settings.EMAIL_PORT), timeout=ANSWER_S).close()
    except OSError as error:
        yield fault(
            "mail",
            f"The mail server {place} cannot be reached ({error.strerror or error}).",
            "Correct EMAIL_HOST and EMAIL_PORT, or let this machine through to it.",
        )
    else:
        yield ok("mail", f"{place} answers.")


def time_stamps() -> Iterator[Finding]:
    """The time stamp authority, where one is set."""
    url = os.environ.get("FACSWEB_TSA_URL")
    if not url:
        return
    host = urlsplit(url).hostname
    try:
        urllib.request.urlopen(url, timeout=ANSWER_S).close()  # noqa: S310  # nosec B310 (the operator's own address)
    except urllib.error.HTTPError:
        pass  # it answers; to a plain question it need not say yes
    except (OSError, ValueError, ssl.SSLError):
        yield fault(
            "time stamps",
            f"The time stamp authority {host} does not answer, so no report can be sealed.",
            "Correct FACSWEB_TSA_URL, let this machine through to it, or do without time stamps.",
        )
        return
    yield ok("time stamps", f"{host} answers.")


def fonts() -> Iterator[Finding]:
    """Folders with fonts for reports."""
    for one in filter(None, os.environ.get("FACSWEB_FONTS", "").split(os.pathsep)):
        if not Path(one).is_dir():
            yield fault("fonts", f"FACSWEB_FONTS names {one}, which is no folder.", "Correct or remove it.")
            return
        yield ok("fonts", one)


CHECKS: Final = (environment, names, proxies, static_files, mail_server, time_stamps, fonts)
