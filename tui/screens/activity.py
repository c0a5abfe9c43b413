"""The history: who did what, when and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from rollout.application import activity
from rollout.application.activity import Wanted
from rollout.application.host_keys import HostKeyVerb
from rollout.domain.account import AccountState, AccountVerb
from rollout.domain.lifecycle import Described
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.run import RunState, RunVerb
from rollout.domain.spare import SpareVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import AuditRow
from tui.jumps import MachinesRequested
from tui.plain import plain
from tui.screens.window_screen import WindowScreen
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable

_VERBS = (MachineVerb, WaveVerb, RunVerb, AccountVerb, HostKeyVerb, SpareVerb)
_STATES: Mapping[str, type[Described]] = {
    "machine": MachineState,
    "wave": WaveState,
    "run": RunState,
    "account": AccountState,
}


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
        return Wanted(
            actors=given.get("actor", ()),
            keys=machines,
            verbs=tuple(_verb(value) for value in given.get("verb", ())),
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
        return Row(
            str(item.id),
            [
                plain(self.desk.local(item.at, "%Y-%m-%d %H:%M:%S")),
                plain(item.actor),
                plain(_noun(item.noun)),
                plain(item.key),
                plain(_word(item.verb)),
                plain(_states(item)),
                plain(item.reason),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("time", _("time"), widest=19),
            Column("who", _("who"), widest=14),
            Column("noun", _("of"), widest=10),
            Column("key", _("which"), widest=16),
            Column("verb", _("what"), widest=16),
            Column("states", _("state"), widest=26, from_width=110),
            Column("reason", _("reason"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        return _("nothing in the history matches")

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


def _verb(value: str) -> str:
    """The verb's own word, for its word in the language in force too."""
    for verbs in _VERBS:
        for verb in verbs:
            if value in (verb.value, label(verb)):
                return str(verb.value)
    return value


def _noun(noun: str) -> str:
    return {
        "machine": _("machine"),
        "wave": _("wave"),
        "run": _("run"),
        "stop": _("stop"),
        "account": _("account"),
        "mailbox": _("mailbox"),
        "mailbox_batch": _("batch"),
    }.get(noun, noun)


def _states(item: AuditRow) -> str:
    states = _STATES.get(item.noun)
    words = [
        label(states(state)) if states is not None and state in set(states) else state
        for state in (item.from_state or "", item.to_state or "")
    ]
    return " → ".join(words) if words[0] != words[1] else words[0]


def _word(verb: str) -> str:
    for verbs in _VERBS:
        if verb in set(verbs):
            return label(verbs(verb))
    return verb
