"""Cloud services of people."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from rollout.application.accounts import listing
from rollout.application.accounts.listing import AccountRow, Wanted
from rollout.application.accounts.revoking import revoke
from rollout.domain.account import AccountState, CloudService
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui.filter_language import meant, split
from tui.plain import plain
from tui.screens.confirm import Answer, Question
from tui.screens.window_screen import WindowScreen
from tui.themes import BAD, BUSY, CALM, GOOD
from tui.widgets.live_table import Column, Row

_TONES = {
    AccountState.READY: GOOD,
    AccountState.BLOCKED: BAD,
    AccountState.REQUESTED: BUSY,
    AccountState.PENDING: BUSY,
}


class AccountsScreen(WindowScreen):
    """One row for each service of each person; the cause says what to do."""

    room = "accounts"
    ACTS: ClassVar = {"revoke": OperatorRole.APPROVER}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("X", "revoke", msgid("revoke"), tooltip=msgid("take the person's access away")),
    ]

    def parse(self, words: str) -> Wanted:
        """`state:blocked service:mailbox 佐藤`."""
        given, text = split(words, ("state", "service"))
        return Wanted(
            meant(AccountState, given["state"]), meant(CloudService, given["service"]), text
        )

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[AccountRow]:
        """In the order of staff numbers."""
        return listing.page(self.desk.database, wanted, after=after or "", limit=limit)

    def place_of(self, item: AccountRow) -> str:
        """Its key."""
        return item.account.key

    def row(self, item: AccountRow) -> Row:
        """A service."""
        account, state = item.account, AccountState(item.account.state)
        return Row(
            account.key,
            [
                plain(item.staff_number),
                plain(item.name),
                plain(label(CloudService(account.service))),
                plain(label(state), _TONES.get(state, CALM)),
                plain(self.desk.local(account.state_since)),
                plain(self.desk.local(account.due_at)),
                plain(account.cause),
            ],
        )

    def columns(self) -> list[Column]:
        """The columns."""
        return [
            Column("number", _("staff number"), widest=12),
            Column("name", _("name"), widest=16),
            Column("service", _("service"), widest=14),
            Column("state", _("state"), widest=12),
            Column("since", _("since"), widest=11, from_width=100),
            Column("due", _("next look"), widest=11, from_width=120),
            Column("cause", _("cause"), rest=True),
        ]

    def nothing(self) -> str:
        """No row."""
        if self.field.words:
            return _("no account matches")
        return _("no account yet: `rollout accounts plan`, then `rollout accounts apply`")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:blocked service:mailbox; anything else is looked for in "
                "staff number and name."
            )
        ]

    def possible(self, action: str) -> bool:
        """Only what is there can be taken away."""
        item = self.chosen_item()
        gone = (AccountState.ABSENT, AccountState.REVOKED)
        return item is not None and AccountState(item.account.state) not in gone

    def action_revoke(self) -> None:
        """Take all services of the person away."""
        item: AccountRow | None = self.chosen_item()
        if item is None:
            return
        asked = Question(
            title=_("Revoke the access of {name} ({number})").format(
                name=item.name, number=item.staff_number
            ),
            lines=[
                _("Sign-in ends now; licences and groups {days} {days:day|days} later.").format(
                    days=self.desk.settings.accounts.revoke_after_days
                )
            ],
            yes=_("revoke"),
            reason=True,
        )
        self.ask(asked, partial(self._revoked, item.staff_number))

    def _revoked(self, number: str, answer: Answer) -> None:
        desk = self.desk

        def work() -> str:
            count = revoke(
                desk.database,
                desk.settings,
                number,
                desk.operator,
                desk.now(),
                answer.reason,
                everything=False,
            )
            return _("{count} {count:service|services} of {person} will be taken away").format(
                count=count, person=number
            )

        self.act(f"revoke {number}", work)
