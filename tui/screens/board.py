"""What the programme promised besides machines."""

from rich.text import Text

from rollout.application.board.view import Board, IndicatorLine, MilestoneLine, view
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.themes import BAD
from tui.widgets.live_table import Column, Row


class BoardScreen(ListScreen):
    """Milestones by their day, then indicators by fiscal year; what is late says so."""

    room = "board"

    def look(self, question: object) -> Board:
        """The board as it stands."""
        desk = self.desk
        return view(desk.database, desk.settings, desk.now())

    def paint(self, snapshot: Board) -> None:
        """Show it."""
        rows = [_milestone(line) for line in snapshot.milestones]
        rows += [_indicator(line) for line in snapshot.indicators]
        self.show_list(_columns(), rows)
        self.words.show_words(
            self.filter_words()
            + (
                _("{late} of {all} are late; `rollout programme set` says how one stands").format(
                    late=snapshot.late, all=len(rows)
                )
                if rows
                else _("the configuration promises nothing: see [milestones] and [indicators]")
            )
        )


def _milestone(line: MilestoneLine) -> Row:
    return Row(
        f"milestone:{line.key}",
        [
            plain(line.name),
            plain(line.due),
            plain(line.owner),
            _standing(label(line.state), late=line.late),
            plain(""),
            plain(line.cause or ""),
        ],
    )


def _indicator(line: IndicatorLine) -> Row:
    said = "–" if line.actual is None else f"{line.actual:g}"
    return Row(
        f"indicator:{line.key}:{line.year}",
        [
            plain(line.name),
            plain(line.ended_on),
            plain(line.owner),
            _standing(label(line.standing), late=line.late),
            plain(f"{said} / {line.target:g} {line.unit}"),
            plain(""),
        ],
    )


def _standing(words: str, *, late: bool) -> Text:
    return plain("! " + words, BAD) if late else plain(words)


def _columns() -> list[Column]:
    return [
        Column("promise", _("promise"), widest=28),
        Column("due", _("due"), widest=10),
        Column("owner", _("responsible"), widest=16, from_width=100),
        Column("state", _("state"), widest=16),
        Column("figure", _("actual / target"), widest=20),
        Column("cause", _("cause"), rest=True, from_width=100),
    ]
