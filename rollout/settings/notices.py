"""The part of the configuration that says how mails to people go out."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rollout.domain.notice import NoticeKind
from rollout.i18n import _
from rollout.settings.operation import HoursOfDay
from rollout.settings.planning import Section

PLANNED = (NoticeKind.DAYS_BEFORE, NoticeKind.DAY_BEFORE, NoticeKind.NEW_DATE)
"""What follows from the plan by itself."""


class Notices(Section):
    """`[notices]`: mails to owners, which `rollout notice send` sends. How many days ahead they are
    told is `days_before` of `[notice]`, which the planner obeys as well."""

    sender: str = ""
    """The mailbox that sends, by its address; empty: no mail is sent."""
    kinds: tuple[NoticeKind, ...] = PLANNED
    """What is planned from the plan by itself."""
    language: Literal["ja", "en"] = "ja"
    """Language of the mails."""
    templates: Path | None = None
    """Folder with templates of your own, `KIND.ja.txt` and so on; what is not in it is as
    shipped."""
    contact: str = ""
    """Whom to ask, at the end of every mail: an address, a telephone number, hours."""
    slot: HoursOfDay = "09:00-17:00"
    """The hours of the machine's day that its owner's calendar is to keep free."""
    invitations: bool = True
    """Whether mails about a date bring an entry for the calendar."""
    per_minute: Annotated[int, Field(ge=1, le=30)] = 29
    """A mailbox may send 30 messages a minute."""
    doubt_minutes: Annotated[float, Field(ge=0, le=1440)] = 10
    """A mail whose answer was lost, and which the mailbox does not show after so long, was not
    sent and goes again."""

    @model_validator(mode="after")
    def _one_mailbox(self) -> Self:
        if self.sender and self.sender.count("@") != 1:
            raise ValueError(
                _("sender {text} is no address: write one such as dx@pref.example.jp").format(
                    text=repr(self.sender)
                )
            )
        return self

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        for kind in self.kinds:
            if kind not in PLANNED:
                raise ValueError(
                    _("kinds: {kind} does not follow from the plan: choose among {known}").format(
                        kind=kind.value, known=", ".join(PLANNED)
                    )
                )
        return self

    @property
    def in_use(self) -> bool:
        """Whether mails are sent from here."""
        return bool(self.sender)
