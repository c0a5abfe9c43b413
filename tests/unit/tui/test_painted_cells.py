"""Cells that are put one by one look as if the table had been made anew.

This holds as long as Textual keeps what it has drawn where `painted_cells.py` looks for it.
"""

from rich.text import Text
from textual.app import App, ComposeResult

from tui.widgets.painted_cells import PaintedCells

COLUMNS, ROWS = 4, 12
NEW = {(2, 1): "髙橋", (2, 3): "[b]x[/b]", (7, 0): "new"}


class Tables(App[None]):
    """The same table twice."""

    def compose(self) -> ComposeResult:
        for name in ("one", "two"):
            table = PaintedCells(id=name, cursor_type="row")
            table.styles.height = ROWS + 1
            yield table

    def fill(self, name: str, new: dict[tuple[int, int], str]) -> PaintedCells:
        table = self.query_one(f"#{name}", PaintedCells)
        for column in range(COLUMNS):
            table.add_column(str(column), width=10, key=str(column))
        for row in range(ROWS):
            cells = [new.get((row, at), f"{row}/{at}") for at in range(COLUMNS)]
            table.add_row(*map(Text, cells), key=str(row))
        return table


def _lines(table: PaintedCells) -> list[list[tuple[str, str]]]:
    return [
        [(segment.text, str(segment.style)) for segment in table.render_line(y)]
        for y in range(ROWS + 1)
    ]


async def test_cells_that_are_put_look_as_in_a_table_that_is_made_with_them():
    app = Tables()
    async with app.run_test(size=(80, 40)) as pilot:
        painted, made = app.fill("one", {}), app.fill("two", NEW)
        await pilot.pause()
        before = _lines(painted)
        assert before != _lines(made)
        painted.put_cells({place: Text(words) for place, words in NEW.items()})
        await pilot.pause()
        assert [[text for text, _style in line] for line in _lines(painted)] == [
            [text for text, _style in line] for line in _lines(made)
        ]
        assert [painted.get_cell_at((row, column)).plain for row, column in NEW] == list(
            NEW.values()
        )


async def test_only_the_cells_that_are_put_are_drawn_again():
    app = Tables()
    async with app.run_test(size=(80, 40)) as pilot:
        table = app.fill("one", {})
        await pilot.pause()
        _lines(table)
        drawn = set(table._cell_render_cache.keys())
        assert {(key[0], key[1]) for key in drawn if key[0].value is not None} == {
            (row.key, column.key) for row in table.ordered_rows for column in table.ordered_columns
        }
        table.put_cells({place: Text(words) for place, words in NEW.items()})
        kept = set(table._cell_render_cache.keys())
        assert {(key[0].value, key[1].value) for key in drawn - kept} == {
            (str(row), str(column)) for row, column in NEW
        }
