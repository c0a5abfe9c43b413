"""Asset tags, serials, MAC addresses, computer names, staff numbers."""

import contextlib
import re
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rollout.domain.identifiers import (
    generation_of,
    parse_asset_tag,
    parse_computer_name,
    parse_generation,
    parse_mac,
    parse_serial,
    parse_staff_number,
)
from rollout.domain.text import DASHES, ValueRefused

PARSERS = (parse_asset_tag, parse_computer_name, parse_generation, parse_mac, parse_serial,
           parse_staff_number)  # fmt: skip
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@st.composite
def spellings(draw: st.DrawFn, generation: int, number: int) -> str:
    """One of the ways in which people type the tag of `number`."""
    digits = str(number).zfill(draw(st.integers(len(str(number)), 6)))
    dash = draw(st.sampled_from([*DASHES, "-", "－", "ー", "ｰ", " ", "　", " - ", " ー "]))
    text = f"{draw(st.sampled_from(['DK', 'dk', 'Dk']))}{generation:02d}{dash}{digits}"
    if draw(st.booleans()):
        text = text.translate(WIDE)
    edge = st.sampled_from(["", " ", "\u3000", "\u00a0", "\u200b", "\n", "\t"])
    return draw(edge) + text + draw(edge)


numbers = st.integers(1, 999_999)
generations = st.integers(10, 99)


@given(st.data(), generations, numbers)
def test_every_spelling_of_a_tag_is_that_tag(
    data: st.DataObject, generation: int, number: int
) -> None:
    text = data.draw(spellings(generation, number))
    tag = parse_asset_tag(text)
    assert tag == f"DK{generation}-{number:06d}"
    assert parse_asset_tag(tag) == tag
    assert generation_of(tag) == f"DK{generation}"


@given(st.data(), generations, numbers, generations, numbers)
def test_two_different_tags_never_meet(
    data: st.DataObject, generation: int, number: int, other: int, other_number: int
) -> None:
    assume((generation, number) != (other, other_number))
    one = parse_asset_tag(data.draw(spellings(generation, number)))
    two = parse_asset_tag(data.draw(spellings(other, other_number)))
    assert one != two


@given(
    st.from_regex(
        r"[ 　]?[DdＤ][KkＫ]?[0-9０-９OoIl]{1,3}[-－ー ]{0,2}[0-9０-９OoIl²①]{0,8}", fullmatch=True
    )
)
@example("DK20417")
@example("DK20-0000417")
def test_an_accepted_tag_has_exactly_the_digits_that_were_typed(text: str) -> None:
    """Whatever is accepted: its typed digits, as one number each, are those of the result."""
    try:
        tag = parse_asset_tag(text)
    except ValueRefused:
        return
    typed = "".join(re.findall("[0-9０-９]", text)).translate({w: c for c, w in WIDE.items()})
    assert typed[:2] == tag[2:4]
    assert int(typed[2:]) == int(tag[5:])
    assert len(typed) <= 8


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("同上", "as above"),
        ("DK20417", "six digits|6 digits"),
        ("DK20-0000417", "7 digits"),
        ("DK2O-OOO417", "letter O"),
        ("DK20-000000", "zero"),
        ("PC20-00417", "not an asset tag"),
        ("DK20-417-1", "not an asset tag"),
        ("DK20-41²", "not an asset tag"),
        ("{{ 7*7 }}", "not an asset tag"),
    ],
)
def test_what_is_no_tag_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueRefused, match=why):
        parse_asset_tag(text)


@given(st.text(), st.sampled_from(PARSERS))
def test_any_text_is_canonical_or_refused(text: str, parse: Callable[[str], str]) -> None:
    try:
        value = parse(text)
    except ValueRefused as refused:
        assert refused.reason  # noqa: PT017
        assert refused.remedy  # noqa: PT017
        assert refused.value == text  # noqa: PT017
    else:
        assert parse(value) == value
        assert value.isascii()


