"""What the rooms have in common: the database is looked at every second, and by a thread."""

from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.message import Message
from textual.screen import ModalScreen

from rollout.application.availability import DatabaseUnavailable, asking_the_database
from rollout.application.daemon_status import DaemonStatus, daemon_status
from rollout.domain.errors import RolloutError
from rollout.i18n import _, language
from rollout.i18n.labels import explained
from rollout.settings import OperatorRole
from tui.desk import Desk
from tui.exporting import Shown
from tui.keys import in_order, translated
from tui.screens.acting import PATIENCE, ActingScreen
from tui.widgets.key_line import KeyLine
from tui.widgets.room_tabs import RoomTabs
from tui.widgets.status_line import StatusLine
from tui.widgets.title_bar import TitleBar

REST = 4
"""After a look this many times its length passes before the next: looking takes at most a fifth of
a core. So what a look of a fifth of a second finds is on the screen within a second."""


@dataclass(frozen=True)
class Look:
    """What a thread found for `question`."""

    question: Any
    snapshot: Any
    daemon: DaemonStatus


class LiveScreen(ActingScreen):
    """A screen that asks `look` in a thread and shows the answer with `paint`.

    `question` is taken on the event loop, so that a thread never touches a widget; an answer to
    a question that has changed meanwhile is dropped.
    """

    room: ClassVar[str]
    pause: ClassVar[float] = 0.5
    """Seconds between looks; with a look they are less than a second."""
    ACTS: ClassVar[dict[str, OperatorRole]] = {}
    """Actions that change something, with the role that they need; absent for others."""
    SELDOM: ClassVar[tuple[str, ...]] = ()
    """Actions whose keys a narrow terminal may cut off; the help names them."""

    class LookTaken(Message):
        """A thread came back with an answer."""

        def __init__(self, look: Look) -> None:
            super().__init__()
            self.look = look

    class LookFailed(Message):
        """A thread came back without an answer."""

        def __init__(self, error: RolloutError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.last: Look | None = None
        self._looking_since: float | None = None
        self._not_before = 0.0
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """The frame; the room itself is in `compose_room`."""
        yield TitleBar(self.desk)
        yield RoomTabs(self.room)
        yield from self.compose_room()
        yield StatusLine()
        yield KeyLine()

    def compose_room(self) -> ComposeResult:
        """The widgets of the room."""
        raise NotImplementedError

    def question(self) -> Any:
        """What to ask; compared with ==."""
        return None

    def look(self, question: Any) -> Any:
        """Ask the database; runs in a thread."""
        raise NotImplementedError

    def paint(self, snapshot: Any) -> None:
        """Show an answer; also called again when the language or the size has changed."""
        raise NotImplementedError

    def notes(self) -> list[str]:
        """What the help says besides the keys."""
        return []

    def shown(self) -> Shown | None:
        """The table that `e` writes; None where there is none."""
        return None

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_interval(self.pause, self.look_when_due)
        self.look_when_due()

    def on_screen_resume(self) -> None:
        """Show what is true now, not what was when the screen was left."""
        self.look_now()
        self.repaint()

    def on_resize(self) -> None:
        """Other columns may fit."""
        self.call_after_refresh(self.repaint)

    @property
    def words(self) -> StatusLine:
        """The line above the keys."""
        return self.query_one(StatusLine)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys in the order of the footer, described in the language in force."""
        return translated(in_order(super().active_bindings, self.SELDOM))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions beyond the operator's role do not exist for them; impossible ones are dim."""
        needed = self.ACTS.get(action)
        if needed is None:
            return True
        return self.possible(action) or None if self.desk.may(needed) else False

    def possible(self, action: str) -> bool:
        """Whether an action of ACTS makes sense for what is chosen."""
        return True

    def look_now(self) -> None:
        """Look as soon as no other look is under way."""
        self._not_before = 0.0
        self.look_when_due()

    def look_when_due(self) -> None:
        """Start a thread, unless one is under way or nobody would see its answer."""
        if self._looking_since is not None:
            if monotonic() - self._looking_since > PATIENCE:
                self.words.show_trouble(_("waiting for the database"))
            return
        if (waits := self.waits()) is not None:
            self.words.show_trouble(waits)
        if monotonic() < self._not_before or not self._seen():
            return
        self._looking_since = monotonic()
        self.run_worker(
            partial(self._look_in_thread, self.question()),
            name=f"look at {self.room}",
            group="look",
            thread=True,
        )

    def _seen(self) -> bool:
        for screen in reversed(self.app.screen_stack):
            if screen is self:
                return True
            if not isinstance(screen, ModalScreen):
                return False
        return False

    def _look_in_thread(self, question: Any) -> None:
        try:
            with asking_the_database():
                look = Look(question, self.look(question), daemon_status(self.desk.database))
        except RolloutError as error:
            self.post_message(self.LookFailed(error))
        else:
            self.post_message(self.LookTaken(look))

    def on_live_screen_look_taken(self, message: LookTaken) -> None:
        """Show the answer."""
        self._rest()
        self.words.show_trouble(self.waits())
        if message.look.question != self.question():
            self.look_now()
            return
        self.last = message.look
        self.repaint()

    def on_live_screen_look_failed(self, message: LookFailed) -> None:
        """Say so and go on; what was seen last stays."""
        self._rest()
        trouble = explained(message.error)
        if isinstance(message.error, DatabaseUnavailable):
            trouble = _("database: {why}").format(why=trouble)
        self.words.show_trouble(trouble)

    def _rest(self) -> None:
        took = monotonic() - (self._looking_since or monotonic())
        self._looking_since = None
        self._not_before = monotonic() + REST * took

    def repaint(self) -> None:
        """Draw the last answer again."""
        if not self.is_mounted:
            return
        self.query_one(RoomTabs).repaint()
        self.query_one(TitleBar).repaint()
        if self.last is not None:
            with self.app.batch_update():
                self.query_one(TitleBar).show_daemon(self.last.daemon)
                self.paint(self.last.snapshot)
        self.refresh_keys()

    def refresh_keys(self) -> None:
        """Draw the keys again when others are possible, or their words are others."""
        offered = (language(), *(self.check_action(action, ()) for action in self.ACTS))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()
