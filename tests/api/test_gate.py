"""What stands before every operation: tokens, keys, limits, pages of lists, entity tags, resumable uploads."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from facsweb.api import limits, tokens
from facsweb.api.models import Scope, Token
from facsweb.audit.models import Entry
from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant
from tests.api.test_operations import CLIP, is_problem

# --- tokens ----------------------------------------------------------------------------------------------


def test_only_the_hash_of_a_token_is_kept(people, study):
    token, secret = tokens.create(
        people["analyst"], name="P", scopes=[Scope.RUNS_READ], lifetime=timedelta(days=365), study=study
    )
    stored = Token.objects.values().get()
    assert secret not in str(stored)
    assert stored["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(token.prefix)
    assert len(base64.urlsafe_b64decode(secret.removeprefix("fsw_") + "=")) == 32
    assert secret not in str(list(Entry.objects.values("details")))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scopes": []}, "at least one"),
        ({"scopes": ["everything"]}, "at least one"),
        ({"lifetime": timedelta(days=366)}, "a year"),
        ({"lifetime": timedelta()}, "a year"),
    ],
)
def test_what_no_token_may_be(people, wrong, words):
    how = {"name": "P", "scopes": [Scope.RUNS_READ], "lifetime": timedelta(days=1), **wrong}
    with pytest.raises(ValidationError, match=words):
        tokens.create(people["analyst"], **how)
    assert not Token.objects.exists()


def test_no_token_for_a_study_that_is_not_ones_own(people, study):
    with pytest.raises(ValidationError, match="one of your studies"):
        tokens.create(
            people["stranger"], name="P", scopes=[Scope.RUNS_READ], lifetime=timedelta(days=1), study=study
        )


def test_when_and_from_where_a_token_was_used_is_noted_once_a_minute(caller):
    ask = caller("analyst")
    ask.get("/studies")
    token = Token.objects.get()
    assert token.last_used_from == "127.0.0.1"
    assert timezone.now() - token.last_used_at < timedelta(minutes=1)
    noted = token.last_used_at
    ask.get("/studies")
    token.refresh_from_db()
    assert token.last_used_at == noted
    ask.get("/studies", REMOTE_ADDR="10.1.2.3")
    token.refresh_from_db()
    assert token.last_used_from == "10.1.2.3"


def test_what_is_wrong_with_a_token_is_told_alike(caller, client):
    for header in (
        {},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer fsw_x"},
        {"Authorization": "Bearer"},
    ):
        answer = client.get("/api/v1/studies", headers=header)
        is_problem(answer, 401, "Send a valid token")
        assert answer["WWW-Authenticate"] == 'Bearer realm="facsweb"'


# --- limits, pages, entity tags --------------------------------------------------------------------------


def test_a_token_may_ask_only_so_often(caller, settings, monkeypatch):
    settings.API_REQUESTS_A_MINUTE = 3
    clock = SimpleNamespace(time=lambda: 1_800_000_030.0)
    monkeypatch.setattr(limits, "time", clock)  # no minute ends between the requests
    ask, other = caller("analyst"), caller("analyst")
    left = [ask.get("/studies")["RateLimit"].split(";")[1] for _ in range(3)]
    assert left == ["r=2", "r=1", "r=0"]
    over = ask.get("/studies")
    is_problem(over, 429, "3 times a minute")
    assert over["Retry-After"] == "30"
    assert over["RateLimit-Policy"] == '"token";q=3;w=60'
    assert other.get("/studies").status_code == 200


def test_pages_shift_nothing_when_rows_come_and_go(caller, study, people):
    def add(code):
        return Participant.objects.create(study=study, code=code, created_by=people["analyst"])

    made = [add(f"P-{number:03}") for number in range(7)]
    ask = caller("analyst")
    first = ask.get(f"/studies/{study.pk}/participants?limit=3").json()
    made[0].delete()
    add("P-new")
    second = ask.get(first["next"]).json()
    third = ask.get(second["next"]).json()
    codes = [one["code"] for page in (first, second, third) for one in page["items"]]
    assert codes == ["P-000", "P-001", "P-002", "P-003", "P-004", "P-005", "P-006", "P-new"]
    assert third["next"] is None


def test_a_damaged_cursor_and_a_wrong_limit_are_refused(caller, study):
    ask = caller("analyst")
    path = f"/studies/{study.pk}/participants"
    for query in ("limit=0", "limit=201", "limit=many", "cursor=abc", "cursor=" + "x" * 500):
        is_problem(ask.get(f"{path}?{query}"), 422)


def test_a_cursor_belongs_to_its_list(caller, study, people):
    for number in range(2):
        Participant.objects.create(study=study, code=f"P-{number}", created_by=people["analyst"])
    ask = caller("analyst")
    cursor = ask.get(f"/studies/{study.pk}/participants?limit=1").json()["next"].partition("cursor=")[2]
    is_problem(ask.get(f"/studies/{study.pk}/recordings?cursor={cursor}"), 422, "another list")


def test_an_answer_that_the_client_has_is_not_sent_again(caller, study):
    ask = caller("analyst")
    first = ask.get(f"/studies/{study.pk}")
    again = ask.get(f"/studies/{study.pk}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    study.name = "Another"
    study.save()
    assert ask.get(f"/studies/{study.pk}", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_description_is_open_and_complete(client):
    told = client.get("/api/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            assert one["summary"], path
            assert one["security"][0]["Bearer"], path
            assert {"401", "403", "429", "500"} <= set(one["responses"]), (method, path)
            for status, answer in one["responses"].items():
                assert answer["description"], (method, path, status)
                if status >= "400" and status != "416":
                    assert set(answer["content"]) == {"application/problem+json"}


def test_every_operation_with_a_body_says_that_it_may_be_too_large(caller, seeded):
    """And only those: what comes along with a GET is read by nobody."""
    from facsweb.api import openapi

    for methods in openapi.document()["paths"].values():
        for method, one in methods.items():
            assert ("413" in one["responses"]) == (method == "post"), one["operationId"]
    ask, large = caller("administrator"), b"x" * (2**20 + 1)
    more = {"data": large, "content_type": "application/json"}
    is_problem(ask.post(f"/webhooks/{seeded.webhook.pk}/ping", **more), 413)
    assert ask.client.generic(
        "GET", f"/api/v1/studies/{seeded.study.pk}", large, headers={"Authorization": f"Bearer {ask.secret}"}
    ).status_code == 200  # fmt: skip


async def test_a_body_beyond_every_limit_is_a_problem_before_anything_is_stored():
    from facsweb.asgi import application

    said = []
    headers = [(b"content-length", b"99999999999"), (b"host", b"localhost")]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/reports/verify", "headers": headers}

    async def send(message):
        said.append(message)

    await application(scope, lambda: None, send)
    assert said[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in said[0]["headers"]
    assert json.loads(said[1]["body"])["instance"] == "/api/v1/reports/verify"


def test_a_fault_of_the_program_is_a_problem_without_its_traceback(caller, study, monkeypatch):
    from facsweb.studies import law

    def broken(*_):
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(law, "sentence", broken)
    told = is_problem(caller("analyst").get(f"/studies/{study.pk}"), 500)
    assert "secret reason" not in str(told)


# --- resumable uploads -----------------------------------------------------------------------------------


def tus(ask, method, path, **headers):
    data = headers.pop("data", b"")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask.ask(
        method,
        path,
        data=data,
        content_type="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", **sent},
    )


def test_a_large_file_goes_in_pieces_with_the_same_token(caller, participant, consent):
    ask, body = caller("analyst"), CLIP.read_bytes()
    name = base64.b64encode(b"Interview 3.mp4").decode()
    sha256 = base64.b64encode(hashlib.sha256(body).hexdigest().encode()).decode()
    begun = tus(
        ask,
        "post",
        f"/participants/{participant.pk}/uploads/",
        Upload_Length=str(len(body)),
        Upload_Metadata=f"filename {name},sha256 {sha256}",
        data=body[:1000],
    )
    assert begun.status_code == 201, begun.content
    address = begun["Location"].removeprefix("/api/v1")
    assert address.startswith("/uploads/")
    offset = int(ask.client.head(begun["Location"], headers={
        "Tus-Resumable": "1.0.0", "Authorization": f"Bearer {ask.secret}"})["Upload-Offset"])  # fmt: skip
    assert offset == 1000
    done = tus(ask, "patch", address, Upload_Offset=str(offset), data=body[offset:])
    assert (done.status_code, done["Upload-Offset"]) == (204, str(len(body)))
    told = ask.ask("get", address, headers={"Accept": "application/json"}).json()
    assert told["state"] == "finished"
    recording = Recording.objects.get(pk=told["recording"]["id"])
    assert (recording.title, recording.sha256) == ("Interview 3", hashlib.sha256(body).hexdigest())
    assert Entry.objects.get(action="recording.create").via.startswith("API token Program (fsw_")


def test_an_upload_needs_its_scope_and_its_study(caller, participant, consent, study, people):
    path = f"/participants/{participant.pk}/uploads/"
    is_problem(
        tus(caller("analyst", [Scope.RECORDINGS_READ]), "post", path, Upload_Length="9"), 403, "lacks the scope"
    )
    is_problem(tus(caller("coder"), "post", path, Upload_Length="9"), 403)
    is_problem(tus(caller("stranger"), "post", path, Upload_Length="9"), 404)
    assert not Upload.objects.exists()


def test_the_pages_door_for_uploads_takes_no_token(caller, participant, consent):
    path = f"http://testserver/participants/{participant.pk}/upload/tus/"
    assert tus(caller("analyst"), "post", path, Upload_Length="9").status_code == 302
