"""In which threads a web server asks the database, and how long a connection is kept."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.decorators import login_not_required
from django.db import connection, connections
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from facsweb.handler import Handler
from facsweb.processes import threads
from facsweb.processes.threads import Threads, for_request, for_socket
from facsweb.studies.models import Study
from tests import postgresql


@pytest.fixture
def one_thread(monkeypatch) -> Iterator[None]:
    """One for all requests, and its connection closed in the end."""
    own = Threads(1, "request")
    monkeypatch.setattr(threads, "_of_requests", own)
    yield
    own.submit(connections.close_all).result()
    own.shutdown()


def opened() -> Any:
    """The connection with which a question was asked."""
    Study.objects.count()
    return connection.connection


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kept", [True, False])
def test_a_thread_keeps_its_connection_in_a_web_server_alone(monkeypatch, kept):
    monkeypatch.setattr(threads, "_kept", kept)
    ask = async_to_sync(for_request(opened))
    assert (ask() is ask()) is kept


@postgresql.ONLY
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_thread")
def test_a_connection_that_broke_meanwhile_is_made_anew(monkeypatch):
    monkeypatch.setattr(threads, "_kept", True)
    ask = async_to_sync(for_request(opened))
    before = ask().info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [before])
    assert ask().info.backend_pid != before


def test_a_fork_has_threads_of_its_own():
    both = Threads(1, "request")
    both.submit(int).result()
    told, tell = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(tell, b"%d" % both.submit(os.getpid).result(timeout=60))
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as said:
        assert int(said.read()) == pid
    os.waitpid(pid, 0)
    both.shutdown()


# --- the handler --------------------------------------------------------------------------------------------


@pytest.fixture
def ask(settings, one_thread) -> Callable[..., Any]:
    """Views, by name → a question at the site's handler, with all middlewares around them."""

    def serve(**views: Callable[[Any], Any]) -> Callable[[str], ApplicationCommunicator]:
        found = [path(name, login_not_required(view)) for name, view in views.items()]
        settings.ROOT_URLCONF = tuple(found)
        handler = Handler()

        def begin(name: str) -> ApplicationCommunicator:
            headers = [(b"host", b"localhost")]
            scope = {"type": "http", "method": "GET", "path": f"/{name}", "query_string": b"", "headers": headers}
            return ApplicationCommunicator(handler, scope)

        return begin

    return serve


@pytest.mark.django_db(transaction=True)
async def test_an_answer_is_made_in_one_thread_and_sent_without_it(ask, monkeypatch):
    """Somebody who takes long to receive a video holds neither thread nor connection."""
    from facsweb.operation import requests

    where: list[str] = []
    go = asyncio.Event()
    real = requests._begin
    monkeypatch.setattr(requests, "_begin", lambda request: (where.append(_here()), real(request))[1])

    async def slowly() -> AsyncIterator[bytes]:
        yield b"first"
        await go.wait()
        yield b"last"

    def video(_: Any) -> StreamingHttpResponse:
        where.append(_here())
        return StreamingHttpResponse(slowly())

    begin = ask(video=video, page=lambda _: HttpResponse(f"{Study.objects.count()} in {_here()}"))
    film, page = begin("video"), begin("page")
    await film.send_input({"type": "http.request", "body": b""})
    assert (await film.receive_output(60))["status"] == 200
    assert (await film.receive_output(60))["body"] == b"first"
    await page.send_input({"type": "http.request", "body": b""})
    assert (await page.receive_output(60))["status"] == 200
    thread = (await page.receive_output(60))["body"].decode().removeprefix("0 in ")
    go.set()
    assert (await film.receive_output(60))["body"] == b"last"
    await film.wait(60)
    await page.wait(60)
    assert thread.startswith("request")
    assert where == [thread, thread, thread]


def _here() -> str:
    return threading.current_thread().name


@pytest.mark.django_db(transaction=True)
async def test_sockets_look_beside_each_other():
    """Two that wait for one another: in one thread neither would end."""
    both = threading.Barrier(2, timeout=60)
    await asyncio.gather(for_socket(both.wait)(), for_socket(both.wait)())
