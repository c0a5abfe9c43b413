"""Applications to take PCs out of the office."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from rollout.application.choosing import today
from rollout.application.takehome import decisions, listing
from rollout.application.takehome.listing import Filter, Listed
from rollout.domain.takeout import TAKEOUT, PinState, TakeoutState, TakeoutVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui.filter_language import FilterRefused, meant, split
from tui.jumps import MachinesRequested
from tui.plain import plain
from tui.screens.confirm import Answer, Question
from tui.screens.window_screen import WindowScreen
from tui.themes import BAD, BUSY, CALM, GOOD, WARN
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable

_TONES = {
    TakeoutState.APPLIED: WARN,
    TakeoutState.APPROVED: GOOD,
    TakeoutState.OUT: BUSY,
    TakeoutState.RECALLED: BAD,
    TakeoutState.REJECTED: BAD,
}
_DECISIONS = frozenset((TakeoutVerb.APPROVE, TakeoutVerb.REJECT))
_NEEDS_A_REASON = frozenset((TakeoutVerb.REJECT, TakeoutVerb.WITHDRAW))


class TakeoutsScreen(WindowScreen):
    """One row for each application, with what its PC lacks today."""

    room = "takeouts"
    ACTS: ClassVar = {
        verb.value: OperatorRole.APPROVER if verb in _DECISIONS else OperatorRole.OPERATOR
        for verb in TakeoutVerb
        if verb not in (TakeoutVerb.EXPIRE, TakeoutVerb.RECALL)
    }
    SELDOM: ClassVar[tuple[str, ...]] = ("withdraw",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", msgid("approve"), tooltip=msgid("let the PC be taken out")),
        Binding("x", "reject", msgid("reject"), tooltip=msgid("refuse, with the reason")),
        Binding("o", "take_out", msgid("report out"), tooltip=msgid("report that the PC has left")),
        Binding(
            "i", "bring_back", msgid("report back"), tooltip=msgid("report that the PC is back")
        ),
        Binding("w", "withdraw", msgid("withdraw"), tooltip=msgid("take the application back")),
    ]

    def parse(self, words: str) -> Filter:
        """`state:applied tag:DK20-000417 is:overdue 佐藤`."""
        given, text = split(words, ("state", "tag", "is"))
        for word in given["is"]:
            if word.lower() not in ("overdue", _("overdue")):
                raise FilterRefused(
                    _("{word} is unknown: use one of {known}").format(word=word, known=_("overdue"))
                )
        return Filter(
            states=meant(TakeoutState, given["state"]),
            tags=tuple(given["tag"]),
            overdue_on=today(self.desk.settings, self.desk.now()) if given["is"] else None,
            text=text,
        )

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[Listed]:
        """In the order of their last day."""
        desk = self.desk
        return listing.listing(
            desk.database, desk.settings, desk.now(), wanted, after=after, limit=limit
        )

    def place_of(self, item: Listed) -> Any:
        """Its last day and its number."""
        return item.place_in_order

    def row(self, item: Listed) -> Row:
        """An application."""
        return Row(
            str(item.number),
            [
                plain(item.number),
                plain(item.tag),
                plain(label(item.state), _TONES.get(item.state, CALM)),
                plain(f"{item.first:%m-%d}–{item.last:%m-%d}"),
                plain(item.name),
                plain(item.department),
                plain(item.place),
                plain(label(PinState(item.pin)) if item.pin else ""),
                plain(item.may_go_from or ""),
                _what_is_wrong(item),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("number", _("number"), widest=6),
            Column("tag", _("asset tag"), widest=12),
            Column("state", _("state"), widest=12),
            Column("period", _("period"), widest=11),
            Column("name", _("name"), widest=14),
            Column("department", _("department"), widest=24, from_width=140),
            Column("place", _("taken to"), widest=16, from_width=100),
            Column("pin", _("PIN"), widest=10, from_width=120),
            Column("from", _("may go from"), widest=11, from_width=120),
            Column("missing", _("missing"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        if self.field.words:
            return _("no application matches")
        return _("no application yet: `rollout takehome apply TAG` enters one")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:applied tag:DK20-000417 is:overdue; anything else is looked "
                "for in asset tag, staff number, name and place."
            )
        ]

    def possible(self, action: str) -> bool:
        """What the table of applications allows."""
        item: Listed | None = self.chosen_item()
        return item is not None and (item.state, TakeoutVerb(action)) in TAKEOUT.moves

    def action_approve(self) -> None:
        """Let the PC be taken out."""
        self._ask_to(TakeoutVerb.APPROVE)

    def action_reject(self) -> None:
        """Refuse."""
        self._ask_to(TakeoutVerb.REJECT)

    def action_take_out(self) -> None:
        """The PC has left."""
        self._ask_to(TakeoutVerb.TAKE_OUT)

    def action_bring_back(self) -> None:
        """The PC is back."""
        self._ask_to(TakeoutVerb.BRING_BACK)

    def action_withdraw(self) -> None:
        """Take the application back."""
        self._ask_to(TakeoutVerb.WITHDRAW)

    def _ask_to(self, verb: TakeoutVerb) -> None:
        item: Listed | None = self.chosen_item()
        if item is not None:
            self.ask(_question(item, verb), partial(self._answered, item, verb))

    def _answered(self, item: Listed, verb: TakeoutVerb, answer: Answer) -> None:
        self.act(f"{verb} {item.number}", partial(self._carry_out, item, verb, answer.reason))

    def _carry_out(self, item: Listed, verb: TakeoutVerb, reason: str | None) -> str:
        do = decisions.decide if verb in _DECISIONS else decisions.report
        desk = self.desk
        do(
            desk.database,
            desk.settings,
            item.number,
            verb,
            desk.operator,
            desk.now(),
            reason=reason,
        )
        return f"{item.number} {item.tag}: {label(verb)}"

    def on_data_table_row_selected(self, event: WindowTable.RowSelected) -> None:
        """Go to the PC."""
        item: Listed | None = self.chosen_item()
        if item is not None:
            self.post_message(MachinesRequested(item.tag))


def _what_is_wrong(item: Listed) -> Text:
    if item.days_overdue:
        return plain(_("{days} {days:day|days} overdue").format(days=item.days_overdue), BAD)
    return plain(item.cause or "; ".join(item.lacks), "" if item.cause else WARN)


def _question(item: Listed, verb: TakeoutVerb) -> Question:
    lines = [
        _("{name} ({number}), {department}").format(
            name=item.name, number=item.staff_number, department=item.department or "–"
        ),
        _("{first} to {last}, {place}: {purpose}").format(
            first=item.first, last=item.last, place=item.place, purpose=item.purpose
        ),
    ]
    if verb is TakeoutVerb.APPROVE:
        lines += [_("still missing: {what}").format(what=lack) for lack in item.lacks]
    return Question(
        title=_("Application {number} for {tag}: {verb}").format(
            number=item.number, tag=item.tag, verb=label(verb)
        ),
        lines=lines,
        yes=label(verb),
        reason=verb in _NEEDS_A_REASON,
    )
