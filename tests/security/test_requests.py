"""Requests that another site, another host or nobody sends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from facsweb.recordings import services
from facsweb.recordings.models import Upload
from tests.conftest import PASSWORD
from tests.factories import make_recording
from tests.programs import PATIENCE_S

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
VALUES = {"uuid": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0001", "int": "1", "str": "x", "slug": "x", "path": "x"}
#: Addresses that take a request without our token, each with its reason.
WITHOUT_TOKEN = {
    "verify": "changes nothing, and reading a token would read the whole upload first",
}
#: Of programs with tokens of their own; a browser's session counts for nothing there (tests/api).
PROGRAMS = ("api/",)


def every_address(resolver: Any = None, route: str = "") -> list[tuple[str, str]]:
    """Name and an example of every address of the site, of our libraries too."""
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += every_address(entry, here)
        elif isinstance(entry, URLPattern):
            found.append((entry.name or "", example(here)))
    return found


def example(route: str) -> str:
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES.get(found[1] or "str", "x"), route)
    filled = re.sub(r"\(\?P<\w+>[^)]*\)", "x-y", filled)
    return "/" + filled.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\", "")


@pytest.mark.once  # refused before a view is called
@pytest.mark.parametrize("who", ["administrator", "nobody"])
def test_every_post_without_a_token_is_refused(people, study, who, capsys):
    client = Client(enforce_csrf_checks=True)
    if who != "nobody":
        type(people[who]).objects.filter(pk=people[who].pk).update(is_staff=True)  # so every page is theirs
        client.force_login(people[who], backend=BACKEND)
    refused, let_in, closed = 0, [], 0
    for name, address in every_address():
        if address.lstrip("/").startswith(PROGRAMS):
            continue
        for method in ("post", "put", "patch", "delete"):
            response = getattr(client, method)(address, data=b"{}", content_type="application/json")
            if response.status_code == 403 and b"This form was out of date" in response.content:
                refused += 1
            elif response.status_code in (404, 405):
                closed += 1  # no view was reached, or none for this method
            else:
                let_in.append((name, method, response.status_code))
    assert {name for name, _, _ in let_in} <= set(WITHOUT_TOKEN), let_in
    assert refused > 4 * 90
    if who == "administrator":
        with capsys.disabled():
            print(f"\nrequests without a token: {refused} refused, {closed} with no such page, let in: {let_in}")


def test_post_with_a_token_of_another_site_is_refused(people, study):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["administrator"], backend=BACKEND)
    client.get(reverse("studies:change", args=[study.pk]))
    token = client.cookies["csrftoken"].value
    address = reverse("studies:change", args=[study.pk])
    data = {"name": "Taken over", "csrfmiddlewaretoken": token}
    assert client.post(address, data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(address, data, headers={"Referer": "https://evil.example/"}, secure=True).status_code == 403
    study.refresh_from_db()
    assert study.name != "Taken over"


# --- hosts and addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", ""])
def test_host_that_is_not_ours_is_refused(client, host):
    assert client.get(reverse("account_login"), headers={"Host": host}).status_code == 400
    request = RequestFactory(headers={"Host": host}).get("/")
    with pytest.raises(SuspiciousOperation):
        request.get_host()


def test_forwarded_host_counts_for_nothing(client):
    response = client.get(reverse("home"), headers={"X-Forwarded-Host": "evil.example", "X-Host": "evil.example"})
    assert response.status_code == 302
    assert "evil" not in response["Location"]


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example/", "//evil.example/", "///evil.example", "https:evil.example", "\\\\evil.example"),
        *("javascript:alert(1)", "http://localhost@evil.example/", "/\\evil.example", "%2f%2fevil.example"),
    ],
)
def test_sign_in_leads_to_no_other_site(client, people, target):
    response = client.post(
        reverse("account_login"), {"login": "coder@example.org", "password": PASSWORD, "next": target}
    )
    assert response.status_code == 302
    led = urlsplit(urljoin("http://testserver/account/login/", response["Location"]))
    assert (led.scheme, led.netloc) == ("http", "testserver")
    page = client.get(reverse("account_login") + "?next=" + target)
    assert b'href="https://evil' not in page.content
    assert b'href="//evil' not in page.content
    assert b'href="javascript' not in page.content


async def socket_answer(origin: bytes | None) -> str:
    from facsweb.asgi import application

    headers = [(b"host", b"localhost")] + ([(b"origin", origin)] if origin is not None else [])
    path = "/ws/runs/6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0001/"
    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}
    browser = ApplicationCommunicator(application, scope)
    await browser.send_input({"type": "websocket.connect"})
    answer = await browser.receive_output(PATIENCE_S)
    await browser.send_input({"type": "websocket.disconnect", "code": 1005})
    return f"{answer['type']} {answer.get('code', '')}".strip()


@pytest.mark.django_db(transaction=True)
async def test_socket_is_opened_for_pages_of_ours_only(redis):
    """Refused before anything of ours is asked: 403 in HTTP's words. With our origin, our own code answers."""
    refused = {
        await socket_answer(origin) for origin in (b"https://evil.example", b"null", b"http://localhost.evil")
    }
    assert len(refused) == 1
    assert refused != {await socket_answer(b"http://localhost")}


