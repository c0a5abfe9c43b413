"""`rollout tui`: the rooms, and the keys that work in all of them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from rollout.application.operators import Operator
from rollout.domain.words import msgid
from rollout.i18n import LANGUAGES, _, language, use_language
from tui.desk import Desk
from tui.jumps import MachinesRequested, RoomRequested
from tui.screens.failures import FailuresScreen
from tui.screens.help import HelpScreen
from tui.screens.live import LiveScreen
from tui.screens.machines import MachinesScreen
from tui.screens.overview import OverviewScreen
from tui.screens.runs import RunsScreen
from tui.screens.stops import StopsScreen
from tui.screens.waves import WavesScreen

if TYPE_CHECKING:
    from rollout.bootstrap import Application

EXPORTS = Path("out")
"""Where exports go, from the folder in which the operator works."""

ROOMS: dict[str, type[LiveScreen]] = {
    "overview": OverviewScreen,
    "waves": WavesScreen,
    "machines": MachinesScreen,
    "runs": RunsScreen,
    "failures": FailuresScreen,
    "stops": StopsScreen,
}


class RolloutApp(App[None]):
    """Watches the programme and lets operators act; whatever runs, runs in the daemon."""

    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "open_room('overview')", msgid("overview"), show=False),
        Binding("2", "open_room('waves')", msgid("waves"), show=False),
        Binding("3", "open_room('machines')", msgid("machines"), show=False),
        Binding("4", "open_room('runs')", msgid("runs"), show=False),
        Binding("5", "open_room('failures')", msgid("failures"), show=False),
        Binding("6", "open_room('stops')", msgid("stops"), show=False),
        Binding("e", "export", msgid("export")),
        Binding("L", "switch_language", msgid("Japanese")),
        Binding("question_mark", "help", msgid("keys"), key_display="?"),
        Binding("q", "quit", msgid("quit")),
    ]

    def __init__(self, application: "Application", operator: Operator) -> None:
        super().__init__()
        self.desk = Desk(
            application.settings,
            application.database,
            application.clock,
            operator,
            application.export_status,
        )
        self.title = application.settings.programme.name
        for room, screen in ROOMS.items():
            self.add_mode(room, partial(screen, self.desk))

    def on_mount(self) -> None:
        """Begin with the whole picture."""
        self.switch_mode("overview")

    async def action_open_room(self, room: str) -> None:
        """Go to a room, at its first screen; a question that is open stays."""
        if isinstance(self.screen, ModalScreen):
            return
        await self.switch_mode(room)
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    async def on_machines_requested(self, message: MachinesRequested) -> None:
        """Show the machines that match."""
        await self.action_open_room("machines")
        if isinstance(self.screen, MachinesScreen):
            self.screen.filter_by(message.words)

    async def on_room_requested(self, message: RoomRequested) -> None:
        """Show the room."""
        await self.action_open_room(message.room)

    def action_switch_language(self) -> None:
        """The other language, on every screen at once."""
        use_language(LANGUAGES[(LANGUAGES.index(language()) + 1) % len(LANGUAGES)])
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen):
                screen.repaint()

    def action_export(self) -> None:
        """Write the status report; a thread does it, and tells when it is there."""
        if isinstance(self.screen, LiveScreen):
            self.screen.act("export", self._export)

    def _export(self) -> str:
        written = self.desk.export_status(EXPORTS.absolute())
        return _("written: {files}").format(files=", ".join(map(str, written)))

    def action_help(self) -> None:
        """Every key of this screen."""
        if isinstance(self.screen, LiveScreen):
            keys = self.screen.active_bindings.values()
            self.push_screen(HelpScreen(keys, self.screen.notes()))
