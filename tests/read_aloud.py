"""What a reader that reads aloud needs of a PDF; the part of PDF/UA-1 (ISO 14289-1) that a program can see."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader


def elements(pdf: bytes, kind: str) -> list[Any]:
    """Structure elements of one kind, such as ``/Table``."""
    return [one for one in _below(PdfFileReader(io.BytesIO(pdf)).root["/StructTreeRoot"]) if one["/S"] == kind]


def check_read_aloud(pdf: bytes) -> None:
    """Every table says what its cells mean, every picture and every signature field what it is."""
    root = PdfFileReader(io.BytesIO(pdf)).root
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"])
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    for table in elements(pdf, "/Table"):
        cells = list(_below(table))
        assert any(one["/S"] == "/TH" for one in cells)
        for header in (one for one in cells if one["/S"] == "/TH"):
            assert {str(each["/Scope"]) for each in header["/A"] if "/Scope" in each} <= {"/Column", "/Row"}
            assert any("/Scope" in each for each in header["/A"])
        if not any(one["/S"] == "/THead" for one in cells):
            for row in (one for one in cells if one["/S"] == "/TR"):
                assert next(_below(row))["/S"] == "/TH"
                assert not any(each.get("/Headers", None) == [] for each in next(_below(row))["/A"])
    assert all(figure.get("/Alt") for figure in elements(pdf, "/Figure"))
    numbers = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = {int(numbers[at]): numbers[at + 1] for at in range(0, len(numbers), 2)}
    fields = [one.get_object() for one in root["/AcroForm"]["/Fields"]]
    assert fields
    for field in fields:
        assert field["/TU"]
        form = parents[int(field["/StructParent"])]
        assert (form["/S"], form["/K"]["/Obj"]["/T"]) == ("/Form", field["/T"])


def _below(element: Any) -> Iterator[Any]:
    kids = element.get("/K", generic.ArrayObject()).get_object()
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, generic.DictionaryObject) and "/S" in kid:
            yield kid
            yield from _below(kid)
