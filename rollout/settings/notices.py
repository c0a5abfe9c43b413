"""The part of the configuration that says how mails to people go out."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rollout.domain.notice import NoticeKind
from rollout.i18n import _
from rollout.settings.operation import HoursOfDay
from rollout.settings.planning import Section

PLANNED = tuple(kind for kind in NoticeKind if kind is not NoticeKind.BYOD_INVITATION)
"""What follows from plan, passage and trainings by itself; an invitation follows from its order."""


class Notices(Section):
    """`[notices]`: mails to people, which the daemon sends by itself. How many days ahead owners
    are told is `days_before` of `[notice]`, which the planner obeys as well."""

    sender: str = ""
    """The mailbox that sends, by its address; empty: no mail is sent."""
    send: Literal["by itself", "by hand"] = "by itself"
    """`by hand`: only `rollout notice send` sends."""
    kinds: tuple[NoticeKind, ...] = PLANNED
    """What is put into the outbox without being asked for. `missing_training` goes to the
    promoters of `[training.promoters]`."""
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
    cutover_days: Annotated[int, Field(ge=1, le=60)] = 7
    """So many days before the cutover everybody is told of it; a mailbox sends 10,000 a day."""
    settle_minutes: Annotated[float, Field(ge=0, le=10_080)] = 60
    """A PC that lost its day, or that needs somebody on its day, is told of only after so long:
    most get another day, or come through, before."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """A mail that is refused goes so often, each time after a longer pause; then it waits for
    somebody. One that came back waits at once."""
    retry_minutes: Annotated[float, Field(gt=0, le=1440)] = 15
    """The first of these pauses; each is twice the one before."""
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
                    _("kinds: {kind} goes when it is ordered: choose among {known}").format(
                        kind=kind.value, known=", ".join(PLANNED)
                    )
                )
        return self

    @property
    def in_use(self) -> bool:
        """Whether mails are sent from here."""
        return bool(self.sender)
