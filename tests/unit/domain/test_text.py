"""Tidying, keys and identifier folding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.text import DASHES, fold_identifier, is_ditto, match_key, tidy


@pytest.mark.parametrize(
    "kept", ["髙橋", "山﨑", "濵田", "𠮷野", "㈱津", "①", "神田", "葛\U000e0100城", "10²"]
)
def test_tidy_keeps_what_people_wrote(kept: str) -> None:
    assert tidy(kept) == kept


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Ｌａｔｉｔｕｄｅ　５３２０", "Latitude 5320"),
        ("ﾔﾏﾀﾞ ﾊﾅｺ", "ヤマダ ハナコ"),
        ("ｼﾞｮｰｼﾞ", "ジョージ"),
        ("  山田\u3000\u00a0 太郎\u200b ", "山田 太郎"),
        ("か\u3099", "が"),
        ("総務部\r\n人事課", "総務部\n人事課"),
        ("総務部 \n 人事課\n", "総務部\n人事課"),
        ("\ufeff管理番号", "管理番号"),
        ("〜ー－", "〜ー-"),
    ],
)
def test_tidy_mends_widths_and_spaces(dirty: str, clean: str) -> None:
    assert tidy(dirty) == clean


@given(st.text())
def test_tidy_and_fold_are_idempotent(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert fold_identifier(fold_identifier(text)) == fold_identifier(text)
    assert match_key(tidy(text)) == match_key(text)


@given(
    st.text(alphabet="0123456789ABCDEFXYZ", min_size=1), st.sampled_from([*DASHES, "ー", "ｰ", "－"])
)
def test_every_dash_between_letters_and_digits_is_a_dash(text: str, dash: str) -> None:
    assert fold_identifier(dash.join(text)) == "-".join(text)


def test_a_long_sound_mark_in_kana_stays() -> None:
    assert fold_identifier("コンピューター") == "コンピューター"


def test_folding_never_makes_ascii_letters_out_of_others() -> None:
    assert fold_identifier("ıſßﬁ①²K") == "ıſßﬁ①²K"


@pytest.mark.parametrize("text", ["同上", "〃", "″", "　同　上 ", '"', "仝"])
def test_ditto_marks(text: str) -> None:
    assert is_ditto(text)


@pytest.mark.parametrize("text", ["", "同窓会", "上", "総務部", "-"])
def test_other_texts_are_no_ditto_marks(text: str) -> None:
    assert not is_ditto(text)


def test_a_department_is_found_again_however_it_is_spaced() -> None:
    assert (
        match_key("地域連携・\n交通部")
        == match_key("地域連携･交通部 ")
        == match_key("地域連携・交通部")
    )
