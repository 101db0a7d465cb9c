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

import typst

from facsweb.audit.services import canonical

TEMPLATE_FOLDER = Path(__file__).parent / "typst"
TEMPLATE = "report.typ"
ATTACHMENT = "content.json"
STANDARDS: list[Any] = ["a-3a", "ua-1"]
NO_GLYPH = "could not be displayed with font"


def typeset(content: Mapping[str, Any], content_sha256: str) -> bytes:
    """Set a report.

    Parameters
    ----------
    content : mapping
        What `content.freeze` returned.
    content_sha256 : str
        Hash that the footer prints.

    Returns
    -------
    bytes
        An unsigned PDF.
    """
    try:
        return _compile(content, content, content_sha256, system_fonts=False)
    except typst.TypstError as error:
        if NO_GLYPH not in str(error):
            raise
    shown = _map_text(content, _spell_out)
    return _compile(content, shown, content_sha256, system_fonts=True)


def _compile(
    content: Mapping[str, Any], shown: Mapping[str, Any], content_sha256: str, *, system_fonts: bool
) -> bytes:
    signed_at = dt.datetime.fromisoformat(content["sign_off"]["signed_at"])
    with tempfile.TemporaryDirectory(prefix="facsweb-report-") as name:
        folder = Path(name)
        for source in TEMPLATE_FOLDER.iterdir():
            shutil.copyfile(source, folder / source.name)
        (folder / ATTACHMENT).write_bytes(canonical(content))
        (folder / "shown.json").write_text(json.dumps(shown))
        pdf = typst.compile(
            str(folder / TEMPLATE),
            root=name,
            font_paths=_font_folders() if system_fonts else [],
            ignore_system_fonts=not system_fonts,
            format="pdf",
            pdf_standards=STANDARDS,
            sys_inputs={"sha256": content_sha256},
            timestamp=signed_at,
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
