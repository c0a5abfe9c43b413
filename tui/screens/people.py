"""People with what each of them still lacks."""

from collections.abc import Sequence
from typing import Any

from rollout.application.readiness.people import Wanted, page
from rollout.application.readiness.query import PersonReadiness
from rollout.domain.readiness import Part
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.filter_language import FilterRefused, meant, number_of, split
from tui.plain import plain
from tui.screens.window_screen import WindowScreen
from tui.themes import GOOD, WARN
from tui.widgets.live_table import Column, Row


class PeopleScreen(WindowScreen):
    """By department and staff number."""

    room = "readiness"

    def parse(self, words: str) -> Wanted:
        """`missing:chat is:unready department:総務部 wave:3 佐藤`."""
        given, text = split(words, ("missing", "is", "department", "wave"))
        return Wanted(
            tuple(given["department"]),
            tuple(number_of(word) for word in given["wave"]),
            tuple(Part(word) for word in meant(Part, given["missing"])),
            _wanted_ready(given["is"]),
            text,
        )

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[PersonReadiness]:
        """The next people."""
        desk = self.desk
        return page(
            desk.database, desk.settings, desk.now(), wanted, after=after or "", limit=limit
        )

    def place_of(self, item: PersonReadiness) -> str:
        """The staff number."""
        return item.staff_number

    def row(self, item: PersonReadiness) -> Row:
        """A person."""
        lacks = ", ".join(label(part) for part in item.missing)
        return Row(
            item.staff_number,
            [
                plain(item.staff_number),
                plain(item.name),
                plain(f"{item.bureau} {item.division}".strip()),
                plain(item.wave),
                plain("✗ " + lacks, WARN) if lacks else plain("✓ " + _("ready"), GOOD),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("number", _("staff number"), widest=10),
            Column("name", _("name"), widest=16),
            Column("department", _("department"), widest=28, from_width=100),
            Column("wave", _("wave"), widest=8),
            Column("missing", _("missing"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        return _("nobody matches")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: missing:chat is:unready is:ready department:総務部 wave:3; anything "
                "else is looked for in staff number and name."
            )
        ]


def _wanted_ready(words: Sequence[str]) -> bool | None:
    known = {"ready": True, _("ready"): True, "unready": False, _("unready"): False}
    for word in words:
        if word not in known:
            raise FilterRefused(
                _("{word} is unknown: use one of {known}").format(
                    word=word, known=", ".join((_("ready"), _("unready")))
                )
            )
        return known[word]
    return None
