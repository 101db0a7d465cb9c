"""What a confined child can be asked to read. It takes these names; it never runs a function by its path."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from analysis.types import AnalysisError

#: Imported by the helper process while nobody asks, so that its children have them.
READERS: Final = (
    "analysis.media",
    "analysis.text.reading",
    "cv2",
    "docx",
    "pypdf",
    "analysis.exchange.formats",
    "pyhanko.sign.validation",
)


def _probe(file: Path, _: Any) -> Any:
    from analysis import media

    return media.probe(file)


def _still(file: Path, time_us: Any) -> Any:
    from analysis import media

    rgb = media.still(file, time_us)
    return rgb.shape[0], rgb.shape[1], rgb.tobytes()


def _transcript(content: bytes, name: Any) -> Any:
    from analysis.text.reading import read_bytes

    return read_bytes(content, name)


def _kind_of(content: bytes, _: Any) -> Any:
    from analysis.exchange import formats

    return formats.kind_of(content)


def _coding(content: bytes, options: Any) -> Any:
    from analysis.exchange import formats

    return formats.read(content, options)


def _taste_pdf(content: bytes, _: Any) -> Any:
    """Walk through a PDF as the check of a report does; what is wrong with it is said there, not here."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        if reader.encrypted:
            return True
        for signature in reader.embedded_regular_signatures:
            signature.compute_integrity_info()
            signature.summarise_integrity_info()
        names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
        return sum(len(names[place]["/EF"]["/F"].data) for place in range(1, len(names), 2)) >= 0
    except MemoryError:
        raise
    except Exception:  # damaged, and so found by the check too
        return False


def _picture(content: bytes, longest: Any) -> Any:
    import cv2
    import numpy as np

    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if found is None:
        raise AnalysisError("This is no picture that can be read. Use PNG or JPEG.")
    height, width = found.shape[:2]
    if max(height, width) > longest:
        raise AnalysisError(f"The picture is {width} × {height} pixels; at most {longest} a side are taken.")
    return bytes(cv2.imencode(".png", found)[1])


#: Name → reader of an open file or of bytes, and one more argument.
ON_FILES: Final[dict[str, Callable[[Path, Any], Any]]] = {"probe": _probe, "still": _still}
ON_BYTES: Final[dict[str, Callable[[bytes, Any], Any]]] = {
    "transcript": _transcript,
    "kind_of": _kind_of,
    "coding": _coding,
    "taste_pdf": _taste_pdf,
    "picture": _picture,
}
#: Readers that write a file for themselves.
SCRATCH: Final = frozenset({"coding"})
