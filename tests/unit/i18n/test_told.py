"""What the daemon tells is kept in no language and read in the reader's own."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.machine import MachineState
from rollout.i18n import use_language
from rollout.i18n.told import Told, first_line, retold, stored, told, typed

LOST = "lost {count} times: {reason}"
GONE = "the daemon that ran it is gone"


@pytest.fixture
def _both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The language chosen by a test is not that of the next."""
    monkeypatch.setattr("rollout.i18n._chosen", [])


@pytest.mark.usefixtures("_both_languages")
def test_a_text_told_by_an_english_daemon_is_read_in_japanese() -> None:
    use_language("en")
    kept = stored(told(LOST, count=3, reason=told(GONE)))
    assert retold(kept) == "lost 3 times: the daemon that ran it is gone"
    use_language("ja")
    japanese = retold(kept)
    assert "3" in japanese
    assert "lost" not in japanese
    assert "daemon" not in japanese


@pytest.mark.usefixtures("_both_languages")
@pytest.mark.parametrize(
    "kept_as", ["{count} machines failed", "{count} {count:machine|machines} failed"]
)
def test_a_text_that_was_kept_before_it_had_a_form_for_one_is_still_read(kept_as: str) -> None:
    kept = stored(Told(kept_as, {"count": 1}))
    use_language("ja")
    assert retold(kept) == "1 台が失敗しました"
    use_language("en")
    assert retold(kept) == ("1 machines failed" if "|" not in kept_as else "1 machine failed")


@pytest.mark.usefixtures("_both_languages")
def test_a_word_of_an_enumeration_is_read_as_its_label() -> None:
    use_language("en")
    kept = stored(told("{state}!", state=MachineState.SILENT))
    use_language("ja")
    label = retold(kept)
    assert label.endswith("!")
    assert "silent" not in label


def test_what_was_told_reads_at_once_like_any_text() -> None:
    assert told(LOST, count=2, reason="x") == "lost 2 times: x"
    assert f"capture: {told(GONE)}" == "capture: the daemon that ran it is gone"


@given(st.text())
def test_every_text_of_a_person_comes_back_as_typed(text: str) -> None:
    for written in (text, '{"msgid":' + text, '{"msgid":"{a.b}","values":{}}' + text):
        assert retold(stored(typed(written))) == written


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.one_of(st.integers(), st.text(), st.none()), min_size=2
    )
)
def test_keeping_twice_gives_the_same_text(values: dict[str, object]) -> None:
    """The history's digests are made of it."""
    kept = stored(told("{a}, {b}", **values))
    assert stored(retold(kept)) == kept


@pytest.mark.parametrize(
    "kept",
    [
        "an old row",
        '{"msgid":',
        '{"msgid":"{a}","values":[]}',
        '{"msgid":3,"values":{}}',
        '{"msgid":"x","values":{"a":{"unknown":1}}}',
    ],
)
def test_old_rows_and_garbage_are_read_as_they_stand(kept: str) -> None:
    assert retold(kept) == kept


@pytest.mark.parametrize("message", ["{gone}", "{0}", "{a.b}", "{"])
def test_a_text_whose_gaps_changed_is_shown_unfilled(message: str) -> None:
    assert told(message, a=1) == message


def test_the_first_line_of_a_told_text_is_told_and_brings_nothing_of_the_others() -> None:
    text = told("{why}\n{output}", why=told(GONE), output="Traceback\n...")
    line = first_line(text)
    assert line == GONE
    assert "Traceback" not in stored(line)
    assert isinstance(line, Told)
    assert first_line("one\ntwo") == "one"


def test_a_copy_still_knows_what_it_is_made_of() -> None:
    text = told(LOST, count=1, reason=told(GONE))
    for same in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):  # noqa: S301
        assert isinstance(same, Told)
        assert stored(same) == stored(text)
