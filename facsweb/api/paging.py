"""Lists in pages: a cursor names the last row that was given, so that rows which come and go shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query

from facsweb.api.problems import Problem

MOST: Final = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Cursor = Annotated[
    str, Query(max_length=400, description="Where the page begins: take the whole `next` of the page before.")
]


def page(
    request: HttpRequest, rows: QuerySet[Any], cursor: str, limit: int, *, by: str = "created_at"
) -> dict[str, Any]:
    """A page of rows in the order of a time and their id, the oldest first.

    Returns
    -------
    dict
        ``items`` (rows) and ``next`` (an address, None on the last page).
    """
    rows = rows.order_by(by, "pk")
    if cursor:
        time, pk = _read(request, cursor)
        try:
            at, key = datetime.fromisoformat(str(time)), UUID(str(pk))
        except ValueError:
            raise Problem(422, _DAMAGED) from None
        rows = rows.filter(Q(**{f"{by}__gt": at}) | Q(**{by: at, "pk__gt": key}))
    found = list(rows[: limit + 1])
    return _page(request, found, limit, lambda row: [getattr(row, by).isoformat(), str(row.pk)])


def page_of_list(
    request: HttpRequest, rows: Sequence[Any], cursor: str, limit: int, key: Callable[[Any], list[Any]]
) -> dict[str, Any]:
    """The same for rows at hand; ``key`` gives plain values that order them and tell each from the others."""
    ordered = sorted(rows, key=key)
    if cursor:
        after = _read(request, cursor)
        try:
            ordered = [row for row in ordered if key(row) > after]
        except TypeError:
            raise Problem(422, _DAMAGED) from None
    return _page(request, ordered[: limit + 1], limit, key)


_DAMAGED: Final = "This cursor is damaged or belongs to another list. Begin without one."


def _read(request: HttpRequest, cursor: str) -> list[Any]:
    try:
        value = signing.loads(cursor, salt=_salt(request))
    except signing.BadSignature:
        raise Problem(422, _DAMAGED) from None
    return list(value)


def _salt(request: HttpRequest) -> str:
    return f"facsweb.api.cursor:{request.path}"


def _page(
    request: HttpRequest, found: Sequence[Any], limit: int, key: Callable[[Any], list[Any]]
) -> dict[str, Any]:
    shown = list(found[:limit])
    if len(found) <= limit:
        return {"items": shown, "next": None}
    kept = {name: value for name, value in request.GET.items() if name not in ("cursor", "limit")}
    query = urlencode(kept | {"limit": limit, "cursor": signing.dumps(key(shown[-1]), salt=_salt(request))})
    return {"items": shown, "next": request.build_absolute_uri(f"{request.path}?{query}")}
