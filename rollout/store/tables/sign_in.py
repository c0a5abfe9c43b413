"""Whether people signed in to their new accounts, as the directory said it."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class SignIn(SQLModel, table=True):
    """The last reading of one person's account.

    `signed_in_at` is None while no sign-in is known; `registered`: for multi-factor sign-in.
    """

    __tablename__ = "sign_ins"

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    signed_in_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    registered: bool = False
    read_at: datetime = Field(sa_column=Column(Instant, nullable=False))
