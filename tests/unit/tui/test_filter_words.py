"""The words of the machine filter."""

import pytest

from rollout import i18n
from rollout.application.machines import Filter
from tui.filter_language import FilterRefused
from tui.filter_words import parse


@pytest.fixture(autouse=True)
def _language():
    before = i18n.language()
    yield
    i18n.use_language(before)


def test_words_and_text_are_told_apart():
    assert parse("state:failed,silent site:尾鷲 gen:dk18 wave:3 佐藤") == Filter(
        states=("failed", "silent"),
        sites=("尾鷲",),
        generations=("DK18",),
        waves=(3,),
        text="佐藤",
    )


def test_ideographic_spaces_part_words():
    assert parse("wave:1　wave:2") == Filter(waves=(1, 2))


def test_what_an_input_method_left_in_full_width_is_understood():
    assert parse("ｓｔａｔｅ：ｆａｉｌｅｄ　ＤＫ２０－０００４１７ ﾀﾅｶ") == Filter(
        states=("failed",), text="DK20-000417 タナカ"
    )


def test_a_colon_in_other_text_is_text():
    assert parse("C:\\ 10:30") == Filter(text="C:\\ 10:30")


def test_a_state_may_be_named_by_its_label():
    i18n.use_language("ja")
    assert parse("state:失敗") == Filter(states=("failed",))


@pytest.mark.parametrize("words", ["state:nonsense", "wave:x", "wave:１x"])
def test_an_impossible_word_is_refused_with_what_is_possible(words):
    with pytest.raises(FilterRefused):
        parse(words)
