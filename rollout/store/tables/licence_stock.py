"""The stock of licences, as the directory said it at a moment."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class LicenceStock(SQLModel, table=True):
    """Seats of one product; the newest row of a product says what there is now.

    `enabled` seats can be given out, `consumed` are, `suspended` cannot be given any more.
    """

    __tablename__ = "licence_stock"
    __table_args__ = (
        CheckConstraint("sku <> ''", name="ck_licence_stock_sku"),
        CheckConstraint(
            "enabled >= 0 AND consumed >= 0 AND suspended >= 0", name="ck_licence_stock_seats"
        ),
    )

    sku: str = Field(primary_key=True)
    taken_at: datetime = Field(sa_column=Column(Instant, primary_key=True))
    enabled: int
    consumed: int
    suspended: int = 0
