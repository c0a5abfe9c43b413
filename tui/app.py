"""`rollout tui`: the rooms, and the keys that work in all of them."""

import gc
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.screen import ModalScreen

from rollout.application.operators import Operator
from rollout.domain.words import msgid
from rollout.i18n import LANGUAGES, _, language, use_language
from tui.commands import KeyCommands, RoomCommands
from tui.desk import Desk
from tui.exporting import Form, Shown
from tui.jumps import MachinesRequested, RoomRequested
from tui.rooms import KEYS, WORDS, room_key
from tui.screens.accounts import AccountsScreen
from tui.screens.activity import ActivityScreen
from tui.screens.board import BoardScreen
from tui.screens.devices import DevicesScreen
from tui.screens.export import STATUS, ExportScreen
from tui.screens.failures import FailuresScreen
from tui.screens.help import HelpScreen
from tui.screens.list_screen import FilteredScreen
from tui.screens.live import LiveScreen
from tui.screens.machines import MachinesScreen
from tui.screens.overview import OverviewScreen
from tui.screens.plan import PlanScreen
from tui.screens.readiness import ReadinessScreen
from tui.screens.runs import RunsScreen
from tui.screens.stops import StopsScreen
from tui.screens.takeouts import TakeoutsScreen
from tui.screens.waves import WavesScreen
from tui.standing import StandingLooker
from tui.themes import DARK, LIGHT, THEMES, tones_of

if TYPE_CHECKING:
    from rollout.bootstrap import Application

EXPORTS = Path("out")
"""Where exports go, from the folder in which the operator works."""

ROOMS: dict[str, type[LiveScreen]] = {
    "waves": WavesScreen,
    "machines": MachinesScreen,
    "runs": RunsScreen,
    "failures": FailuresScreen,
    "stops": StopsScreen,
    "accounts": AccountsScreen,
    "activity": ActivityScreen,
    "takeouts": TakeoutsScreen,
    "plan": PlanScreen,
    "devices": DevicesScreen,
    "readiness": ReadinessScreen,
    "board": BoardScreen,
}


class RolloutApp(App[None]):
    """Watches the programme and lets operators act; whatever runs, runs in the daemon."""

    CSS_PATH = "styles.tcss"
    COMMANDS: ClassVar[set[type[Provider]]] = {RoomCommands, KeyCommands}  # type: ignore[assignment]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                key, f"open_room('{room}')", WORDS[room], show=False, key_display=room_key(room)
            )
            for room, key in KEYS.items()
        ),
        Binding("colon", "command_palette", msgid("jump"), key_display=":"),
        Binding("e", "export", msgid("export")),
        Binding("L", "switch_language", msgid("Japanese")),
        Binding("T", "switch_theme", msgid("light or dark"), show=False),
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
            application.write_table,
            application.read_output,
        )
        self.title = application.settings.programme.name
        for theme in THEMES:
            self.register_theme(theme)
        for room, screen in ROOMS.items():
            self.add_mode(room, partial(screen, self.desk))
        looker = StandingLooker(self.desk)
        looker.begin()  # the first count is made while the screen is being built
        self.add_mode("overview", partial(OverviewScreen, self.desk, looker))

    def on_mount(self) -> None:
        """Begin with the whole picture."""
        use_language(language())  # else every word on the screen asks the environment
        self.console.push_theme(tones_of(DARK))
        self.theme = DARK.name
        self.switch_mode("overview")

    async def action_open_room(self, room: str) -> None:
        """Go to a room, at its first screen; a question that is open stays."""
        if isinstance(self.screen, ModalScreen) or room not in KEYS:
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
        if message.words and isinstance(self.screen, FilteredScreen):
            self.screen.filter_by(message.words)

    def action_switch_language(self) -> None:
        """The other language, on every screen at once."""
        use_language(LANGUAGES[(LANGUAGES.index(language()) + 1) % len(LANGUAGES)])
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen):
                screen.repaint()

    def action_switch_theme(self) -> None:
        """Light or dark, in what Textual draws and in what Rich draws."""
        theme = LIGHT if self.theme == DARK.name else DARK
        self.console.pop_theme()
        self.console.push_theme(tones_of(theme))
        self.theme = theme.name

    def action_command_palette(self) -> None:
        """Rooms and keys by name, in the language in force."""
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(CommandPalette(placeholder=_("where to, or what to do")))

    def action_export(self) -> None:
        """Ask what to write; a thread does it, and tells when it is there."""
        screen = self.screen
        if not isinstance(screen, LiveScreen):
            return
        shown = screen.shown()
        asked = ExportScreen(shown.name if shown else None, str(EXPORTS.absolute()))
        self.push_screen(asked, partial(self._export_chosen, screen, shown))

    def _export_chosen(self, screen: LiveScreen, shown: Shown | None, choice: str | None) -> None:
        if choice == STATUS:
            screen.act("export status", self._export_status)
        elif choice is not None and shown is not None:
            screen.act(f"export {shown.name}", partial(self._export_shown, shown, Form(choice)))

    def _export_status(self) -> str:
        written = self.desk.export_status(EXPORTS.absolute())
        return _("written: {files}").format(files=", ".join(map(str, written)))

    def _export_shown(self, shown: Shown, form: Form) -> str:
        local = self.desk.now().astimezone(self.desk.settings.programme.zone)
        path = shown.file(EXPORTS.absolute(), local, form)
        return _("written: {files}").format(files=self.desk.write_table(path, shown.table()))

    def action_help(self) -> None:
        """Every key of this screen."""
        if isinstance(self.screen, LiveScreen):
            keys = self.screen.active_bindings.values()
            self.push_screen(HelpScreen(keys, self.screen.notes()))


def work(application: "Application", operator: Operator) -> None:
    """Show the screen until its operator leaves it.

    What is loaded by then stays. Each search for cycles would walk it again, for up to a fifth of a
    second in which no key is answered; so it is left out of them.
    """
    app = RolloutApp(application, operator)
    gc.freeze()
    app.run()
