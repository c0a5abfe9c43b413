"""The second line: the rooms with their keys."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from rollout.i18n import language
from tui.rooms import KEYS, room_key, room_name


class RoomTabs(Static):
    """Shows where one is and how to get elsewhere; a click goes there.

    On a narrow screen the rooms around the own one are named and the others are their keys.
    """

    def __init__(self, room: str) -> None:
        super().__init__(markup=False)
        self._room = room
        self._shown: tuple[str, int] | None = None

    def on_mount(self) -> None:
        """Draw it once."""
        self.repaint()

    def on_resize(self) -> None:
        """More names may fit."""
        self.repaint()

    def repaint(self) -> None:
        """Draw it in the language in force; called with every look, so seldom worth any work."""
        shown = (language(), self.size.width)
        if shown == self._shown:
            return
        self._shown = shown
        rooms = list(KEYS)
        named = _named(rooms, rooms.index(self._room), max(self.size.width, 40))
        line = Text(no_wrap=True, end="")
        for room in rooms:
            style = Style(bold=True, reverse=True) if room == self._room else Style()
            click = Style.from_meta({"@click": f"app.open_room('{room}')"})
            line.append(_tab(room, room in named), style + click)
        self.update(line, layout=False)


def _tab(room: str, named: bool) -> str:
    return f" {room_key(room)} {room_name(room)} " if named else f" {room_key(room)}"


def _named(rooms: Sequence[str], own: int, width: int) -> set[str]:
    """The own room and as many others, the nearest first, as the width allows."""
    named = {rooms[own]}
    for room in sorted(rooms, key=lambda room: abs(rooms.index(room) - own)):
        tried = named | {room}
        if sum(cell_len(_tab(one, one in tried)) for one in rooms) <= width:
            named = tried
    return named
