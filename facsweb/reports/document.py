"""From frozen content to an unsigned PDF (typst). The same content gives the same bytes.

The file is tagged (PDF/UA-1) and archival (PDF/A-3a), and carries the content as an attachment. Text is set in
the fonts inside the typst wheel (Latin, Greek, Cyrillic, Hebrew). Other scripts take fonts of the machine or of
``FACSWEB_FONTS``; a character that no font has is written as its code point, never left out.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import qrcode
import typst
from qrcode.constants import ERROR_CORRECT_M

from facsweb.audit.services import canonical

TEMPLATE_FOLDER = Path(__file__).parent / "typst"
TEMPLATE = "report.typ"
#: What the full report carries, and what the others do.
ATTACHMENT, SHORT_ATTACHMENT = "content.json", "document.json"
#: How much of the content's hash stands in the link of the printed code: 128 bits, so that nobody guesses one.
CODE_DIGITS = 32
STANDARDS: list[Any] = ["a-3a", "ua-1"]
NO_GLYPH = "could not be displayed with font"


def check_url(content: Mapping[str, Any], content_sha256: str) -> str:
    """Where somebody who has only paper finds out whether the report stands; it says nothing of its content."""
    report = content["report"]
    return f"{report['verify_at']}?report={report['id']}&code={content_sha256[:CODE_DIGITS]}"


def typeset(
    content: Mapping[str, Any],
    content_sha256: str,
    *,
    template: str = TEMPLATE,
    attachment: str = ATTACHMENT,
    language: str = "en",
) -> bytes:
    """Set a report.

    Parameters
    ----------
    content : mapping
        What `content.freeze` returned, or `documents.shown` for another template.
    content_sha256 : str
        Hash of the frozen content, which the footer prints.
    template : str
        File in ``typst/``.
    attachment : str
        Name under which ``content`` is attached.
    language : str
        ``en`` or ``de``; only the participant's copy knows both.

    Returns
    -------
    bytes
        An unsigned PDF.
    """
    link = check_url(content, content_sha256)
    about = {"sha256": content_sha256, "check_at": link, "language": language}
    files = {attachment: canonical(content), "qr.json": json.dumps(_matrix(link)).encode()}
    at = dt.datetime.fromisoformat(content.get("signed_at") or content["sign_off"]["signed_at"])
    return compiled(TEMPLATE_FOLDER / template, content, files, about=about, at=at)


def compiled(
    template: Path,
    said: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    about: Mapping[str, str] | None = None,
    at: dt.datetime,
) -> bytes:
    """Set any document of this installation as PDF/A-3a and PDF/UA-1.

    Parameters
    ----------
    template : Path
        It finds everything in ``typst/`` beside itself.
    said : mapping
        What it prints, as ``shown.json``: a character that no font has stands there as its code point.
    files : mapping of str to bytes
        What else it finds beside itself, by name: attachments, pictures.
    about : mapping of str to str, optional
        ``sys.inputs``.
    at : datetime
        The document's date, with a time zone.

    Returns
    -------
    bytes
        An unsigned PDF.
    """

    def tried(shown: Mapping[str, Any], *, system_fonts: bool) -> bytes:
        written = dict(files) | {"shown.json": json.dumps(shown).encode()}
        return _compile(template, written, dict(about or {}), at, system_fonts=system_fonts)

    try:
        return tried(said, system_fonts=False)
    except typst.TypstError as error:
        if NO_GLYPH not in str(error):
            raise
    return tried(_map_text(said, _spell_out), system_fonts=True)


def _matrix(link: str) -> list[str]:
    """Rows of a QR code, 1 for dark, without its quiet zone."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(link)
    code.make(fit=True)
    return ["".join("1" if dark else "0" for dark in row) for row in code.get_matrix()]


def _compile(
    template: Path, files: Mapping[str, bytes], about: dict[str, str], at: dt.datetime, *, system_fonts: bool
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="facsweb-report-") as name:
        folder = Path(name)
        for source in (*TEMPLATE_FOLDER.iterdir(), template):
            shutil.copyfile(source, folder / source.name)
        for filename, body in files.items():
            (folder / filename).write_bytes(body)
        pdf = typst.compile(
            str(folder / template.name),
            root=name,
            font_paths=_font_folders() if system_fonts else [],
            ignore_system_fonts=not system_fonts,
            format="pdf",
            pdf_standards=STANDARDS,
            sys_inputs=about,
            timestamp=at,
        )
    assert isinstance(pdf, bytes)
    return pdf


def _font_folders() -> list[str | Path]:
    return [folder for folder in os.environ.get("FACSWEB_FONTS", "").split(os.pathsep) if folder]


@cache
def _has_glyph(character: str) -> bool:
    """Whether this machine can show a character."""
    source = f"#set document(title: [x])\n#text({json.dumps(character, ensure_ascii=False)})"
    try:
        typst.compile(source.encode(), font_paths=_font_folders(), format="pdf", pdf_standards=["a-3b"])
    except typst.TypstError as error:
        return NO_GLYPH not in str(error)
    return True


def _spell_out(text: str) -> str:
    return "".join(
        character if character.isascii() or _has_glyph(character) else f"⟨U+{ord(character):04X}⟩"
        for character in text
    )


def _map_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _map_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_text(item, change) for item in value]
    return value
