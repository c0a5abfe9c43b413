"""Reading ledgers: encodings, delimiters, headers, rows that name no machine, 'as above'."""

import codecs
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.adapters.ledger import LedgerUnreadable, open_ledger
from rollout.application.ledger.rows import UNCOMPUTED

HEADER = "管理番号,シリアル番号,コンピュータ名,庁舎・階,部局,所属,備考\n"
ROW = "DK20-000401,PF2ABCDE,PC20-00401,本庁3階,総務部,人事課,髙橋\n"


def write(folder: Path, text: str, encoding: str = "cp932") -> Path:
    path = folder / "ledger.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_every_encoding_is_detected(tmp_path: Path, encoding: str) -> None:
    rows = list(open_ledger(write(tmp_path, HEADER + ROW, encoding)))
    assert rows[0].cells["remark"] == "髙橋"
    assert rows[0].row == 2


def test_an_encoding_can_be_named_and_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + ROW, "utf-8")
    assert list(open_ledger(path, encoding="utf-8"))
    with pytest.raises(LedgerUnreadable, match="line 1 is not cp932"):
        open_ledger(write(tmp_path, HEADER + "\x80", "utf-8"), encoding="cp932")
    with pytest.raises(LedgerUnreadable, match="unknown encoding klingon"):
        open_ledger(path, encoding="klingon")


def test_bytes_that_are_no_text_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes((HEADER + ROW).encode("cp932") + b"DK20,\xff\xff\n")
    with pytest.raises(LedgerUnreadable, match="line 3 is neither UTF-8 nor CP932"):
        open_ledger(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("\ufeff".encode() + HEADER.encode() + b"DK20,\xff\n", "line 2 is not utf-8-sig"),
        (codecs.BOM_UTF16_LE + "\n".encode("utf-16-le") + b"\x00\xd8a\x00", "line 2 is not utf-16"),
        (b"a\x00\n\x00\x00\xdca\x00\x00", "line 2 is not utf-16-le"),
    ],
)
def test_a_file_that_does_not_go_on_as_it_begins_is_named_by_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(content)
    with pytest.raises(LedgerUnreadable, match=complaint):
        open_ledger(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_a_file_has_it_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with pytest.raises(LedgerUnreadable):
        open_ledger(path)


@pytest.mark.parametrize("encoding", ["hex", "rot13", "zlib", "undefined", "idna", "punycode"])
def test_what_is_no_encoding_of_text_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, HEADER + ROW, "utf-8")
    with pytest.raises(LedgerUnreadable, match=r"--encoding|use cp932"):
        open_ledger(path, encoding=encoding)


def test_unicode_text_of_a_spreadsheet_has_tabs(tmp_path: Path) -> None:
    path = write(tmp_path, (HEADER + ROW).replace(",", "\t"), "utf-16")
    assert len(list(open_ledger(path))) == 1


def test_title_rows_line_breaks_and_synonyms_do_not_hide_the_header(tmp_path: Path) -> None:
    text = (
        "情報端末台帳,,\n令和4年4月14日現在,管理番号は部局で採番,\n\n"
        '資産番号※,"Ｓ／Ｎ","ｺﾝﾋﾟｭｰﾀ\n名(必須)",設置場所,謎の列\n'
        "DK20-000401,PF2ABCDE,PC20-00401,本庁,x\n"
    )
    ledger = open_ledger(write(tmp_path, text))
    assert ledger.columns["serial"] == "Ｓ／Ｎ"
    assert ledger.columns["computer_name"] == "ｺﾝﾋﾟｭｰﾀ 名(必須)"
    assert ledger.unused == ("謎の列",)
    (row,) = ledger
    assert (row.row, row.line) == (5, 6)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable, match="row 1: the header lacks コンピュータ名, 庁舎・階"):
        open_ledger(write(tmp_path, "管理番号,シリアル番号,謎\nDK20-000401,PF2ABCDE,x\n"))
    with pytest.raises(LedgerUnreadable, match="no header in the first 60 rows"):
        open_ledger(write(tmp_path, "これは,台帳ではない\n"))


def test_configuration_adds_column_names(tmp_path: Path) -> None:
    text = HEADER.replace("管理番号", "備品ラベル") + ROW
    with pytest.raises(LedgerUnreadable, match="管理番号"):
        open_ledger(write(tmp_path, text))
    added = {"asset_tag": ("備品ラベル",)}
    assert list(open_ledger(write(tmp_path, text), synonyms=added))
    with pytest.raises(LedgerUnreadable, match="unknown fields colour"):
        open_ledger(write(tmp_path, text), synonyms={"colour": ("色",)})
    with pytest.raises(LedgerUnreadable, match="Ｘ列 stands for serial and for mac"):
        open_ledger(write(tmp_path, text), synonyms={"serial": ("X列",), "mac": ("Ｘ列",)})


