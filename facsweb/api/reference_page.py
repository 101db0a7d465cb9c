"""The API's description arranged for a page of ours: nothing is loaded from elsewhere, no script is needed."""

from __future__ import annotations

import json
from typing import Any

from facsweb.api import openapi


def groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by what they are about, each with parameters, body and answers."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in openapi.TAGS}
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            found[one["tags"][0]].append(_operation(document, path, method, one))
    return [{"name": name, "title": words, "list": found[name]} for name, words in openapi.TAGS.items()]


def _operation(document: dict[str, Any], path: str, method: str, one: dict[str, Any]) -> dict[str, Any]:
    body = next(iter(one.get("requestBody", {}).get("content", {}).items()), None)
    return {
        "id": one["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": one["summary"],
        "text": one["description"].rpartition("\n\n")[0],
        "scope": one["x-scope"],
        "parameters": [
            {
                "name": entry["name"],
                "where": entry["in"],
                "required": entry["required"],
                "type": _type(entry["schema"]),
                "text": entry.get("description", ""),
            }
            for entry in one["parameters"]
        ],
        "body": body and _body(document, *body),
        "answers": [_answer(document, status, told) for status, told in one["responses"].items()],
    }


def _body(document: dict[str, Any], kind: str, told: dict[str, Any]) -> dict[str, Any]:
    example = told.get("example")
    return {
        "kind": kind,
        "fields": _fields(document, told["schema"]),
        "example": json.dumps(example, indent=2) if example is not None else "",
    }


def _answer(document: dict[str, Any], status: str, told: dict[str, Any]) -> dict[str, Any]:
    kind, content = next(iter(told.get("content", {}).items()), ("", {}))
    good = status < "300"
    return {
        "status": status,
        "text": told["description"],
        "kind": kind,
        "good": good,
        "fields": _fields(document, content.get("schema", {})) if good else [],
    }


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, str]]:
    """Members of an object; of a page, those of its items."""
    shape = _resolved(document, schema)
    members = shape.get("properties", {})
    if set(members) == {"items", "next"}:
        inner = _resolved(document, members["items"]["items"])
        listed = [{"name": "items[]", "type": "list", "text": ""}]
        rest = {"name": "next", "type": _type(members["next"]), "text": members["next"].get("description", "")}
        return [*listed, *(_field(f"items[].{name}", one) for name, one in inner["properties"].items()), rest]
    return [_field(name, one) for name, one in members.items()]


def _field(name: str, schema: dict[str, Any]) -> dict[str, str]:
    return {"name": name, "type": _type(schema), "text": schema.get("description", "")}


def _type(schema: dict[str, Any]) -> str:
    """What a value is, in a word or two."""
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1]).removesuffix("Out")
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    words = {"date-time": "time (ISO 8601)", "uuid": "UUID"}
    return words.get(schema.get("format", ""), str(schema.get("type", "object")))
