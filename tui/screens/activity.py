"""The history: who did what, when and why."""

from collections.abc import Sequence
from typing import Any

from rollout.application import activity
from rollout.application.activity import Wanted
from rollout.application.fact_words import fact_words
from rollout.i18n import _
from rollout.store.tables import AuditRow
from tui.jumps import MachinesRequested
from tui.plain import plain
from tui.screens.window_screen import WindowScreen
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable


class ActivityScreen(WindowScreen):
    """Enter on a fact of a machine shows the machine."""

    room = "activity"

    def parse(self, words: str) -> Wanted:
        """`actor:tanaka machine:DK20-000001 verb:hold noun:wave`; other words are part of a key."""
        given: dict[str, tuple[str, ...]] = {}
        texts = []
        for word in words.split():
            name, colon, values = word.partition(":")
            if colon and name.lower() in ("actor", "machine", "verb", "noun"):
                given[name.lower()] = tuple(value for value in values.split(",") if value)
            else:
                texts.append(word)
        machines = given.get("machine", ())
        nouns = given.get("noun", ()) or (("machine",) if machines else ())
        named = fact_words().verbs_named
        return Wanted(
            actors=given.get("actor", ()),
            keys=machines,
            verbs=tuple(verb for word in given.get("verb", ()) for verb in named(word)),
            nouns=nouns,
            text=" ".join(texts),
        )

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[AuditRow]:
        """The newest, older than the last of the window before."""
        return activity.page(self.desk.database, wanted, before=after, limit=limit)

    def place_of(self, item: AuditRow) -> int:
        """Its number."""
        return item.id or 0

    def row(self, item: AuditRow) -> Row:
        """One fact."""
        words = fact_words()
        return Row(
            str(item.id),
            [
                plain(self.desk.local(item.at, "%Y-%m-%d %H:%M:%S")),
                plain(item.actor),
                plain(words.noun(item.noun)),
                plain(item.key),
                plain(words.verb((item.noun, item.verb))),
                plain(words.states_of(item)),
                plain(item.reason),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("time", _("time"), widest=19),
            Column("who", _("who"), widest=14),
            Column("noun", _("kind"), widest=14),
            Column("key", _("which"), widest=16),
            Column("verb", _("what"), widest=16),
            Column("states", _("state"), widest=26, from_width=110),
            Column("reason", _("reason"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        if self.field.words:
            return _("nothing in the history matches")
        return _("nothing has happened yet")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: actor:NAME machine:TAG verb:hold noun:wave; anything else is looked "
                "for in what it was done to and by whom."
            )
        ]

    def on_data_table_row_selected(self, _event: WindowTable.RowSelected) -> None:
        """Show the machine."""
        item = self.chosen_item()
        if item is not None and item.noun == "machine":
            self.post_message(MachinesRequested(item.key))
