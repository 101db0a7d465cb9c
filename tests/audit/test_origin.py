"""From where an act comes."""

import json
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.urls import reverse

from facsweb.audit import origin, services
from facsweb.audit.models import Entry
from facsweb.studies import links
from facsweb.studies.participant_views import GUESSES_A_MINUTE
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),  # anybody can send the header
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),  # the left one is what the client claims
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "10.0.0.1, 203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),  # it did not pass both
        (1, "", "192.0.2.1"),
        (1, "nonsense", ""),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_address_is_believed_from_as_many_proxies_as_are_configured(settings, trusted, forwarded, address):
    settings.TRUSTED_PROXIES = trusted
    assert origin.client_address("192.0.2.1", forwarded) == address


@pytest.mark.parametrize(
    ("kept", "remote", "address"),
    [
        ("full", "2001:db8:1:2::3", "2001:db8:1:2::3"),
        ("short", "192.0.2.77", "192.0.2.0/24"),
        ("short", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("none", "192.0.2.77", ""),
        ("full", "", ""),
    ],
)
def test_an_address_is_kept_as_the_operator_wants(settings, kept, remote, address):
    settings.AUDIT_ADDRESS = kept
    assert origin.client_address(remote, "") == address


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "counted"),
    [
        (0, "192.0.2.77", "203.0.113.9", "192.0.2.77"),
        (1, "127.0.0.1", "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (0, "2001:db8:1:2::3", "", "2001:db8:1:2::/64"),
        (0, "", "", ""),
    ],
)
def test_attempts_are_counted_by_the_client_whatever_the_log_keeps(
    settings, rf, trusted, remote, forwarded, counted
):
    settings.TRUSTED_PROXIES, settings.AUDIT_ADDRESS = trusted, "none"
    more = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert origin.counted(rf.get("/", REMOTE_ADDR=remote, **more)) == counted


def test_guesses_behind_a_proxy_shut_nobody_else_out(settings, client, participant, consent, people):
    """Every connection is the proxy's there; one who guesses must not close the links of all participants."""
    settings.TRUSTED_PROXIES = 1
    cache.clear()
    _, secret = links.make(people["analyst"], participant)
    wrong, right = (reverse("consent:start", args=[one]) for one in ("A" * 43, secret))
    guess = {"X-Forwarded-For": "203.0.113.9"}
    answers = {client.get(wrong, headers=guess).status_code for _ in range(GUESSES_A_MINUTE + 2)}
    assert answers == {404, 429}
    assert client.get(right, headers=guess).status_code == 200, "who has the right one is let in all the same"
    other = {"X-Forwarded-For": "198.51.100.7"}
    assert client.get(wrong, headers=other).status_code == 404, "theirs is the first guess"
    assert client.get(right, headers=other).status_code == 200
    cache.clear()


def test_another_word_for_it_does_not_start():
    program = "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'facsweb.settings'; django.setup()"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={"PATH": "", "FACSWEB_DATA": "/nonexistent", "SECRET_KEY": "x", "FACSWEB_AUDIT_ADDRESS": "half"},
        capture_output=True,
        text=True,
    )
    assert "FACSWEB_AUDIT_ADDRESS is full, short or none, not half" in run.stderr


def test_a_request_says_from_where_it_comes(client_as, study, people):
    client = client_as("administrator")
    agent = "Mozilla/5.0 (X11; Linux) Firefox/131.0" + "x" * 500
    headers = {"user-agent": agent, "x-forwarded-for": "203.0.113.9"}
    form = {"email": "stranger@example.org", "role": "coder"}
    client.post(reverse("studies:member_add", args=[study.pk]), form, headers=headers)
    entry = Entry.objects.get(action="member.add")
    assert (entry.address, entry.agent, entry.via) == ("127.0.0.1", agent[:160], "")
    assert len(entry.session) == 16
    assert client.session.session_key not in json.dumps([entry.session, entry.details])
    # The same session stands for itself, another one of the same person does not.
    client.post(reverse("studies:member_add", args=[study.pk]), {**form, "role": "manager"})
    client_as("administrator").post(reverse("studies:member_add", args=[study.pk]), {**form, "role": "analyst"})
    sessions = list(Entry.objects.filter(action="member.add").order_by("number").values_list("session", flat=True))
    assert sessions[0] == sessions[1] != sessions[2]


def test_nothing_of_a_request_stays_behind(client_as, study, people):
    client_as("administrator").get(reverse("studies:detail", args=[study.pk]))
    entry = services.record(None, "thing.do", study)
    assert (entry.address, entry.session, entry.actor_label) == ("", "", "system")
    assert entry.via.startswith("process ")


def test_a_token_says_its_name(study, people):
    name = "API token Laboratory " + "x" * 200
    with origin.acting(origin.Origin(address="203.0.113.9")), origin.through(name):
        entry = services.record(people["analyst"], "thing.do", study)
    assert entry.address == "203.0.113.9"
    assert entry.via.startswith("API token Laboratory")
    assert len(entry.via) == 120


def test_a_command_and_a_job_say_their_names(monkeypatch):
    import rq.job

    monkeypatch.setattr(sys, "argv", ["/srv/manage.py", "recovery", "--every", "3"])
    assert origin.process_name() == "command recovery"

    class Job:
        func_name = "facsweb.runs.tasks.analyse"

    monkeypatch.setattr(rq.job, "get_current_job", lambda: Job)
    assert origin.process_name() == "job runs.tasks.analyse"


def test_an_agent_of_any_bytes_is_kept(client_as, study):
    client = client_as("administrator")
    headers = {"user-agent": "=cmd|' /C calc'!A0 \x00\xff"}
    client.get(reverse("studies:detail", args=[study.pk]), headers=headers)
    assert "\0" not in Entry.objects.get(action="study.read").agent


def test_a_socket_says_from_where_it_comes(settings):
    seen = {}

    async def consumer(scope, receive, send):
        seen["came"] = origin.current()

    class Session:
        session_key = "k"

    scope = {
        "client": ("192.0.2.1", 5),
        "headers": [(b"User-Agent", b"Firefox"), (b"x-forwarded-for", b"9.9.9.9")],
    }
    scope["session"] = Session()
    import asyncio

    asyncio.run(origin.SocketOrigin(consumer)(scope, None, None))
    came = seen["came"]
    assert (came.address, came.agent, came.via, len(came.session)) == ("192.0.2.1", "Firefox", "WebSocket", 16)
    assert origin.current().address == ""
