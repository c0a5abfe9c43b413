"""Readings of names in Roman letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.romaji import romaji


@pytest.mark.parametrize(
    ("reading", "letters"),
    [
        ("ヤマダ", "yamada"), ("さとう", "sato"), ("オオノ", "ono"), ("ﾀﾞｲﾄﾞｳ", "daido"),
        ("イノウエ", "inoue"), ("シンジョウ", "shinjo"), ("ナンバ", "namba"),
        ("ハットリ", "hattori"), ("ハッチョウ", "hatcho"), ("チュウジョウ", "chujo"),
        ("ジュンイチ", "junichi"),
        ("キョウコ", "kyoko"), ("ユウコ", "yuko"), ("リョウ", "ryo"), ("ヴァン", "van"),
        ("Smith", "smith"), ("ローラ", "rora"), ("", ""),
    ],
)  # fmt: skip
def test_names_as_passports_write_them(reading: str, letters: str) -> None:
    assert romaji(reading) == letters


@pytest.mark.parametrize("reading", ["山田", "ヤマダ タロウ", "ヤマダ1", "!"])
def test_what_is_not_kana_has_no_letters(reading: str) -> None:
    assert romaji(reading) is None


@given(st.text(alphabet=[chr(code) for code in range(0x30A1, 0x30F5)] + ["ー"]))
def test_any_kana_become_small_letters_of_ascii(reading: str) -> None:
    letters = romaji(reading)

    assert letters is not None
    assert letters == "" or (letters.isascii() and letters.isalpha() and letters.islower())
