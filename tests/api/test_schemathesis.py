"""schemathesis asks every operation what its description allows, and much that it does not.

In this process, on a seeded study; whatever a case changes is undone before the next. The random cases begin
from one seed. But Hypothesis also takes constants from whatever modules of ours are loaded, so they change with
the code and with the tests that ran before.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks as openapi_checks

from facsweb.api.gate import SPECS
from tests.api.conftest import EVERY_SCOPE
from tests.factories import CLIP, MEDIA

EXAMPLES = 5  # of each operation, beside those that cover each parameter's edges
#: Bodies that chance does not find.
WORKING: dict[str, Callable[[], dict[str, Any]]] = {
    "recording_upload": lambda: {
        "query": {"filename": "Interview 2.mp4"},
        "body": (MEDIA / f"{CLIP}.mp4").read_bytes(),
        "media_type": "application/octet-stream",
    },
    "webhook_create": lambda: {
        "body": {"url": "https://127.0.0.1/hook", "events": ["run.finished"]},
        "media_type": "application/json",
    },
}
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.negative_data_rejection,
    openapi_checks.unsupported_method,
    openapi_checks.ignored_auth,
]


@schemathesis.serializer("application/pdf")
def as_it_is(context: Any, value: Any) -> Any:
    """A body that is a file goes as it is."""
    return value if isinstance(value, bytes) else getattr(value, "data", str(value).encode())


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """As Django's own test client does: the end of a request must not close the connection of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def described(_one_connection, seeded, secret_for, settings, monkeypatch) -> Any:
    """The description, with the ids of a seeded study where a path has parameters."""
    from analysis.models import store

    monkeypatch.setattr(store, "present", lambda: {})
    settings.API_REQUESTS_A_MINUTE = 10**9
    settings.WEBHOOK_PRIVATE = True
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    schema.secret = secret_for("administrator", EVERY_SCOPE)
    schema.seeded = seeded
    return schema


def cases(operation: Any) -> Iterator[Any]:
    """Those that cover every parameter's edges, right and wrong, and random ones of both kinds."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    config = operation.schema.config.generation_for(operation=operation)
    if given_by_hand := WORKING.get(operation.definition.raw["operationId"]):
        ids = {parameter.name: "" for parameter in operation.path_parameters}
        yield operation.Case(path_parameters=ids, **given_by_hand())
    yield from operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=config)
    for mode in modes:
        found: list[Any] = []

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            found.append(case)  # noqa: B023 (called within the turn)

        with contextlib.suppress(Unsatisfiable):  # an operation without input has no wrong one
            collect()
        yield from found


def aim(case: Any, seeded: Any, number: int) -> None:
    """Point a case at things that exist, unless it is about an address that is wrong; every fifth stays astray."""
    part = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if number % 5 == 4 or (part is not None and not part.mode.is_positive):
        return
    for parameter in case.path_parameters or {}:
        case.path_parameters[parameter] = str(getattr(seeded, parameter).pk)


def ask(case: Any, secret: str) -> tuple[int, str]:
    """Status of the answer, and what is wrong with it. Whatever it changes is undone."""
    # Said to both, not written into the case, where it would pass for a random one that must be refused. A case
    # that is about wrong headers, of which the token is one, goes as it is.
    astray = case.meta is not None and case.meta.is_negative_at(ParameterLocation.HEADER)
    token = None if astray else {"Authorization": f"Bearer {secret}"}
    with transaction.atomic():
        response = case.call(headers=token)
        wrong = ""
        try:
            # A case made by hand has no past in which its token was left out; the generated ones have.
            without = [] if case.meta else [openapi_checks.ignored_auth]
            case.validate_response(response, checks=CHECKS, excluded_checks=without, headers=token)
        except FailureGroup as group:
            wrong = "\n".join(str(failure) for failure in group.exceptions)
        transaction.set_rollback(True)
    return response.status_code, wrong


@pytest.mark.timeout(1200)  # half a minute of processor, beside seven other lanes
def test_every_operation_does_what_its_description_says(described, record_property):
    """No server error, no answer that is not described, no wrong input taken, and nothing without a token."""
    asked: dict[str, Counter[int]] = {}
    faults: dict[str, list[str]] = {}
    for found in described.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        statuses = asked.setdefault(name, Counter())
        for number, case in enumerate(cases(operation)):
            aim(case, described.seeded, number)
            status, wrong = ask(case, described.secret)
            statuses[status] += 1
            if wrong:
                faults.setdefault(name, []).append(f"{case.as_curl_command()}\n{wrong}")
    total = sum(statuses.total() for statuses in asked.values())
    record_property("cases", total)
    print(f"{total} cases:", {name: dict(statuses) for name, statuses in asked.items()})
    assert not faults, "\n\n".join(wrong[0] for wrong in faults.values())
    assert set(asked) == set(SPECS)
    assert [name for name, statuses in asked.items() if not any(status < 300 for status in statuses)] == []
    assert total > 900
