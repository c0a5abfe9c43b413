"""The second line: the rooms with their keys."""

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from rollout.i18n import _

ROOMS = ("overview", "waves", "machines", "runs", "failures", "stops")


def room_name(room: str) -> str:
    """The name of a room in the language in force."""
    return {
        "overview": _("Overview"),
        "waves": _("Waves"),
        "machines": _("Machines"),
        "runs": _("Runs"),
        "failures": _("Failures"),
        "stops": _("Stops"),
    }[room]


class RoomTabs(Static):
    """Shows where one is and how to get elsewhere; a click goes there."""

    def __init__(self, room: str) -> None:
        super().__init__(markup=False)
        self._room = room
        self._shown = ""

    def on_mount(self) -> None:
        """Draw it once."""
        self.repaint()

    def repaint(self) -> None:
        """Draw it in the language in force."""
        line = Text(no_wrap=True, end="")
        for number, room in enumerate(ROOMS, start=1):
            style = Style(bold=True, reverse=True) if room == self._room else Style()
            click = Style.from_meta({"@click": f"app.open_room('{room}')"})
            line.append(f" {number} {room_name(room)} ", style + click)
            line.append(" ")
        if line.plain != self._shown:
            self._shown = line.plain
            self.update(line, layout=False)