@given(st.text(alphabet="0123456789ABCDEFGH-ー－ 　", max_size=20), st.sampled_from(PARSERS))
def test_nearly_right_text_is_canonical_or_refused(text: str, parse: Callable[[str], str]) -> None:
    with contextlib.suppress(ValueRefused):
        assert parse(parse(text)) == parse(text)


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("pf2abc1d", "PF2ABC1D"),
        ("ＰＦ２ＡＢＣ１Ｄ", "PF2ABC1D"),
        ("　5CG1234XYZ ", "5CG1234XYZ"),
        ("00123456", "00123456"),
        ("YL−001234", "YL-001234"),
        ("12E4567", "12E4567"),
    ],
)
def test_serials(text: str, serial: str) -> None:
    assert parse_serial(text) == serial


@given(st.floats(min_value=1e9, max_value=1e300), st.integers(0, 6))
def test_what_excel_makes_of_a_number_is_never_a_serial(number: float, places: int) -> None:
    for shown in (
        f"{number:.{places}E}",
        f"{number:.{places}e}",
        f"{number:.{places}E}".translate(WIDE),
    ):
        with pytest.raises(ValueRefused, match="number"):
            parse_serial(shown)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.23E+10", "number"),
        ("1.23E10", "number"),
        ("5E+09", "number"),
        ("2022-04-01", "date"),
        ("Apr-22", "date"),
        ("22-Apr", "date"),
        ("4417", "leading zeros"),
        ("1234567890123450000", "fifteen"),
        ("PF2ABC PF2DEF", "two serials"),
        ("12345678.0", "number"),
        ("不明", "only letters"),
        ("To be filled by O.E.M.", "two serials"),
        ("00000000", "placeholder"),
        ("AB1", "characters"),
        ("〃", "as above"),
    ],
)
def test_what_is_no_serial_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueRefused, match=why):
        parse_serial(text)


@pytest.mark.parametrize(
    "text",
    [
        "00-1b-44-11-3a-b7",
        "00:1B:44:11:3A:B7",
        "001b.4411.3ab7",
        "001B44113AB7",
        "001B44-113AB7",
        "００：１Ｂ：４４：１１：３Ａ：Ｂ７",
        "00 1B 44 11 3A B7",
        "00−1B−44−11−3A−B7",
        "00 - 1B - 44 - 11 - 3A - B7",
        "00ー1Bー44ー11ー3AーB7",
    ],
)
def test_a_mac_address_in_every_spelling(text: str) -> None:
    assert parse_mac(text) == "00:1B:44:11:3A:B7"


@pytest.mark.parametrize(
    "text",
    [
        "0:1B:44:11:3A:B7",
        "1B44113AB7",
        "00:1B:44:11:3A",
        "00:1B:44:11:3A:G7",
        "FF:FF:FF:FF:FF:FF",
        "00:00:00:00:00:00",
        "01:00:5E:00:00:01",
        "00:1B:44:11:3A:B7:00",
        "0-01B44113AB7",
    ],
)
def test_what_is_no_mac_address_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_mac(text)


@pytest.mark.parametrize(
    ("text", "name"), [("pc20-00417", "PC20-00417"), ("ＰＣ２０ー００４１７", "PC20-00417")]
)
def test_computer_names(text: str, name: str) -> None:
    assert parse_computer_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.0.0.1",
        "-PC20",
        "PC20-",
        "PC20_417",
        "nul",
        "com1",
        "PC20-00417-KUWANA",
        "PC 20",
        "",
        "同上",
        "../../etc/passwd",
        "{{ 7*7 }}",
    ],
)
def test_names_that_lead_elsewhere_or_nowhere_are_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_computer_name(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234", "001234"),
        ("００１２３４", "001234"),
        ("a012345", "A012345"),
        ("12345678", "12345678"),
    ],
)
def test_staff_numbers(text: str, number: str) -> None:
    assert parse_staff_number(text) == number


@given(st.integers(1, 99_999_999), st.integers(1, 99_999_999))
def test_two_different_staff_numbers_never_meet(one: int, two: int) -> None:
    assume(one != two)
    assert parse_staff_number(str(one)) != parse_staff_number(str(two))


@pytest.mark.parametrize("text", ["DK20", "dk20", "ＤＫ２０", "DK-20", "20", "DK20世代"])
def test_generations(text: str) -> None:
    assert parse_generation(text) == "DK20"
