"""A workbook with its stamp is a whole package: spreadsheets call one damaged that is not."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import openpyxl
import pytest
import workbook_rules
from export_fleet import NOW

from rollout.adapters.reports import rows_sheet
from rollout.adapters.reports.exporting import Form, silent, write, write_status_as
from rollout.application.exports import status
from rollout.application.exports.audit import open_audit
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.extract import Extract, Page
from rollout.application.exports.machines import open_machines
from rollout.i18n import use_language
from rollout.settings import Settings
from rollout.store.database import Database

TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
LINKS = "{http://schemas.openxmlformats.org/package/2006/relationships}"


def test_each_part_has_a_type_and_each_reference_a_part(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "m.xlsx"
    with open_machines(fleet, configuration, now=NOW) as extract:
        write(path, extract, Form.XLSX)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in names}  # noqa: S314
    assert "docProps/rollout.xml" in names
    # Names of parts are the same whatever their case.
    assert len({name.lower() for name in names}) == len(names)
    types = trees.pop("[Content_Types].xml")
    endings = {one.get("Extension") for one in types.iter(f"{TYPES}Default")}
    overrides = {str(one.get("PartName"))[1:] for one in types.iter(f"{TYPES}Override")}
    assert overrides <= {*names}
    assert {
        name for name in trees if name not in overrides and name.rpartition(".")[2] not in endings
    } == set()
    for name, tree in trees.items():
        if not name.endswith(".rels"):
            continue
        folder = PurePosixPath(name).parent.parent
        for link in tree.iter(f"{LINKS}Relationship"):
            if link.get("TargetMode") != "External":
                assert _inside(folder / str(link.get("Target"))) in names


Opened = Callable[..., AbstractContextManager[Extract]]


@pytest.mark.parametrize("opened", [open_machines, open_evidence, open_audit])
def test_books_of_rows_break_no_rule_of_workbooks(
    fleet: Database, configuration: Settings, tmp_path: Path, opened: Opened
) -> None:
    path = tmp_path / "rows.xlsx"
    with opened(fleet, configuration, now=NOW) as extract:
        write(path, extract, Form.XLSX)
    assert workbook_rules.broken(path) == []
    sheet = openpyxl.load_workbook(path).worksheets[1]
    kinds = {"number": "n", "day": "d", "moment": "d", "text": "s"}
    for place, column in enumerate(extract.columns, 1):
        cells = [cell[0] for cell in sheet.iter_rows(2, min_col=place, max_col=place)]
        assert {cell.data_type for cell in cells if cell.value is not None} <= {kinds[column.holds]}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_daily_report_breaks_none_either(
    fleet: Database, configuration: Settings, tmp_path: Path, language: str
) -> None:
    use_language(language)
    daily = status.daily(fleet, configuration, now=NOW)
    path = write_status_as(tmp_path / "status.xlsx", daily, Form.XLSX).path
    assert workbook_rules.broken(path) == []


@pytest.mark.parametrize(("rows", "size"), [(8, rows_sheet.BYTES), (rows_sheet.ROWS, 1)])
def test_rows_go_on_upon_the_next_sheet_where_one_is_full(
    fleet: Database, configuration: Settings, tmp_path: Path, rows: int, size: int
) -> None:
    path = tmp_path / "m.xlsx"
    with open_machines(fleet, configuration, now=NOW) as extract:
        extract.pages = _small(extract.pages)
        rows_sheet.write(path, extract, progress=silent, rows=rows, size=size)
    assert workbook_rules.broken(path) == []
    _summary, *sheets = openpyxl.load_workbook(path).worksheets
    assert len(sheets) > 2
    tags = [row[0] for sheet in sheets for row in sheet.iter_rows(2, values_only=True)]
    with open_machines(fleet, configuration, now=NOW) as extract:
        assert tags == [tag for page in extract.shown() for tag in page[0]]


def _small(pages: Iterable[Page]) -> Iterator[Page]:
    for page in pages:
        for begin in range(0, len(page[0]), 10):
            yield [column[begin : begin + 10] for column in page]


def test_machines_are_printed_on_pages_beside_one_another_each_with_the_tags(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "m.xlsx"
    with open_machines(fleet, configuration, now=NOW) as extract:
        write(path, extract, Form.XLSX)
    summary, sheet = openpyxl.load_workbook(path).worksheets
    # None: one page high, as it is one wide.
    assert (summary.page_setup.fitToWidth, summary.page_setup.fitToHeight) == (None, None)
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$A")
    breaks = [0, *(one.id for one in sheet.col_breaks.brk), len(extract.columns)]
    widths = [column.width for column in extract.columns]
    for begin, end in pairwise(breaks):
        inches = sum((7 * width + 5) / 96 for width in [*widths[:1], *widths[max(begin, 1) : end]])
        assert inches * sheet.page_setup.scale / 100 <= 10.89
    # Eleven points at this scale are as large as the paper that is set as a PDF.
    assert sheet.page_setup.scale >= 65


def _inside(path: PurePosixPath) -> str:
    """The name of a part without `..` and without a slash before it."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != "/":
            parts.append(part)
    return "/".join(parts)
