"""`e`: what to write."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rollout.i18n import _
from tui.exporting import Form
from tui.plain import plain
from tui.rooms import WORDS

STATUS = "status"


class ExportScreen(ModalScreen[str | None]):
    """Answers with a form for what is shown, or with STATUS."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", ""), ("q", "dismiss", "")]

    def __init__(self, shown: str | None, folder: str) -> None:
        super().__init__()
        self._shown, self._folder = shown, folder

    def compose(self) -> ComposeResult:
        """One line for each."""
        options = []
        if self._shown is not None:
            name = _(WORDS[self._shown]) if self._shown in WORDS else self._shown
            what = _("what is shown ({name}) as {form}")
            options = [
                Option(plain(what.format(name=name, form=form.value.upper())), id=form.value)
                for form in Form
            ]
        options.append(Option(plain(_("the status report")), id=STATUS))
        with Vertical(id="export"):
            yield Static(plain(_("Export"), "bold"), markup=False)
            choices = OptionList(*options, markup=False)
            # Laid out before its lines are known, a list that grows would stay empty.
            choices.styles.height = len(options)
            yield choices
            folder = _("into the folder {folder}").format(folder=self._folder)
            yield Static(plain(folder, "dim"), markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Chosen."""
        self.dismiss(event.option.id)
