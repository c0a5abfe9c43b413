"""The history in words."""

import re

import pytest

from rollout.application.fact_words import LIFECYCLES, noun_word, verb_word, verbs_named
from rollout.i18n import language, use_language


@pytest.fixture
def japanese():
    before = language()
    use_language("ja")
    yield
    use_language(before)


@pytest.mark.parametrize("noun", sorted(LIFECYCLES))
def test_every_noun_and_verb_of_a_table_of_moves_is_called_by_its_japanese_word(noun, japanese):
    words = [noun_word(noun), *(verb_word(noun, verb.value) for verb in LIFECYCLES[noun].verbs)]
    assert [word for word in words if re.search("[a-z]", word)] == []


def test_the_same_verb_is_another_word_of_another_noun(japanese):
    assert verb_word("run", "finish") != verb_word("machine", "finish")


def test_a_verb_is_found_by_its_word_in_the_language_in_force(japanese):
    assert "hold" in verbs_named(verb_word("machine", "hold"))
    assert verbs_named("hold") == ("hold",)
    assert verbs_named("no such verb") == ("no such verb",)