def test_rows_that_name_no_machine_are_skipped_and_counted(tmp_path: Path) -> None:
    text = (
        HEADER + ROW + "小計,,,,,,1台\n,,,,総務部 小計,,1台\n合計60台,,,,,,\n\n,,,,,,\n"
        "【農林水産部】,,,,,,\n,,,,,,※ 持出しは要申請\n" + HEADER + ROW.replace("401", "402")
    )
    ledger = open_ledger(write(tmp_path, text))
    assert [row.row for row in ledger] == [2, 8, 11]
    assert ledger.skipped.subtotal == 3
    assert ledger.skipped.blank == 2
    assert ledger.skipped.repeated_header == 1
    assert ledger.skipped.other == [9]


def test_a_machine_whose_remark_is_a_total_is_still_a_machine(tmp_path: Path) -> None:
    assert len(list(open_ledger(write(tmp_path, HEADER + ROW.replace("髙橋", "合計"))))) == 1


def test_as_above_is_filled_only_where_it_is_meant(tmp_path: Path) -> None:
    text = HEADER + ROW + (
        "DK20-000402,PF2ABCDF,PC20-00402,,,〃,\n"
        "同上,〃,,同上,税務部,,同上\n"
        "DK20-000404,PF2ABCDH,PC20-00404,桑名,,,\n"
    )  # fmt: skip
    rows = [row.cells for row in open_ledger(write(tmp_path, text))]
    assert rows[1]["site"] == "本庁3階"
    assert (rows[1]["bureau"], rows[1]["division"]) == ("総務部", "人事課")
    assert (rows[2]["asset_tag"], rows[2]["serial"], rows[2]["computer_name"]) == ("同上", "〃", "")
    assert rows[2]["remark"] == "同上"
    assert (rows[2]["bureau"], rows[2]["division"]) == ("税務部", "")
    assert (rows[3]["bureau"], rows[3]["division"], rows[3]["site"]) == ("税務部", "", "桑名")


def test_a_bureau_typed_in_another_width_is_no_new_bureau(tmp_path: Path) -> None:
    text = HEADER + ROW + "DK20-000402,PF2ABCDF,PC20-00402,,　総務部 ,,\n"
    rows = [row.cells for row in open_ledger(write(tmp_path, text))]
    assert rows[1]["division"] == "人事課"


def test_a_quote_that_never_closes_stops_the_reading(tmp_path: Path) -> None:
    ledger = open_ledger(write(tmp_path, HEADER + ROW * 70 + ROW.replace("本庁", '"本庁') + ROW))
    with pytest.raises(LedgerUnreadable, match="line 72"):
        list(ledger)


def workbook(path: Path) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "凡例"
    book.active.append(["可", "持出しを認める"])
    sheet = book.create_sheet("台帳")
    sheet["B2"] = "台帳"
    for column, title in enumerate(
        ["管理番号", "シリアル番号", "コンピュータ名", "庁舎", "リース開始日", "職員番号"], 2
    ):
        sheet.cell(4, column, title)
    return book


def test_a_workbook_gives_typed_cells_of_the_sheet_with_the_header(tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    book = workbook(path)
    sheet = book["台帳"]
    values = ["DK20-000401", 12345678, "=B1", "#REF!", date(2022, 4, 1), 1234]
    for column, value in enumerate(values, 2):
        sheet.cell(6, column, value)
    book.save(path)
    ledger = open_ledger(path)
    assert ledger.source == "ledger.xlsx [台帳]"
    (row,) = ledger
    assert row.row == 6
    assert row.cells == {
        "asset_tag": "DK20-000401",
        "serial": 12345678.0,
        "computer_name": UNCOMPUTED,
        "site": "#REF!",
        "lease_from": date(2022, 4, 1),
        "staff_number": 1234.0,
    }
    assert ledger.skipped.blank == 1


def test_two_sheets_with_ledgers_have_to_be_chosen_from(tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    book = workbook(path)
    book["台帳"].cell(5, 2, "DK20-000401")
    copy = book.copy_worksheet(book["台帳"])
    copy.title = "台帳2"
    book.create_sheet("空")
    book.save(path)
    with pytest.raises(LedgerUnreadable, match="--sheet: 台帳, 台帳2"):
        open_ledger(path)
    assert len(list(open_ledger(path, sheet="台帳2"))) == 1
    with pytest.raises(LedgerUnreadable, match="no sheet 台帳3"):
        open_ledger(path, sheet="台帳3")
    with pytest.raises(LedgerUnreadable, match="凡例"):
        open_ledger(path, sheet="凡例")


def test_a_hidden_sheet_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    book = workbook(path)
    book["台帳"].cell(5, 2, "DK20-000401")
    old = book.copy_worksheet(book["台帳"])
    old.sheet_state = "hidden"
    book.save(path)
    assert len(list(open_ledger(path))) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        (b"PK\x03\x04 broken", "cannot be read as XLSX"),
    ],
)
def test_files_that_are_no_ledger_say_what_to_do(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "ledger.bin"
    path.write_bytes(content)
    with pytest.raises(LedgerUnreadable, match=why):
        open_ledger(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable, match="cannot be opened"):
        open_ledger(tmp_path / "nowhere.csv")
