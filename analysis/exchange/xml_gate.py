"""The gate that XML comes in through: no document types, so no entities; no depth that a coding does not have."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

from analysis.exchange.text import check_size
from analysis.exchange.values import MAX_ELEMENTS, ExchangeError

_DEEPEST: Final = 40


class _Refused(Exception):  # noqa: N818 (carried out of expat, never shown)
    pass


def parsed(data: bytes, root: str, what: str) -> ElementTree.Element:
    """The document's root.

    Parameters
    ----------
    data : bytes
    root : str
        Name that the root must have.
    what : str
        What the file should be, for messages.

    Raises
    ------
    ExchangeError
        Not XML, another root, a document type declaration (a way to blow a small file up or to read others).
    """
    check_size(data)
    depth = count = 0

    def start(name: str, _: Any) -> None:
        nonlocal depth, count
        if depth == 0 and name != root:
            raise _Refused(f"This is XML, but not an {what}: it begins with <{name[:60]}>.")
        depth, count = depth + 1, count + 1
        if count > MAX_ELEMENTS:
            raise _Refused(f"The file has more than {MAX_ELEMENTS:,} elements, which is no coding.")
        if depth > _DEEPEST:
            raise _Refused(f"This is no {what}: its elements lie too deep in each other.")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: Any) -> None:
        raise _Refused(f"The file declares a document type, which no {what} does and which can hide an attack.")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return ElementTree.fromstring(data)  # noqa: S314 (no document type: nothing can be expanded)  # nosec B314
    except _Refused as error:
        raise ExchangeError(f"{error} Nothing was read.") from error
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise ExchangeError(
            f"The file is not an {what}: its XML is broken ({error}). Nothing was read."
        ) from error
