"""What a typeset file does not say to readers that read aloud, added in the revision that is signed.

typst 0.15 has no way to say that the first cell of a row names it, so a list of facts, set as a table without a
header row, comes out as cells that nothing explains. PDF/UA-1 (ISO 14289-1, 7.5) wants a header for each, and for
a signature field a place in the order of reading (7.18.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter


def name_rows(writer: IncrementalPdfFileWriter) -> int:
    """Make the first cell of each row its header, in every table that has no header at all.

    Parameters
    ----------
    writer : IncrementalPdfFileWriter
        Of a tagged file; a file without tags is left alone.

    Returns
    -------
    int
        How many rows have a header now.
    """
    count = 0
    if "/StructTreeRoot" not in writer.root:
        return count
    for table in _below(writer.root["/StructTreeRoot"], "/Table"):
        if next(_below(table, "/TH"), None) is not None:
            continue
        for row in _below(table, "/TR"):
            name, *values = [cell for cell in _children(row) if cell.get("/S") == "/TD"]
            name["/S"] = pdf_name("/TH")
            _table_attributes(name)[pdf_name("/Scope")] = pdf_name("/Row")
            for cell in (name, *values):
                # typst's empty list of headers would say that the cell has none.
                _table_attributes(cell).pop("/Headers", None)
                writer.update_container(cell)
            count += 1
    return count


def place_field(writer: IncrementalPdfFileWriter, name: str) -> None:
    """Give the signature field called ``name`` its place at the end of the order of reading."""
    if "/StructTreeRoot" not in writer.root:
        return
    tree = writer.root["/StructTreeRoot"]
    numbers, document = tree["/ParentTree"]["/Nums"], tree["/K"][0]
    (place,) = [one for one in writer.root["/AcroForm"]["/Fields"] if one.get_object()["/T"] == name]
    field = place.get_object()
    content = {"/Type": pdf_name("/OBJR"), "/Obj": place}
    about = {"/S": pdf_name("/Form"), "/P": tree["/K"].raw_get(0), "/Pg": field.raw_get("/P")}
    element = writer.add_object(_dictionary({**about, "/K": _dictionary(content)}))
    number = tree["/ParentTreeNextKey"]
    document["/K"].append(element)
    numbers.extend([generic.NumberObject(number), element])
    tree["/ParentTreeNextKey"] = generic.NumberObject(number + 1)
    field["/StructParent"] = generic.NumberObject(number)
    for changed in (document["/K"], numbers, tree, field):
        writer.update_container(changed)


def _dictionary(entries: dict[str, Any]) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})


def _table_attributes(cell: Any) -> Any:
    """What a cell says of itself as part of a table, which can be written to."""
    given = cell.get("/A", generic.ArrayObject()).get_object()
    for one in given if isinstance(given, list) else [given]:
        one = one.get_object()
        if one["/O"] == "/Table":
            return one
    raise ValueError("A cell without attributes: typst writes tables otherwise than this knows.")


def _children(element: Any) -> Iterator[Any]:
    """Elements directly below one; what is not an element (content, annotations) is passed over."""
    kids = element.get("/K", generic.ArrayObject()).get_object()
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, generic.DictionaryObject) and "/S" in kid:
            yield kid


def _below(element: Any, kind: str) -> Iterator[Any]:
    """Elements of one kind anywhere below one, not those within another of that kind."""
    for kid in _children(element):
        if kid["/S"] == kind:
            yield kid
        else:
            yield from _below(kid, kind)
