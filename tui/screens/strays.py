"""Devices that are registered and belong to no application."""

from collections.abc import Sequence

from rollout.application.byod.listing import Stray, strays
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.themes import BAD
from tui.widgets.live_table import Column, Row

SHOWN = 500


class StraysScreen(ListScreen):
    """As the last reading of the service showed them."""

    room = "devices"

    def look(self, question: object) -> list[Stray]:
        """All of them."""
        return strays(self.desk.database)

    def paint(self, snapshot: Sequence[Stray]) -> None:
        """Show the first ones; the line says how many there are."""
        self.show_list(_columns(), [self._row(stray) for stray in snapshot[:SHOWN]])
        self.words.show_words(
            self.filter_words()
            + (
                _("{count} {count:device is|devices are} registered without an application").format(
                    count=f"{len(snapshot):,}"
                )
                if snapshot
                else _("every registered device belongs to an application")
            )
        )

    def _row(self, stray: Stray) -> Row:
        return Row(
            stray.key,
            [
                plain(label(stray.reason)),
                plain(stray.name or stray.staff_number or "–"),
                plain(stray.platform),
                plain(stray.model),
                plain(stray.device_name),
                plain(self.desk.local(stray.last_seen)),
                plain("! " + _("called the organisation's"), BAD) if stray.company else plain(""),
            ],
        )


def _columns() -> list[Column]:
    return [
        Column("reason", _("reason"), widest=18),
        Column("name", _("name"), widest=16),
        Column("platform", _("platform"), widest=10),
        Column("model", _("model"), widest=18, from_width=100),
        Column("device", _("device"), widest=18, from_width=100),
        Column("seen", _("last seen"), widest=11),
        Column("owner", "", rest=True),
    ]
