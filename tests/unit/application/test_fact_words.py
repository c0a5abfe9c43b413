"""The history in words."""

import re
from itertools import pairwise

import pytest

from rollout.application.fact_words import LIFECYCLES, STATES, VERBS, fact_words
from rollout.domain.recorded import RecordedNoun, RecordedVerb
from rollout.i18n import language, use_language
from rollout.store.tables import AuditRow


@pytest.fixture
def japanese():
    before = language()
    use_language("ja")
    yield
    use_language(before)


@pytest.mark.parametrize("noun", sorted({*VERBS, *STATES, *RecordedNoun}))
def test_everything_that_the_history_says_of_a_noun_is_said_in_japanese(noun, japanese):
    words = fact_words()
    verbs = {verb for kind in (RecordedVerb, *VERBS.get(noun, ())) for verb in kind}
    states = set(STATES.get(noun, ()))
    said = [words.noun(noun), *(words.verb((noun, verb)) for verb in verbs)]
    said += [words.state((noun, state)) for state in states]
    assert [word for word in said if re.search("[a-z]", word)] == []


def test_every_table_of_moves_has_its_words():
    assert {lifecycle.noun for lifecycle in LIFECYCLES} <= {*VERBS} & {*STATES}


def test_the_same_verb_is_another_word_of_another_noun(japanese):
    words = fact_words()
    assert words.verb(("run", "finish")) != words.verb(("machine", "finish"))
    assert words.verb(("stop", "halt")) == "停止"


def test_the_words_follow_the_language(japanese):
    said = []
    for name in ("ja", "en", "ja"):
        use_language(name)
        said.append(fact_words().verb(("machine", "hold")))
    assert all(one != other for one, other in pairwise(said))
    assert said[0] == said[2]


def test_what_is_not_known_stays_as_it_is_kept(japanese):
    words = fact_words()
    assert words.noun("comet") == "comet"
    assert words.verb(("comet", "land")) == "land"
    assert words.state(("comet", "landed")) == "landed"
    assert words.state(("machine", None)) is None


@pytest.mark.parametrize(
    ("noun", "before", "after", "said"),
    [
        ("stop", "running", "halted", "停止なし → 停止中"),
        ("stop", "halted", "halted", "停止中"),
        ("site", None, None, ""),
    ],
)
def test_from_where_to_where(noun, before, after, said, japanese):
    fact = AuditRow(noun=noun, from_state=before, to_state=after)
    assert fact_words().states_of(fact) == said


def test_a_verb_is_found_by_its_word_in_the_language_in_force(japanese):
    words = fact_words()
    assert "hold" in words.verbs_named(words.verb(("machine", "hold")))
    assert words.verbs_named("変更") == ("amend",)
    assert words.verbs_named("hold") == ("hold",)
    assert words.verbs_named("no such verb") == ("no such verb",)
