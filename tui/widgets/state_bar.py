"""Machines by group: one stacked bar with its legend in words."""

from collections.abc import Mapping

from rich.text import Text
from textual.widget import Widget

from rollout.i18n import _, language
from tui.looks import GROUPS, Group
from tui.plain import flowed, plain


class StateBar(Widget):
    """The bar and its legend; groups differ by glyph and word, not by colour alone."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._groups: dict[Group, int] = dict.fromkeys(GROUPS, 0)
        self._shown: tuple[str, dict[Group, int]] | None = None

    def show_groups(self, groups: Mapping[Group, int]) -> None:
        """Show these numbers of machines."""
        shown = (language(), dict(groups))
        if shown != self._shown:
            self._shown = shown
            self._groups = dict(groups)
            self.refresh()

    def render(self) -> Text:
        """The bar in the first line, the legend behind it."""
        if self._shown is None:  # nobody has answered yet
            return Text("…")
        total = sum(self._groups.values())
        if not total:
            return Text(_("no machine yet: `rollout import ledger FILE`"))
        picture = Text(no_wrap=False)
        for group, cells in shares(self._groups, max(self.size.width, 10)).items():
            picture.append(group.glyph * cells, group.style)
        picture.append("\n")
        legend = [_named(group, number, total) for group, number in self._groups.items() if number]
        return picture.append_text(flowed(legend, self.size.width))


def _named(group: Group, number: int, total: int) -> Text:
    words = plain("")
    words.append(f"{group.glyph} ", group.style)
    return words.append(f"{group.label} {number:,} ({number / total:.0%})")


def shares(numbers: Mapping[Group, int], cells: int) -> dict[Group, int]:
    """Cells of a bar in proportion to `numbers`: at least one for whatever is not zero."""
    total = sum(numbers.values())
    present = {group: number for group, number in numbers.items() if number}
    exact = {group: number * cells / total for group, number in present.items()}
    given = {group: max(1, int(share)) for group, share in exact.items()}
    while sum(given.values()) < cells:
        neediest = max(given, key=lambda group: exact[group] - given[group])
        given[neediest] += 1
    while sum(given.values()) > cells:
        given[max(given, key=lambda group: given[group])] -= 1
    return given
