"""Static files are answered before Django sees the request, with what WhiteNoise says of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from facsweb.static_files import StaticFiles


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
    status, headers, body = ask("/static/js/lib/http.js")
    assert status == 200
    assert body == (settings.BASE_DIR / "static/js/lib/http.js").read_bytes()
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"].startswith("text/javascript")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "max-age" in headers["cache-control"]


def test_a_large_file_comes_whole():
    _, headers, body = ask("/static/plotly/plotly.min.js")
    assert len(body) == int(headers["content-length"]) > 1_000_000


def test_what_the_browser_has_is_not_sent_again():
    etag = ask("/static/js/lib/http.js")[1]["etag"]
    status, _, body = ask("/static/js/lib/http.js", if_none_match=etag)
    assert (status, body) == (304, b"")


def test_head_and_part():
    status, headers, body = ask("/static/js/lib/http.js", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000
    status, headers, body = ask("/static/js/lib/http.js", range="bytes=0-9")
    assert (status, len(body), headers["content-length"]) == (206, 10, "10")


@pytest.mark.parametrize(
    "path",
    [
        "/static/js/nothing.js",
        "/static/",
        "/static/../facsweb/settings.py",
        "/static/js/../../facsweb/settings.py",
        "/static//etc/passwd",
        "/login/",
    ],
)
def test_everything_else_is_django_s(path):
    assert ask(path)[0] == 299


def test_other_methods_are_django_s():
    assert ask("/static/js/lib/http.js", "POST")[0] == 299
