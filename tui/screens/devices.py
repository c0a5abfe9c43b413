"""Personal devices (BYOD), from the application to the release."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from rollout.application.byod import applying, inviting, leaving, listing
from rollout.application.byod.listing import DeviceAction, DeviceAlarm, Wanted
from rollout.domain.errors import RolloutError
from rollout.domain.personal_device import DeviceState, Platform
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui.filter_language import FilterRefused, meant, split
from tui.plain import plain
from tui.screens.confirm import Answer, Question
from tui.screens.strays import StraysScreen
from tui.screens.window_screen import WindowScreen
from tui.themes import BAD, BUSY, CALM, GOOD, WARN
from tui.widgets.live_table import Column, Row

_TONES = {
    DeviceState.APPLIED: WARN,
    DeviceState.INVITED: BUSY,
    DeviceState.COMPLIANT: GOOD,
    DeviceState.NONCOMPLIANT: BAD,
    DeviceState.LOST: BAD,
    DeviceState.WIPE_PENDING: BUSY,
    DeviceState.REJECTED: BAD,
}
_DECISIONS = frozenset((DeviceAction.APPROVE, DeviceAction.REJECT))
_NEEDS_A_REASON = frozenset((DeviceAction.REJECT, DeviceAction.LOST, DeviceAction.RELEASE))
_Device = dict[str, Any]


class DevicesScreen(WindowScreen):
    """One row for each device or application; what is wrong stands first in its last column."""

    room = "devices"
    ACTS: ClassVar = {
        action.value: OperatorRole.APPROVER if action in _DECISIONS else OperatorRole.OPERATOR
        for action in DeviceAction
    }
    SELDOM: ClassVar[tuple[str, ...]] = ("strays",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", msgid("approve"), tooltip=msgid("let the device be used")),
        Binding("x", "reject", msgid("reject"), tooltip=msgid("refuse, with the reason")),
        Binding("i", "invite", msgid("invite"), tooltip=msgid("send the steps to its owner")),
        Binding(
            "l", "lost", msgid("lost"), tooltip=msgid("end sign-ins, take the apps' data away")
        ),
        Binding("w", "release", msgid("end its use"), tooltip=msgid("release it or take it back")),
        Binding("s", "strays", msgid("strays"), tooltip=msgid("registered without application")),
    ]

    def parse(self, words: str) -> Wanted:
        """`state:applied platform:ios is:alarm 佐藤`."""
        given, text = split(words, ("state", "platform", "is"))
        for word in given["is"]:
            if word.lower() not in ("alarm", _("alarm")):
                raise FilterRefused(
                    _("{word} is unknown: use one of {known}").format(word=word, known=_("alarm"))
                )
        return Wanted(
            states=meant(DeviceState, given["state"]),
            platforms=meant(Platform, given["platform"]),
            alarmed=bool(given["is"]),
            text=text,
        )

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[_Device]:
        """In the order of numbers."""
        desk = self.desk
        window = replace(wanted, after=after or 0, limit=limit)
        return listing.devices(desk.database, desk.settings, desk.now(), window)

    def place_of(self, item: _Device) -> int:
        """Its number."""
        number: int = item["number"]
        return number

    def row(self, item: _Device) -> Row:
        """A device."""
        state = DeviceState(item["state"])
        return Row(
            str(item["number"]),
            [
                plain(item["number"]),
                plain(label(state), _TONES.get(state, CALM)),
                plain(item["name"]),
                plain(label(Platform(item["platform"]))),
                plain(item["model"]),
                plain(item["department"]),
                plain(item["since"][:10]),
                plain((item["last_seen"] or "")[:10]),
                _what_is_wrong(item),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("number", _("number"), widest=6),
            Column("state", _("state"), widest=14),
            Column("name", _("name"), widest=14),
            Column("platform", _("platform"), widest=8),
            Column("model", _("model"), widest=16, from_width=100),
            Column("department", _("department"), widest=24, from_width=140),
            Column("since", _("since"), widest=10, from_width=100),
            Column("seen", _("last seen"), widest=10, from_width=120),
            Column("cause", _("cause"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        if self.field.words:
            return _("no device matches")
        return _("no application yet: `rollout byod apply` enters one")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:applied platform:ios is:alarm; anything else is looked for "
                "in staff number, name and model."
            )
        ]

    def possible(self, action: str) -> bool:
        """What the table of devices allows."""
        item: _Device | None = self.chosen_item()
        return item is not None and action in item["actions"]

    def action_approve(self) -> None:
        """Let it be used."""
        self._ask_to(DeviceAction.APPROVE)

    def action_reject(self) -> None:
        """Refuse it."""
        self._ask_to(DeviceAction.REJECT)

    def action_invite(self) -> None:
        """Ask for the invitation; the daemon sends it."""
        self._ask_to(DeviceAction.INVITE)

    def action_lost(self) -> None:
        """Take access and data away."""
        self._ask_to(DeviceAction.LOST)

    def action_release(self) -> None:
        """End its use."""
        self._ask_to(DeviceAction.RELEASE)

    def action_strays(self) -> None:
        """What is registered and belongs to no application."""
        self.app.push_screen(StraysScreen(self.desk))

    def _ask_to(self, action: DeviceAction) -> None:
        item: _Device | None = self.chosen_item()
        if item is not None:
            question = partial(self._question, item["number"], action)
            answered = partial(self._answered, item["number"], action)
            self.look_up_and_ask(f"device {item['number']}", question, answered)

    def _question(self, number: int, action: DeviceAction) -> Question:
        desk = self.desk
        found = listing.detail(desk.database, desk.settings, number, desk.now())
        if found is None:
            raise RolloutError(_("there is no application {number}").format(number=number))
        lines = [
            _("{name} ({number}), {department}").format(
                name=found["name"],
                number=found["staff_number"],
                department=found["department"] or "–",
            ),
            f"{label(Platform(found['platform']))}, {found['model']}: {found['purpose']}",
            _(action.meaning),
            *(_("still missing: {what}").format(what=lack) for lack in found["lacks"]),
        ]
        nobody_agreed = action is DeviceAction.APPROVE and not found["head_of_office"]
        return Question(
            title=_("Device {number}: {verb}").format(number=number, verb=label(action)),
            lines=lines,
            yes=label(action),
            reason=action in _NEEDS_A_REASON or nobody_agreed,
            asks=_("the head of office who agreed") if nobody_agreed else None,
        )

    def _answered(self, number: int, action: DeviceAction, answer: Answer) -> None:
        self.act(f"{action} {number}", self._work(number, action, answer.reason))

    def _work(self, number: int, action: DeviceAction, reason: str | None) -> Callable[[], str]:
        def work() -> str:
            self._carry_out(number, action, reason)
            return f"{number}: {label(action)}"

        return work

    def _carry_out(self, number: int, action: DeviceAction, said: str | None) -> None:
        desk = self.desk
        database, settings, operator, at = desk.database, desk.settings, desk.operator, desk.now()
        if action is DeviceAction.APPROVE:
            applying.decide(
                database, settings, number, operator, at,
                approve=True, reason=None, head_of_office=said,
            )  # fmt: skip
        elif action is DeviceAction.REJECT:
            applying.decide(database, settings, number, operator, at, approve=False, reason=said)
        elif action is DeviceAction.INVITE:
            for _number, why in inviting.ask(database, settings, [number], operator, at).refused:
                raise RolloutError(why)
        elif action is DeviceAction.LOST:
            leaving.lose(database, settings, number, operator, at, reason=said)
        else:
            leaving.release(database, number, operator, at, reason=said)


def _what_is_wrong(item: _Device) -> Text:
    if item["alarms"]:
        words = ", ".join(label(DeviceAlarm(word)) for word in item["alarms"])
        return plain("! " + words, BAD)
    if item["leaving_days"] is not None:
        return plain(
            _("pending for {days} {days:day|days}").format(days=item["leaving_days"]), WARN
        )
    return plain(item["cause"] or "")
