"""A line that is put together by us looks as one that Textual draws cell by cell."""

from collections.abc import Iterator

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widgets import DataTable

from tui.themes import BAD, CALM, DARK, GOOD, LIGHT, THEMES, tones_of
from tui.widgets.painted_cells import PaintedCells

ROWS = 12
WORDS = [
    [Text("DK20-000001"), Text("移行済み", GOOD), Text("髙橋 濵田"), Text("")],
    [Text("[b]x[/b]"), Text("failed", BAD), Text("e\u0301 が\u3099"), Text("a" * 30)],
    [
        Text.assemble(("██", GOOD), ("░░", CALM), " 2/4"),
        Text("一" * 9),
        Text("🙂 ok"),
        Text("-"),
    ],
]
NEW = {(2, 1): "髙橋", (2, 3): "[b]x[/b]", (7, 0): "new"}


class Tables(App[None]):
    """The same table twice: as we draw it, and as Textual does."""

    def compose(self) -> ComposeResult:
        for kind in (PaintedCells, DataTable):
            table = kind(cursor_type="row")
            table.styles.height = 10
            yield table

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.use(DARK)
        for table in self.query(DataTable):
            for at, width in enumerate((12, 8, 10, 20)):
                table.add_column(Text(f"欄{at}"), width=width, key=str(at))
            for row in range(ROWS):
                table.add_row(*WORDS[row % len(WORDS)], key=str(row))

    def use(self, theme) -> None:
        self.console.push_theme(tones_of(theme))
        self.theme = theme.name


def _picture(table: DataTable) -> list[str]:
    """Every line of it, character by character with its colours."""
    return ["\n".join(_looks(strip)) for strip in table.render_lines(table.size.region)]


def _looks(strip: Strip) -> Iterator[str]:
    for text, style, _control in strip:
        for letter in text:
            yield f"{letter} {style.color} {style.bgcolor} {bool(style.bold)}"


@pytest.mark.parametrize("width", [80, 31])
@pytest.mark.parametrize("theme", [DARK, LIGHT])
async def test_a_line_looks_as_textual_draws_it(theme, width):
    app = Tables()
    async with app.run_test(size=(width, 30)) as pilot:
        app.use(theme)
        app.set_focus(None)
        for row, across in ((0, 0), (1, 0), (2, 3), (ROWS - 1, 5)):
            for table in app.query(DataTable):
                table.move_cursor(row=row)
                table.scroll_to(x=across, animate=False)
            await pilot.pause()
            ours, textuals = map(_picture, app.query(DataTable))
            for drawn, wanted in zip(ours, textuals, strict=True):
                assert drawn == wanted


async def test_the_mouse_finds_the_row_of_every_character():
    app = Tables()
    async with app.run_test(size=(80, 30)) as pilot:
        table = app.query_one(PaintedCells)
        await pilot.click(PaintedCells, offset=(70, 4))
        assert table.cursor_row == 3
        table.move_cursor(row=ROWS - 1)
        await pilot.pause()
        await pilot.click(PaintedCells, offset=(1, 1))
        assert table.cursor_row == table.scroll_offset.y > 0


async def test_the_mouse_finds_the_column_of_a_heading():
    app = Tables()
    async with app.run_test(size=(31, 30)) as pilot:
        table = app.query_one(PaintedCells)
        clicked = []
        table.post_message = lambda message, post=table.post_message: (
            clicked.append(message.column_index)
            if isinstance(message, DataTable.HeaderSelected)
            else post(message)
        )
        for across in (0, 13, 14, 23, 24):
            await pilot.click(PaintedCells, offset=(across, 0))
        table.scroll_to(x=14, animate=False)
        await pilot.pause()
        await pilot.click(PaintedCells, offset=(0, 0))
        assert clicked == [0, 0, 1, 1, 2, 1]


async def test_only_the_rows_of_cells_that_are_put_are_drawn_again():
    app = Tables()
    async with app.run_test(size=(80, 30)) as pilot:
        table = app.query_one(PaintedCells)
        await pilot.pause()
        drawn = []
        draw = table.render_line
        table.render_line = lambda y: drawn.append(y) or draw(y)
        table.put_cells({place: Text(words) for place, words in NEW.items()})
        await pilot.pause()
        assert set(drawn) == {2 + 1, 7 + 1}
        assert [table.get_cell_at(place).plain for place in NEW] == list(NEW.values())
        assert "[b]x[/b]" in table.render_line(2 + 1).text


async def test_what_is_out_of_sight_is_put_without_drawing():
    app = Tables()
    async with app.run_test(size=(80, 30)) as pilot:
        table = app.query_one(PaintedCells)
        table.put_cells({(ROWS - 1, 0): Text("below")})
        await pilot.pause()
        table.move_cursor(row=ROWS - 1)
        await pilot.pause()
        lines = [table.render_line(y).text for y in range(table.size.height)]
        assert any("below" in line for line in lines)
