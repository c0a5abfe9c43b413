"""The stock of licences, read again before anybody who goes by it calls it old."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts.directory import Directory, Product
from rollout.domain.account import CloudService
from rollout.settings import Settings
from rollout.store import licences
from rollout.store.database import Database

_READINGS = 4
"""Readings within the time after which the gate counts a stock as not known."""


def read_stock(database: Database, settings: Settings, directory: Directory, at: datetime) -> bool:
    """Read what was bought when the last reading is old; whether it was read. Raises DirectoryAway.

    What the gate asks for is among it, and what `[accounts]` gives.
    """
    given = settings.accounts.licences if CloudService.LICENCE in settings.accounts.services else ()
    wanted = {*settings.gates.licences, *given}
    if not wanted:
        return False
    with database.read() as session:
        last = licences.last_reading(session)
    if last is not None and at - last < timedelta(hours=settings.gates.licences_hours / _READINGS):
        return False
    products = directory.products()
    with database.write() as session:
        keep(session, products, at)
    return True


def keep(session: Session, products: Iterable[Product], at: datetime) -> None:
    """Keep what the directory said was bought."""
    for product in products:
        licences.record(
            session,
            product.part_number,
            enabled=product.enabled,
            consumed=product.consumed,
            suspended=product.suspended,
            taken_at=at,
        )
