"""Text from outside in terminal cells."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from tui.plain import fitted, flowed, plain, printable, whole


@given(st.text())
def test_nothing_reaches_the_terminal_that_it_would_obey(text):
    shown = printable(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert "\u202e" not in shown


@given(st.text(alphabet="aあ髙𠮷　ｶﾞe\u0301[]"), st.integers(1, 30))
def test_a_fitted_text_never_takes_more_cells_than_given(text, width):
    assert cell_len(fitted(plain(text), width).plain) <= width


@given(st.text(alphabet="aあ髙𠮷（。[]"), st.integers(3, 30))
def test_a_whole_text_is_there_on_however_many_lines(text, width):
    table = Table.grid()
    table.add_row(whole(text))
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(table)
    assert "".join(shown.get().split()) == text


@given(st.text(alphabet="aあ𠮷[]/"))
def test_what_fits_stays_as_it_is(text):
    assert fitted(plain(text), cell_len(text)).plain == text


def test_the_space_between_japanese_names_stays():
    assert printable("佐藤　さくら") == "佐藤　さくら"


def test_line_breaks_and_escapes_are_made_visible():
    assert printable("a\nb\x1b[31m") == "a␤b�[31m"


def test_a_joined_emoji_is_shown_as_those_that_it_joins_and_another_joiner_is_not_hidden():
    assert printable("家族 👨\u200d👩\u200d👧 様") == "家族 👨👩👧 様"
    assert printable("❤\ufe0f\u200d🔥") == "❤\ufe0f🔥"
    assert printable("DK20\u200d-1") == "DK20�-1"
    assert cell_len(printable("👨\u200d👩")) == 4


@given(st.lists(st.text("ab 漢字", min_size=1, max_size=9), max_size=12), st.integers(20, 60))
def test_what_flows_into_lines_is_never_divided(parts, width):
    text = flowed(map(plain, parts), width)
    lines = text.plain.split("\n")
    assert all(cell_len(line) <= width for line in lines)
    at = 0
    for part in parts:
        at = text.plain.index(part, at) + len(part)
    assert len(lines) <= 1 or len(lines) <= len(parts)
