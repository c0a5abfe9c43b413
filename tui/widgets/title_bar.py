"""The first line: programme, operator, clock, and whether a daemon acts."""

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from rollout.application.daemon_status import DaemonStatus
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.plain import fitted, plain
from tui.themes import GOOD_ON_BAR, WARN_ON_BAR


class TitleBar(Static):
    """What is true on every screen."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(markup=False)
        self._desk = desk
        self._daemon: DaemonStatus | None = None
        self._shown = ""

    def on_mount(self) -> None:
        """Keep the clock going even while the database does not answer."""
        self.set_interval(0.5, self.repaint)

    def on_resize(self) -> None:
        """The name gets what the rest leaves."""
        self._shown = ""
        self.repaint()

    def show_daemon(self, daemon: DaemonStatus) -> None:
        """Show who holds the lease."""
        self._daemon = daemon
        self.repaint()

    def repaint(self) -> None:
        """Draw the line when it has changed."""
        line = self._line()
        if line.plain != self._shown:
            self._shown = line.plain
            self.update(line, layout=False)

    def _line(self) -> Text:
        operator = self._desk.operator
        right = plain(f"{operator.name} ")
        right.append(f"({label(operator.role)})")
        right.append(f"  {self._desk.local(self._desk.now(), '%Y-%m-%d %H:%M:%S')}  ")
        if self._daemon is None:
            right.append(_("daemon: ?"))
        elif self._daemon.alive:
            right.append(_("daemon: at work"), GOOD_ON_BAR)
        else:
            right.append(_("daemon: none"), WARN_ON_BAR)
        width = max(self.size.width, 20)
        room = max(width - cell_len(right.plain) - 3, 4)
        name = fitted(plain(self._desk.settings.programme.name, "bold"), room)
        gap = max(width - cell_len(name.plain) - cell_len(right.plain) - 2, 1)
        return Text.assemble(name, " " * gap, right, no_wrap=True, end="")
