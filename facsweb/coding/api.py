"""JSON in, JSON out: what the review page's requests have in common."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse

from facsweb.coding.reading import EventState
from facsweb.coding.services import Closed, Conflict, Signed
from facsweb.studies.services import ConsentMissing

MALFORMED = "The server did not understand this request. Nothing was changed."


class BadRequest(Exception):  # noqa: N818 (an answer, not a fault of ours)
    """The request is not what this address takes."""


def failure(sentence: str, code: str, status: int, **more: Any) -> JsonResponse:
    """A refused request: a sentence for a person, a word for the program."""
    return JsonResponse({"error": sentence, "code": code, **more}, status=status)


def json_api(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer the refusals of the services as JSON."""

    @functools.wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BadRequest as error:
            return failure(str(error) or MALFORMED, "malformed", 400)
        except Signed as error:
            return failure(str(error), "signed", 409)
        except Closed as error:
            return failure(str(error), "closed", 409)
        except ConsentMissing as error:
            return failure(str(error), "consent", 409)
        except Conflict as error:
            latest = EventState.of(error.latest).as_dict() if error.latest else None
            return failure(str(error), "conflict", 409, event=latest, index=getattr(error, "index", 0))
        except ValidationError as error:
            fields = error.message_dict if hasattr(error, "error_dict") else {}
            return failure(
                " ".join(error.messages), "invalid", 400, fields=fields, index=getattr(error, "index", 0)
            )

    return answered


def body(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        value = json.loads(request.body)
    except ValueError:
        raise BadRequest from None
    if not isinstance(value, dict):
        raise BadRequest
    return value


def field(values: dict[str, Any], name: str, kind: type, default: Any = ...) -> Any:
    """A field of the body with its type checked; UUIDs come as text."""
    value = values.get(name)
    if value is None and default is not ...:
        return default
    if kind is uuid.UUID and isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            raise BadRequest from None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadRequest
    return value


def number(request: HttpRequest, name: str, default: int | None = None) -> int:
    """A whole number of the query."""
    try:
        return int(request.GET[name])
    except KeyError:
        if default is not None:
            return default
        raise BadRequest from None
    except ValueError:
        raise BadRequest from None
