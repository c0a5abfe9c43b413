"""What the published rules of workbooks (ECMA-376, part 1) ask of sheets, as far as ours touch it.

Spreadsheets offer to repair a book that breaks one of them, and people then trust none of it.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ORDER = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "autoFilter",
    "mergeCells", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions",
    "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "drawing", "tableParts",
)  # fmt: skip
"""Parts of a sheet, which have to come in this order (18.3.1.99)."""
ROWS, COLUMNS, LONGEST, FOOT = 1_048_576, 16_384, 32_767, 255
_AREA = re.compile(r"\$?([A-Z]{1,3})?\$?(\d+)?(?::\$?([A-Z]{1,3})?\$?(\d+)?)?")


class Book(NamedTuple):
    """The parts of a book that are looked at."""

    sheets: Mapping[str, ElementTree.Element]
    names: list[ElementTree.Element]
    texts: list[str]
    formats: int


def opened(path: Path) -> Book:
    """A book that this library wrote: sheets are numbered in their order."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = _tree(parts["xl/workbook.xml"])
    titles = [str(sheet.get("name")) for sheet in book.iter(f"{MAIN}sheet")]
    strings = _tree(parts.get("xl/sharedStrings.xml", b"<sst/>"))
    formats = _tree(parts["xl/styles.xml"]).find(f"{MAIN}cellXfs")
    assert formats is not None
    assert len({title.lower() for title in titles}) == len(titles), "two sheets have one name"
    return Book(
        {
            title: _tree(parts[f"xl/worksheets/sheet{number}.xml"])
            for number, title in enumerate(titles, 1)
        },
        [*book.iter(f"{MAIN}definedName")],
        ["".join(item.itertext()) for item in strings.iter(f"{MAIN}si")],
        len(formats),
    )


def broken(path: Path) -> list[str]:
    """Every rule that the book breaks, with its place."""
    book = opened(path)
    found = [*_names(book)]
    for title, sheet in book.sheets.items():
        found += [f"{title}: {fault}" for fault in (*_title(title), *_sheet(book, sheet))]
    return found


def _tree(text: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314  (of our own writing)


def _title(title: str) -> Iterator[str]:
    if not 0 < len(title) <= 31 or set(title) & set("[]:*?/\\") or title.strip("'") != title:
        yield "no name for a sheet"


def _names(book: Book) -> Iterator[str]:
    titles = [*book.sheets]
    known = [(name.get("name"), name.get("localSheetId")) for name in book.names]
    if len(known) != len({*known}):
        yield f"a name is defined twice: {known}"
    for name in book.names:
        own = titles[int(name.get("localSheetId", "-1"))]
        quoted = own.replace("'", "''")
        text = str(name.text)
        places = re.findall(rf"(?:'{re.escape(quoted)}'|{re.escape(own)})!([^,]+)", text)
        if not places or not all(map(_is_area, places)):
            yield f"{name.get('name')} refers to {text}"
        if name.get("name") == "_xlnm._FilterDatabase":
            ref = book.sheets[own].find(f"{MAIN}autoFilter")
            if ref is None or ref.get("ref") != places[0].replace("$", ""):
                yield f"the filter of {own} is not that of its name"


def _is_area(text: str) -> bool:
    found = _AREA.fullmatch(text)
    if found is None:
        return False
    left, top, right, bottom = found.groups()
    columns = [_column(one) for one in (left, right) if one]
    rows = [int(one) for one in (top, bottom) if one]
    inside = all(1 <= one <= COLUMNS for one in columns) and all(1 <= one <= ROWS for one in rows)
    return inside and columns == sorted(columns) and rows == sorted(rows)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _sheet(book: Book, sheet: ElementTree.Element) -> Iterator[str]:
    parts = [child.tag.removeprefix(MAIN) for child in sheet]
    unknown = {*parts} - {*ORDER}
    if unknown or parts != sorted(parts, key=ORDER.index):
        yield f"parts in the order {parts}"
    rows = [int(str(row.get("r"))) for row in sheet.iter(f"{MAIN}row")]
    if rows != sorted({*rows}) or (rows and rows[-1] > ROWS):
        yield "rows are not in their order"
    for row in sheet.iter(f"{MAIN}row"):
        yield from _row(book, row)
    yield from _filtered(sheet, rows)
    yield from _paper(sheet)
    merged = [str(one.get("ref")) for one in sheet.iter(f"{MAIN}mergeCell")]
    if len(merged) != len({*merged}) or not all(map(_is_area, merged)):
        yield f"merged {merged}"


def _row(book: Book, row: ElementTree.Element) -> Iterator[str]:
    last = 0
    for cell in row:
        place = str(cell.get("r"))
        found = re.fullmatch(r"([A-Z]+)(\d+)", place)
        if found is None or found[2] != row.get("r") or _column(found[1]) <= last:
            yield f"{place} is not in its place"
            continue
        last = _column(found[1])
        if int(cell.get("s", "0")) >= book.formats:
            yield f"{place} has a format that there is not"
        yield from (f"{place}: {fault}" for fault in _value(book, cell))


def _value(book: Book, cell: ElementTree.Element) -> Iterator[str]:
    kind, value = cell.get("t", "n"), cell.findtext(f"{MAIN}v")
    if cell.find(f"{MAIN}f") is not None:
        yield "a formula"
    text = ""
    if kind == "s":
        number = int(str(value))
        text = book.texts[number] if number < len(book.texts) else "x" * (LONGEST + 1)
    elif kind == "inlineStr":
        text = "".join(cell.itertext())
    elif kind == "n":
        if value is not None and not -1e300 < float(value) < 1e300:
            yield f"{value} is no number of a sheet"
    else:
        yield f"kind {kind}"
    if len(text.encode("utf-16-le")) > 2 * LONGEST:
        yield "a text that is too long, or lost"


def _filtered(sheet: ElementTree.Element, rows: list[int]) -> Iterator[str]:
    ref = sheet.find(f"{MAIN}autoFilter")
    if ref is not None:
        area = str(ref.get("ref"))
        bottom = _AREA.fullmatch(area)
        # A table without rows has one empty row below its head.
        if bottom is None or not _is_area(area) or int(bottom[4]) > max(2, *rows):
            yield f"filter over {area}"


def _paper(sheet: ElementTree.Element) -> Iterator[str]:
    paper = sheet.find(f"{MAIN}pageSetup")
    if paper is None or paper.get("paperSize") != "9" or paper.get("orientation") != "landscape":
        yield "not printed on A4 landscape"
    elif not 10 <= int(paper.get("scale", "100")) <= 400:
        yield "a scale that there is not"
    foot = sheet.find(f"{MAIN}headerFooter")
    if foot is not None and any(len(str(one.text)) > FOOT for one in foot):
        yield "a foot that is too long"
    for breaks in sheet.iter(f"{MAIN}colBreaks"):
        ids = [int(str(one.get("id"))) for one in breaks]
        if int(str(breaks.get("count"))) != len(ids) or ids != sorted({*ids}):
            yield f"breaks {ids}"
