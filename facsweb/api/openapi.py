"""The API's description: everything that ninja knows of the functions, and every other answer there is."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from ninja.openapi.schema import OpenAPISchema

from facsweb.api import gate, problems
from facsweb.api.gate import JSON, Spec
from facsweb.api.models import Scope
from facsweb.api.schemas import ID, ProblemOut

PROBLEM_REF: Final = "#/components/schemas/Problem"
WORDS: Final = {
    304: "The client has it already (`If-None-Match`).",
    400: "The body is no JSON.",
    401: "No valid token.",
    403: "The token lacks the scope, or its owner the role.",
    404: "There is no such thing, or it is in a study that is not the owner's.",
    409: "The same request is being answered at this moment.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Something in the request is not acceptable; `detail` says what.",
    429: "The token's minute is used up; `Retry-After` says how long to wait.",
    500: "Something went wrong on the server.",
    503: "The log cannot note who reads this (`urn:facsweb:problem:not-logged`), so it is not shown. Try again "
    "after `Retry-After`.",
}
_RATE: Final = {
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "Requests a minute."},
    "RateLimit": {"schema": {"type": "string"}, "description": "What is left, and for how long."},
}
_KEY: Final = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "A name of your choice for this request. The same request again within 24 hours gets the same "
    "answer and does nothing; another request with the same key is refused.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$", "examples": ["7f0c6d3e-8f0a-4a54"]},
}
TAGS: Final = {
    "people": "Studies, participants, consent",
    "recordings": "Recordings",
    "runs": "Analyses",
    "results": "Results and codings",
    "reports": "Reports",
    "webhooks": "Webhooks",
}


@cache
def document() -> dict[str, Any]:
    """The whole description (OpenAPI 3.1)."""
    from facsweb.api.urls import api

    told: dict[str, Any] = dict(OpenAPISchema(api, "/api/v1/"))
    schemas = told["components"]["schemas"]
    own = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= own.pop("$defs", {})
    schemas["Problem"] = own
    told["components"]["securitySchemes"] = {
        "Bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that a person made under Account, API tokens: `Authorization: Bearer fsw_…`.",
        }
    }
    told["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
    for path in told["paths"].values():
        for one in path.values():
            _complete(one, gate.SPECS[one["operationId"]])
    return told


def _complete(one: dict[str, Any], spec: Spec) -> None:
    """Add to an operation what its gate does: answers, headers, body, scope."""
    scope = Scope(spec.scope)
    words = one.get("description", "")
    one["description"] = (
        f"{words}\n\nNeeds the scope `{scope}`: {scope.label[0].lower()}{scope.label[1:]}.".strip()
    )
    one["security"] = [{"Bearer": [str(scope)]}]
    one["x-scope"] = str(scope)
    one["responses"] = {str(status): told for status, told in one["responses"].items()}
    _success(one, spec)
    for parameter in one["parameters"]:
        if parameter["in"] == "path":
            parameter["example"] = ID
    if spec.method == "POST":
        one["parameters"].append(_KEY)
    _body(one, spec)
    for status in _statuses(one, spec):
        text = spec.also.get(status, WORDS.get(status, ""))
        known = one["responses"].setdefault(str(status), {})
        known["description"] = text
        if status >= 400:
            example = _example(status, text)
            known["content"] = {problems.MEDIA_TYPE: {"schema": {"$ref": PROBLEM_REF}, "example": example}}
        if status == 401:
            known["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        elif status == 503 and spec.method == "GET":
            known["headers"] = {"Retry-After": {"schema": {"type": "string"}, "required": False}}
        elif status == 429:
            known["headers"] = {"Retry-After": {"schema": {"type": "string"}}} | _RATE
    one["responses"] = dict(sorted(one["responses"].items()))


def _success(one: dict[str, Any], spec: Spec) -> None:
    for status, told in one["responses"].items():
        if spec.gives:
            binary = {"type": "string", "contentEncoding": "binary"}
            kinds = {kind: {"schema": {} if kind == JSON else binary} for kind in spec.gives}
            told["content"] = kinds
            told["description"] = next(iter(spec.gives.values()))
        told["headers"] = dict(_RATE)
        if spec.method == "GET" and status == "200":
            told["headers"]["ETag"] = {"schema": {"type": "string"}, "required": False}
    if spec.gives and 206 in spec.also:
        one["responses"]["206"] = {"content": one["responses"]["200"]["content"]}


def _body(one: dict[str, Any], spec: Spec) -> None:
    if spec.takes == JSON:
        one["requestBody"]["content"][JSON]["example"] = spec.example
    elif spec.takes:
        schema = {"type": "string", "contentMediaType": spec.takes, "format": "binary"}
        one["requestBody"] = {"required": True, "content": {spec.takes: {"schema": schema}}}


def _statuses(one: dict[str, Any], spec: Spec) -> list[int]:
    """Every status beside success."""
    found = {401, 403, 429, 500, *spec.also}
    if any(parameter["in"] == "path" for parameter in one["parameters"]):
        found.add(404)
    if any(parameter["in"] in ("query", "header") for parameter in one["parameters"]):
        found.add(422)
    if spec.takes == JSON:
        found |= {400, 415, 422}
    if spec.method == "POST":
        found |= {409, 413, 422}
    if spec.method == "GET":
        found.add(503)
    if spec.method == "GET" and (not spec.gives or JSON in spec.gives):
        found.add(304)
    return sorted(found)


def _example(status: int, text: str) -> dict[str, Any]:
    kind, title = problems.KINDS.get(status, ("range", "Outside of the file"))
    kind = "not-logged" if "not-logged" in text else kind
    return {
        "type": f"urn:facsweb:problem:{kind}",
        "title": title,
        "status": status,
        "detail": text,
        "instance": "/api/v1/…",
    }
