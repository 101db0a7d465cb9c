"""Paragraphs of Word and PDF files, read with care: what people upload may be broken or made to break a reader."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any, Final

from analysis.text.units import MAX_CHARACTERS
from analysis.types import AnalysisError

_UNPACKED_BYTES: Final = 64 << 20
_MEMBERS: Final = 5_000
_PAGES: Final = 2_000
_BREAK: Final = re.compile(r"[.!?…:;\"'”’)\]]\s*$")
_STARTS: Final = re.compile(r"^\s*(?:[\[(]?\d{1,3}:\d{2}|[^\W_][\w.'’ -]{0,39}:\s)")


def docx_lines(content: bytes, name: str) -> list[str]:
    """Paragraphs of a Word file, tables row by row, in the order of the document.

    Raises
    ------
    AnalysisError
        It is no Word file, damaged, or unpacks to over any transcript would.
    """
    broken = AnalysisError(f"{name} cannot be read as a Word document. Save it again as .docx, or as plain text.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > _MEMBERS or sum(member.file_size for member in members) > _UNPACKED_BYTES:
                raise AnalysisError(f"{name} unpacks to over {_UNPACKED_BYTES >> 20} MB. Save it as plain text.")
            for member in members:  # the sizes above are only what the file says of itself
                with archive.open(member) as stream:
                    if len(stream.read(member.file_size + 1)) != member.file_size:
                        raise broken
    except AnalysisError:
        raise
    except Exception as error:  # what a damaged archive raises is of any kind
        raise broken from error
    import docx

    try:
        document = docx.Document(io.BytesIO(content))
        lines: list[str] = []
        for block in document.iter_inner_content():
            lines += _block_lines(block)
    except Exception as error:  # python-docx lets through what lxml, zipfile and itself raise
        raise broken from error
    return lines


def _block_lines(block: Any) -> list[str]:
    if hasattr(block, "rows"):
        rows = []
        for row in block.rows:
            cells = dict.fromkeys(cell.text.strip() for cell in row.cells)
            rows.append(" ".join(text for text in cells if text))
        return rows
    return str(block.text).split("\n")


def pdf_lines(content: bytes, name: str) -> list[str]:
    """Paragraphs of a PDF's text layer; lines that only the page's width broke are joined.

    Raises
    ------
    AnalysisError
        It is no PDF, damaged, locked with a password, too long, or a scan without text.
    """
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = 0 if locked else len(reader.pages)
    except Exception as error:  # broken files raise nearly anything inside a parser
        raise AnalysisError(f"{name} cannot be read as a PDF. Save it again, or as plain text.") from error
    if locked:
        raise AnalysisError(f"{name} is locked with a password. Save it without one.")
    if pages > _PAGES:
        raise AnalysisError(f"{name} has {pages} pages; at most {_PAGES} are read. Split it.")
    texts: list[str] = []
    for number in range(pages):
        try:
            texts.append(reader.pages[number].extract_text())
        except Exception as error:
            raise AnalysisError(f"Page {number + 1} of {name} cannot be read. Save the PDF again.") from error
        if sum(map(len, texts)) > MAX_CHARACTERS:
            break  # the limit on units says so to the reader
    if not any(text.strip() for text in texts):
        raise AnalysisError(
            f"{name} holds pictures of pages but no text (it was scanned). Run text recognition on it first."
        )
    return _paragraphs("\n".join(texts).split("\n"))


def _paragraphs(lines: list[str]) -> list[str]:
    found: list[str] = []
    joins = False
    for line in lines:
        text = line.strip()
        if not text:
            joins = False
            continue
        if joins and not _STARTS.match(text):
            last = found[-1]
            hyphen = last.endswith("-") and len(last) > 1 and last[-2].isalpha() and text[0].islower()
            found[-1] = last[:-1] + text if hyphen else f"{last} {text}"
        else:
            found.append(text)
        joins = not _BREAK.search(text)
    return found
