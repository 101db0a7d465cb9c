"""Text files: bytes to text, numbers as people write them, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from analysis.exchange.values import MAX_BYTES, ExchangeError

#: A spreadsheet takes a cell that starts so for a formula; an apostrophe before it makes it text.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CLOCK: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,:]\d+)?)")


def check_size(data: bytes) -> None:
    """Raise `ExchangeError` for an empty file and for one that is too large."""
    if len(data) > MAX_BYTES:
        raise ExchangeError(
            f"The file has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES // 1_000_000} are read. Nothing was read."
        )
    if not data.strip():
        raise ExchangeError("The file is empty.")


def decoded(data: bytes) -> str:
    """Text of a file in UTF-8 or, with its mark, UTF-16; line ends become ``\\n``.

    Raises
    ------
    ExchangeError
        Binary, too large, empty, or in another encoding.
    """
    check_size(data)
    for mark, name in _BOMS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    else:
        encoding = "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ExchangeError(
            f"The file is not text in UTF-8 (byte {error.start + 1:,} cannot be read). "
            "Save it as “CSV UTF-8” or “Unicode text” and try again. Nothing was read."
        ) from error
    if "\0" in text:
        raise ExchangeError("The file is binary, not text. Nothing was read.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def neutral(cell: str) -> str:
    """A cell that no spreadsheet runs; `restored` undoes it exactly."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def restored(cell: str) -> str:
    """A cell as it was before `neutral`."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def number(text: str) -> float | None:
    """A number with a decimal point or comma; None where it is none. ``1.234,5`` and ``1,234.5`` are both read."""
    plain = text.strip().strip("'").replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." in plain:
        thousands = "," if plain.rindex(".") > plain.rindex(",") else "."
        plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if abs(value) < 1e16 else None


def clock_seconds(text: str) -> float | None:
    """Seconds of ``01:02:03.456``, ``02:03,5`` or Datavyu's ``00:00:01:250``; None where it is no clock."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", ".").replace(":", "."))


def seconds_text(us: int) -> str:
    """Microseconds as seconds with six decimals, exactly."""
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def milliseconds(us: int) -> int:
    """Nearest millisecond, a half goes up: the order of times is kept."""
    return (us + 500) // 1000


def encoded(lines: Iterable[str], size: int = 65_536) -> Iterator[bytes]:
    """UTF-8 in pieces of about ``size`` characters."""
    piece: list[str] = []
    held = 0
    for line in lines:
        piece.append(line)
        held += len(line)
        if held >= size:
            yield "".join(piece).encode()
            piece, held = [], 0
    yield "".join(piece).encode()
