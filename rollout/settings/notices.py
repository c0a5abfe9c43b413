"""The part of the configuration that says how mails to people go out."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rollout.domain.notice import NoticeKind
from rollout.domain.windows import Hours, Window
from rollout.i18n import _
from rollout.settings.operation import HoursOfDay
from rollout.settings.planning import Section

_OFFICE_HOURS = ("08:30-17:15",)


class Notices(Section):
    """`[notices]`: mails to owners, applicants and promoters. How many days ahead owners are told
    is `days_before` of `[notice]`, which the planner obeys as well."""

    sender: str = ""
    """The mailbox that sends, by its address; empty: no mail is sent."""
    send: Literal["due", "by hand"] = "due"
    """`due`: the daemon sends what is due; `by hand`: only `rollout notice send` does."""
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)
    """What is planned from the plan by itself."""
    language: Literal["ja", "en"] = "ja"
    """Language of the mails."""
    templates: Path | None = None
    """Folder with templates of your own, `KIND.ja.txt` and so on; what is not in it is as
    shipped."""
    contact: str = ""
    """Whom to ask, at the end of every mail: an address, a telephone number, hours."""
    hours: tuple[HoursOfDay, ...] = _OFFICE_HOURS
    """When mails may go, on working days, in the programme's time zone; none named: at any hour of
    any day."""
    slot: HoursOfDay = "09:00-17:00"
    """The hours of the machine's day that its owner's calendar is to keep free."""
    invitations: bool = True
    """Whether mails about a date bring an entry for the calendar."""
    per_minute: Annotated[int, Field(ge=1, le=30)] = 29
    """A mailbox may send 30 messages a minute."""
    per_day: Annotated[int, Field(ge=1, le=10_000)] = 9000
    """A mailbox may send to 10,000 recipients within 24 hours; the rest is for other mail."""
    doubt_minutes: Annotated[float, Field(ge=0, le=1440)] = 10
    """A mail whose answer was lost, and which the mailbox does not show after so long, was not
    sent and goes again."""
    training_days: Annotated[int, Field(ge=1)] = 7
    """So many days lie between two mails to a promoter about trainings that are missing."""

    @model_validator(mode="after")
    def _one_mailbox(self) -> Self:
        if self.sender and self.sender.count("@") != 1:
            raise ValueError(
                _("sender {text} is no address: write one such as dx@pref.example.jp").format(
                    text=repr(self.sender)
                )
            )
        return self

    @property
    def in_use(self) -> bool:
        """Whether mails are sent from here."""
        return bool(self.sender)

    @property
    def window(self) -> Window:
        """The hours in which mails may go."""
        return Window(tuple(Hours.parse(text) for text in self.hours))
