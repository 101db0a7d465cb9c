"""Static files are answered before Django sees the request, with what WhiteNoise says of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.templatetags.static import static

from facsweb.installation import version_of
from facsweb.static_files import StaticFiles

SCRIPT = static("js/lib/http.js")


async def _django(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"Django"})


def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": lines}
    asyncio.run(StaticFiles(_django)(scope, None, send))  # type: ignore[arg-type]  # nothing is received
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


def test_a_script_comes_whole_and_may_only_be_run_as_what_it_is(settings):
    status, headers, body = ask(SCRIPT)
    assert status == 200
    assert body == (settings.BASE_DIR / "static/js/lib/http.js").read_bytes()
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"].startswith("text/javascript")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "immutable" in headers["cache-control"]


def test_a_large_file_comes_whole():
    _, headers, body = ask(static("plotly/plotly.min.js"))
    assert len(body) == int(headers["content-length"]) > 1_000_000


def test_what_the_browser_has_is_not_sent_again():
    etag = ask(SCRIPT)[1]["etag"]
    status, _, body = ask(SCRIPT, if_none_match=etag)
    assert (status, body) == (304, b"")


def test_head_and_part():
    status, headers, body = ask(SCRIPT, "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000
    status, headers, body = ask(SCRIPT, range="bytes=0-9")
    assert (status, len(body), headers["content-length"]) == (206, 10, "10")


@pytest.mark.parametrize(
    "path",
    [
        static("js/nothing.js"),
        static(""),
        static("../facsweb/settings.py"),
        static("js/../../facsweb/settings.py"),
        static("/etc/passwd"),
        "/static/000000000000/js/lib/http.js",
        "/login/",
    ],
)
def test_everything_else_is_django_s(path):
    assert ask(path)[0] == 299


def test_other_methods_are_django_s():
    assert ask(SCRIPT, "POST")[0] == 299


def test_the_address_changes_with_any_file(tmp_path):
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "a.js").write_text("1")
    first = version_of(tmp_path)
    assert version_of(tmp_path) == first
    (tmp_path / "js" / "a.js").write_text("2")
    second = version_of(tmp_path)
    (tmp_path / "js" / "a.js").rename(tmp_path / "js" / "b.js")
    assert len({first, second, version_of(tmp_path)}) == 3