# --- names ---------------------------------------------------------------------------------------------------

NAMES = [
    *("../../../etc/passwd", "..\\..\\x.mp4", "/etc/passwd", "C:\\con.mp4", "con", "nul.mp4", ".htaccess"),
    *("a\u202efdp.exe", "x" * 5000, "😀" * 300, "a\r\nSet-Cookie: x=1", "a\x00.mp4", "<b>.mp4", '"; x="', "."),
]


@pytest.mark.parametrize("name", NAMES)
def test_name_of_an_upload_is_only_ever_shown(participant, consent, people, name, settings):
    """What is stored is called by an id of ours; the name is a text in the database."""
    upload = services.begin_upload(people["analyst"], participant, filename=name, length=10)
    kept = Upload.objects.get(pk=upload.pk).filename
    assert 0 < len(kept) <= 255
    assert not re.search(r"[/\\\x00-\x1f]", kept)
    folders = {path.name for path in Path(settings.UPLOAD_DIR).iterdir()}
    assert str(upload.pk) in folders
    assert all(re.fullmatch(r"[0-9a-f-]{36}", folder) for folder in folders)


#: ``report.pdf.save(f"{report.pk}.pdf", …)``
NAMED_IN_CODE = {"Report.pdf", "Document.pdf", "Erasure.certificate", "Copy.file"}


def test_every_stored_file_is_named_by_us():
    """Every file field of the site names its files by ids, whatever name comes with the bytes."""
    from django.apps import apps
    from django.db.models import FileField

    fields = [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    ]
    assert fields
    ours = re.compile(r"[a-z_]+(/[\w-]+)*/[\w-]+(\.[a-z0-9]{2,5})?")
    for model, field in fields:
        if not callable(field.upload_to):  # a folder: what is put there is named in code, and no form reaches it
            assert f"{model.__name__}.{field.name}" in NAMED_IN_CODE
            continue
        for name in NAMES:
            stored = field.generate_filename(model(), name)
            assert ours.fullmatch(stored), f"{model}.{field}: {stored}"


def test_name_of_a_download_cannot_break_its_header(participant, people, client_as):
    from tests.factories import make_finished_run

    recording = make_recording(participant, people["analyst"])
    recording.title = recording.filename = 'a"; filename="x.exe\r\nSet-Cookie: x=1'
    recording.save()
    run = make_finished_run(recording, people["analyst"])
    response = client_as("coder").get(reverse("runs:download", args=[run.pk, "events.csv"]))
    b"".join(response.streaming_content)
    assert "\r" not in response["Content-Disposition"]
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
