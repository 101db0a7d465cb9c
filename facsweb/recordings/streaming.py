"""Sending files in ranges (RFC 9110, section 14), so that a player can jump without loading what lies between."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date, parse_etags, parse_http_date_safe

from facsweb.storage import shelf

PIECE: Final = 256 * 1024  # bytes: large enough to keep a disk busy, small enough for many viewers at once


class Unsatisfiable(Exception):  # noqa: N818
    """The range lies outside the file."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes ``start`` up to but without ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def parse_range(header: str, size: int) -> Range | None:
    """Return the one range asked for, or None when the whole file is to be sent.

    Several ranges, other units and nonsense are answered with the whole file, as RFC 9110 allows.

    Raises
    ------
    Unsatisfiable
        The range begins behind the end of the file, or asks for its last 0 bytes.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*", header, re.ASCII | re.IGNORECASE)
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None  # not a valid range at all, so it counts as absent
    if start >= size or start >= stop:
        raise Unsatisfiable
    return Range(start, stop)


def name_response(request: HttpRequest, name: str, *, content_type: str) -> HttpResponseBase:
    """As `file_response`, with the name of a file on the shelf: what is only in the bucket is sent from there.

    So a player need not wait until all of a long recording is on the host that it happened to ask.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    StoreAway
    """
    return file_response(request, shelf.stream(name), content_type=content_type)


def file_response(request: HttpRequest, file: Path | shelf.Elsewhere, *, content_type: str) -> HttpResponseBase:
    """Answer GET or HEAD with a file, a range of it, 304 or 416.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    stat = file.stat()
    # The inode changes when a file is made again; time and size alone could coincide. Hosts that share a bucket
    # have their files at different inodes, and the time is in the bucket, too.
    inode = 0 if shelf.is_shared() else stat.st_ino
    etag = f'"{inode:x}-{stat.st_size:x}-{stat.st_mtime_ns:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        # For this viewer alone, and asked about again each time: access may be taken away.
        "Cache-Control": "private, no-cache",
        "ETag": etag,
        "Last-Modified": http_date(stat.st_mtime),
    }
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in asked or etag in (tag.removeprefix("W/") for tag in asked):
        return HttpResponse(status=304, headers=headers)
    wanted = None
    if request.method == "GET" and _range_counts(request, etag, stat.st_mtime):
        try:
            wanted = parse_range(request.headers.get("Range", ""), stat.st_size)
        except Unsatisfiable:
            headers["Content-Range"] = f"bytes */{stat.st_size}"
            return HttpResponse(status=416, headers=headers)
    part = wanted or Range(0, stat.st_size)
    headers |= {"Content-Length": str(part.length), "Content-Type": content_type}
    if wanted:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stat.st_size}"
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    # Django would read a plain iterator to its end under ASGI, and an asynchronous one under WSGI.
    content = _pieces_async(file, part) if isinstance(request, ASGIRequest) else _pieces(file, part)
    return StreamingHttpResponse(content, status=206 if wanted else 200, headers=headers)


def _range_counts(request: HttpRequest, etag: str, modified: float) -> bool:
    """Whether the Range header holds: If-Range must name exactly the file that is here."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == etag
    return parse_http_date_safe(condition) == int(modified)


def _pieces(file: Path | shelf.Elsewhere, part: Range) -> Iterator[bytes]:
    if isinstance(file, shelf.Elsewhere):
        yield from file.read(part.start, part.stop)
        return
    with file.open("rb") as opened:
        opened.seek(part.start)
        left = part.length
        while left and (piece := opened.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


async def _pieces_async(file: Path | shelf.Elsewhere, part: Range) -> AsyncIterator[bytes]:
    pieces = _pieces(file, part)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
    finally:
        # A cancelled read may still be in its thread; the generator is then closed by the garbage collector.
        if not pieces.gi_running:  # type: ignore[attr-defined]
            pieces.close()
