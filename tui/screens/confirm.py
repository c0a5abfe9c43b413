"""The question before anything changes: what will happen, and what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from rollout.domain.text import tidy
from rollout.i18n import _
from tui.plain import plain
from tui.themes import WARN
from tui.widgets.typed_line import TypedLine

MANY = 20
"""What reaches more machines than this needs their number typed."""

_LOW = 30
"""A terminal with fewer lines spares the frame its air."""
_FRAME, _FRAME_LOW, _FIELD = 9, 7, 3
"""Lines of a dialog beside what it says: border, padding, title, gaps, buttons; of a field."""
_FEWEST, _MOST = 3, 10


@dataclass(frozen=True)
class Question:
    """`lines` say what will happen; `number` has to be typed where it is given.

    With `reason` a text is demanded: what `asks` says, else the reason for the history.
    """

    title: str
    lines: Sequence[str]
    yes: str
    reason: bool = False
    number: int | None = None
    asks: str | None = None


@dataclass(frozen=True)
class Answer:
    """A yes, with its reason where one was asked."""

    reason: str | None


class ConfirmScreen(ModalScreen[Answer | None]):
    """Enter alone never says yes: it needs a typed number, a reason, or a walk to the button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "refuse", ""),
        ("left", "app.focus_previous", ""),
        ("right", "app.focus_next", ""),
        ("pageup", "turn(-1)", ""),
        ("pagedown", "turn(1)", ""),
    ]

    def __init__(self, asked: Question) -> None:
        super().__init__()
        self._asked = asked

    def compose(self) -> ComposeResult:
        """The question, its fields and two buttons."""
        asked = self._asked
        with Vertical(id="confirm"):
            yield Static(plain(asked.title, "bold"), id="confirm-title", markup=False)
            with VerticalScroll(id="confirm-lines", can_focus=False):
                for line in asked.lines:
                    yield Static(Text(plain(line).plain), markup=False)
            if asked.number is not None:
                yield Static(
                    plain(_("type the number of machines: {number}").format(number=asked.number)),
                    markup=False,
                )
                yield TypedLine(id="confirm-number", compact=True)
            if asked.reason:
                asks = asked.asks or _("reason (kept in the history)")
                yield Static(plain(asks), markup=False)
                yield TypedLine(id="confirm-reason", compact=True)
            yield Static("", id="confirm-missing", markup=False)
            with Horizontal(id="confirm-buttons"):
                yield Button(Text(asked.yes).plain, id="yes", variant="warning", compact=True)
                yield Button(_("no (Esc)"), id="no", compact=True)

    def on_mount(self) -> None:
        """Begin where something has to be typed, else at no."""
        fields = self.query(Input)
        (fields.first() if fields else self.query_one("#no", Button)).focus()

    def on_resize(self, event: events.Resize) -> None:
        """The buttons stay in sight: what will happen is scrolled where it has no room."""
        low, fields = event.size.height < _LOW, len(self.query(Input))
        self.set_class(low, "low")
        room = event.size.height if low else event.size.height * 9 // 10
        beside = (_FRAME_LOW if low else _FRAME) + _FIELD * fields
        lines = self.query_one("#confirm-lines", VerticalScroll)
        lines.styles.max_height = max(_FEWEST, min(_MOST, room - beside))

    def action_turn(self, pages: int) -> None:
        """Another part of what will happen."""
        lines = self.query_one("#confirm-lines", VerticalScroll)
        lines.scroll_relative(y=pages * max(1, lines.size.height - 1), animate=False)

    def action_refuse(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Yes or no."""
        if event.button.id == "yes":
            self._say_yes()
        else:
            self.dismiss(None)

    def on_input_submitted(self) -> None:
        """Enter in a field goes to the next empty one, or says yes when all are filled."""
        self._say_yes()

    def _say_yes(self) -> None:
        asked = self._asked
        if asked.number is not None:
            field = self.query_one("#confirm-number", Input)
            if tidy(field.value) != str(asked.number):
                self._miss(field, _("the number is not {number}").format(number=asked.number))
                return
        reason = None
        if asked.reason:
            field = self.query_one("#confirm-reason", Input)
            reason = field.value.strip()
            if not reason:
                self._miss(field, asked.asks or _("a reason is needed"))
                return
        self.dismiss(Answer(reason))

    def _miss(self, field: Input, words: str) -> None:
        self.query_one("#confirm-missing", Static).update(plain(words, WARN))
        field.focus()
