"""Notices: the outbox of mails to people."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, UniqueConstraint
from sqlmodel import Field, SQLModel

from rollout.domain.notice import NOTICE, NoticeKind, NoticeState
from rollout.store.columns import Instant, Why, one_of


class Notice(SQLModel, table=True):
    """A mail about a machine (to its owner) or to a person, at most once for each `day`.

    `day` is the day that it is about, such as the machine's slot: another slot is another notice.
    `edition` grows when the same day has to be told anew, since another day or owner was told in
    between. `about` tells apart what a person is told of on one day, such as two devices.

    `state`, `cause` and `version` are written by `transitions.apply` only; `sent_at` is when the
    mail service took it, also when it came back later. `tried_at` is when it was last handed over
    under `mail_key`, and `told_id` the person to whom, all written before the answer: a notice
    with them may have gone although it is still planned. `refusals` in a row let the pause until
    `next_at` grow; a failed notice without `next_at` waits for a person.
    """

    __tablename__ = "notices"
    __lifecycle__ = NOTICE
    __key__ = "id"
    __table_args__ = (
        one_of("kind", NoticeKind, "notices"),
        one_of("state", NoticeState, "notices"),
        CheckConstraint("(machine_id IS NULL) <> (person_id IS NULL)", name="ck_notices_addressee"),
        CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="ck_notices_sent"),
        UniqueConstraint("machine_id", "kind", "day", "edition", name="ux_notices_machine"),
        UniqueConstraint("person_id", "kind", "day", "about", name="ux_notices_person"),
        UniqueConstraint("mail_key", name="ux_notices_mail_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    machine_id: int | None = Field(default=None, foreign_key="machines.id")
    person_id: int | None = Field(default=None, foreign_key="people.id")
    day: date
    state: str = Field(default=NoticeState.PLANNED.value, index=True)
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
    sent_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    tried_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    edition: int = 1
    about: str = ""
    told_id: int | None = Field(
        default=None,
        sa_column=Column(ForeignKey("people.id", name="fk_notices_told"), nullable=True),
    )
    mail_key: str | None = None
    refusals: int = 0
    next_at: datetime | None = Field(default=None, sa_column=Column(Instant))
