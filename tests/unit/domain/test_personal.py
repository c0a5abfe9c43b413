"""A person is recognised in text, and nobody else is."""

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollout.domain.personal import SHORTEST_NAME, Traces

HER = Traces(
    "forgotten-7",
    names=["髙橋 誠一郎", "タカハシ　セイイチロウ", "林", ""],
    marks=["004711", "seiichiro@pref.example", "12"],
)


@pytest.mark.parametrize(
    "text",
    [
        "髙橋 誠一郎",
        "髙橋誠一郎さんは休み",
        "髙橋　誠 一 郎",
        "タカハシセイイチロウ",
        "004711",
        "staff 004711.",
        r"\\fileserver\rollout\004711\copy",
        "user_004711",
        "(Seiichiro@PREF.example)",
    ],
)
def test_she_is_recognised(text: str) -> None:
    assert HER.found(text)
    left = HER.removed(text)
    assert left is not None
    assert "forgotten-7" in left
    assert not HER.found(left)


@pytest.mark.parametrize(
    "text",
    [
        "高橋 誠一郎",  # another character: another family
        "髙橋 次郎",
        "DK20-004711",
        "1004711",
        "0047112",
        "A004711",
        "12 min",
        "林野庁",
        "",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not HER.found(text)
    assert HER.removed(text) == text


def test_a_value_that_is_the_whole_text_goes_however_short() -> None:
    assert HER.removed("12", whole=True) == "forgotten-7"
    assert HER.removed("12 min", whole=True) == "12 min"
    assert HER.removed(None) is None


def test_nothing_known_recognises_nothing() -> None:
    nobody = Traces("forgotten-1", names=[""], marks=[])
    assert nobody.patterns == []
    assert nobody.removed("anything") == "anything"


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")),
    min_size=1,
    max_size=8,
)


def _as_regex(pattern: str) -> re.Pattern[str]:
    """What LIKE means by the pattern."""
    found, escaped = "", False
    for sign in pattern:
        if escaped or sign not in "%_\\":
            found, escaped = found + re.escape(sign), False
        elif sign == "\\":
            escaped = True
        else:
            found += ".*" if sign == "%" else "."
    return re.compile(found, re.DOTALL | re.IGNORECASE)


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_text_about_somebody_evades_the_search_or_is_left(
    before: str, family: str, given_name: str, after: str
) -> None:
    plain = "".join((family + given_name).split())
    assume(len(plain) >= SHORTEST_NAME)
    pseudonym = "forgotten-7"
    assume(plain.casefold() not in pseudonym)
    assume(unicodedata.normalize("NFKC", plain).casefold() not in pseudonym)
    known = Traces(pseudonym, names=[f"{family} {given_name}"], marks=[])
    text = f"{before}{family} {given_name}{after}"
    assert known.found(text)
    assert any(_as_regex(pattern).fullmatch(text) for pattern in known.patterns)
    left = known.removed(text)
    assert left is not None
    assert plain not in left.replace(pseudonym, "\n")
