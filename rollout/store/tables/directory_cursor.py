"""How far the changes of a cloud directory have been read."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class DirectoryCursor(SQLModel, table=True):
    """The link with which the next question for changes of `kind` begins, such as `users`.

    Without a link everything is asked for again. `tenant_id` is the directory that gave it: another
    one knows nothing of it.
    """

    __tablename__ = "directory_cursors"

    kind: str = Field(primary_key=True)
    tenant_id: str
    link: str | None = None
    read_at: datetime = Field(sa_column=Column(Instant, nullable=False))
