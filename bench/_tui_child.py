"""Run in the terminal by `tui.py`: our screen, or a plain table with every row of the fleet.

Both say IMPORTED when Python has loaded what they need; only then the clock starts.
"""

import sys

IMPORTED = "\x1b]0;imported\x07"


def ours() -> None:
    """The product's own screen."""
    from rollout.bootstrap import application
    from tui.app import work

    made = application(now="2023-02-01T10:30:00+09:00")
    made.database.engine.connect().close()
    _say()
    work(made, made.operator("bench"))


def plain() -> None:
    """Textual's table, told all machines."""
    from sqlmodel import select
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    from rollout.bootstrap import application
    from rollout.store.tables import Machine

    made = application(now="2023-02-01T10:30:00+09:00")

    class Plain(App[None]):
        """One table."""

        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

        def on_mount(self) -> None:
            table: DataTable[str] = self.query_one(DataTable)
            table.add_columns("tag", "state", "computer")
            with made.database.read() as session:
                rows = session.exec(
                    select(Machine.asset_tag, Machine.state, Machine.computer_name).order_by(
                        Machine.asset_tag
                    )
                ).all()
            table.add_rows([(tag, state, name or "") for tag, state, name in rows])
            table.focus()

    _say()
    Plain().run()


def _say() -> None:
    sys.stdout.write(IMPORTED)
    sys.stdout.flush()


if __name__ == "__main__":
    {"ours": ours, "plain": plain}[sys.argv[1]]()
