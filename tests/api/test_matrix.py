"""Every operation of the API × whose token × own or other study, against the table in code.

The operations come from the resolver and the description; one that is not in `studies.access.API` fails here.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.api import openapi, tokens
from facsweb.api.gate import SPECS
from facsweb.api.models import Scope, Token
from facsweb.studies import access
from facsweb.studies.models import Membership, Role, Study
from tests.api.conftest import EVERY_SCOPE, Caller
from tests.conftest import PASSWORD
from tests.test_access_matrix import ADDRESSES

TUS = {"tus_create", "tus"}
ROLES = [str(role) for role in Role]
#: What is asked of an operation beside its path: enough for it to do its work.
BODIES: dict[str, dict[str, Any]] = {
    "participant_create": {"json": {"code": "P-900"}},
    "run_start": {"json": {}},
    "consent_link_create": {"json": {}},
    "report_document_make": {"json": {"kind": "summary"}},
    "webhook_create": {"json": {"url": "https://127.0.0.1/hook", "events": ["run.finished"]}},
    "report_verify": {"data": b"%PDF-1.7", "content_type": "application/pdf"},
    "recording_upload": {"data": b"no video", "content_type": "application/octet-stream"},
    "tus_create": {"data": b"", "content_type": "application/octet-stream"},
    "tus": {},
}
QUERIES = {"recording_upload": "?filename=a.mp4"}
#: Lists that are filtered instead of refused, and a question about a file: any role, and a stranger, may ask.
FOR_ANYBODY = {"studies_list", "reports_list", "report_verify"}
#: Where what was sent is refused for what it is, once its sender was let in.
LET_IN = {"recording_upload": 422, "tus_create": 412}
#: How often each status was answered.
ANSWERS: Counter[int] = Counter()


@functools.cache
def paths() -> dict[str, tuple[str, str]]:
    """Operation → method and path with its parameter, below /api/v1."""
    found = {
        one["operationId"]: (method, path.removeprefix("/api/v1"))
        for path, methods in openapi.document()["paths"].items()
        for method, one in methods.items()
    }
    tus = {"tus_create": ("post", "/participants/{participant}/uploads/"), "tus": ("get", "/uploads/{upload}/")}
    return found | tus


@pytest.fixture
def world(seeded, people, settings, monkeypatch) -> Any:
    from analysis.models import store
    from facsweb.recordings.uploads import begin_upload

    settings.WEBHOOK_PRIVATE = True
    settings.API_REQUESTS_A_MINUTE = 10**9
    monkeypatch.setattr(store, "present", lambda: {})
    seeded.upload = begin_upload(people["analyst"], seeded.participant, filename="a.mp4", length=9)
    neighbour = people["neighbour"] = User.objects.create_user("neighbour@example.org", "Neighbour", PASSWORD)
    other = seeded.other = Study.objects.create(
        name="Other", purpose="Other.", setting="research", jurisdiction="Japan", created_by=neighbour
    )
    Membership.objects.bulk_create(Membership(study=other, user=neighbour, role=role) for role in Role)
    Membership.objects.create(study=other, user=people["administrator"], role=Role.ADMINISTRATOR)
    return seeded


def status(name: str, world: Any, secret: str, client: Any = None) -> int:
    """What an operation answers to a token; whatever it changed is undone."""
    method, path = paths()[name]
    path = re.sub(r"{(\w+)}", lambda found: str(getattr(world, found[1]).pk), path)
    more = BODIES.get(name, {"data": b"", "content_type": ""} if method == "post" else {})
    with transaction.atomic():
        response = Caller(secret, client).ask(method, path + QUERIES.get(name, ""), **more)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    ANSWERS[response.status_code] += 1
    return int(response.status_code)


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    """What was answered, for ``docs/security.md``; ``-s`` shows it."""
    yield
    print(f"\n{len(paths())} operations, {ANSWERS.total()} requests; answers: {dict(sorted(ANSWERS.items()))}")


def scope_of(name: str) -> str:
    return str(Scope.RECORDINGS_WRITE if name in TUS else SPECS[name].scope)


def is_done(name: str, answered: int) -> bool:
    return answered == LET_IN.get(name) or 200 <= answered < 300


def test_every_operation_is_in_the_table_and_in_the_description():
    names = {name.removeprefix("api:") for name in access.API}
    assert names == set(SPECS) | TUS == set(paths())
    assert {name for name in ADDRESSES if name.startswith("api:")} == set(access.API) | access.API_PUBLIC


def test_every_operation(world, people, secret_for, client_as):
    """One study for all of them: whatever is asked, and every token, is taken back before the next."""
    faults = {}
    for name in sorted(paths()):
        with transaction.atomic():
            try:
                assert_held_by_the_table(name, world, people, secret_for, client_as)
            except AssertionError as fault:
                faults[name] = str(fault)
            transaction.set_rollback(True)
    assert faults == {}


def assert_held_by_the_table(name, world, people, secret_for, client_as):
    page = access.API[f"api:{name}"]
    allowed = {str(role) for role in access.PAGES.get(page, frozenset(Role))}
    # Roles: who may open the page may use the operation, other members are refused, strangers learn nothing.
    for role in ROLES:
        answered = status(name, world, secret_for(role))
        assert is_done(name, answered) if role in allowed else answered == 403, f"{role}: {answered}"
    for who in ("stranger", "neighbour", "staff"):
        answered = status(name, world, secret_for(who))
        assert is_done(name, answered) if name in FOR_ANYBODY else answered == 404, f"{who}: {answered}"
    able = sorted(allowed)[0]
    assert {status(name, world, secret) for secret in broken(people[able], able, name)} == {401}
    # A session cookie opens nothing, also not beside a token that does not hold.
    assert status(name, world, "", client_as(able)) == 401
    assert status(name, world, "fsw_wrong", client_as(able)) == 401
    # The scope of the operation is enough, all the others are not.
    mine = scope_of(name)
    assert is_done(name, status(name, world, secret_for(able, [mine])))
    assert status(name, world, secret_for(able, [scope for scope in EVERY_SCOPE if scope != mine])) == 403
    # A token for the study does, one for another study of the same person finds nothing.
    assert is_done(name, status(name, world, secret_for(able, study=world.study)))
    if "administrator" in allowed:
        answered = status(name, world, secret_for("administrator", study=world.other))
        assert is_done(name, answered) if name in FOR_ANYBODY else answered == 404


def broken(owner: Any, role: str, name: str) -> list[str]:
    """No token, no such token, one that expired, one that was revoked, and one whose owner may not sign in."""

    def make(**more: Any) -> str:
        token, secret = tokens.create(owner, name="P", scopes=EVERY_SCOPE, lifetime=timedelta(days=1))
        Token.objects.filter(pk=token.pk).update(**more)
        return secret

    gone = User.objects.create_user(f"{role}-{name}@example.org", "Gone", PASSWORD)
    for membership in Membership.objects.filter(user=owner):
        Membership.objects.create(study=membership.study, user=gone, role=membership.role)
    of_gone = tokens.create(gone, name="P", scopes=EVERY_SCOPE, lifetime=timedelta(days=1))[1]
    User.objects.filter(pk=gone.pk).update(is_active=False)
    now = timezone.now()
    expired, revoked = make(expires_at=now - timedelta(seconds=1)), make(revoked_at=now)
    return ["", "fsw_none", expired, revoked, of_gone]


def test_a_role_that_is_lost_is_lost_for_tokens_at_once(world, people, secret_for):
    secret = secret_for("analyst")
    assert status("participant_create", world, secret) == 201
    Membership.objects.filter(user=people["analyst"], study=world.study).update(role=Role.CODER)
    assert status("participant_create", world, secret) == 403
    Membership.objects.filter(user=people["analyst"], study=world.study).delete()
    assert status("participant_create", world, secret) == 404


def test_lists_tell_strangers_nothing(world, secret_for):
    for path in ("/studies", "/reports"):
        assert Caller(secret_for("stranger")).get(path).json()["items"] == []
        told = Caller(secret_for("administrator", study=world.other)).get(path).json()["items"]
        assert str(world.study.pk) not in str(told)
