"""Queries on how far a directory's changes have been read."""

from datetime import datetime

from sqlmodel import Session

from rollout.store.tables import DirectoryCursor


def of(session: Session, kind: str, tenant_id: str) -> DirectoryCursor | None:
    """How far that directory's changes were read."""
    known = session.get(DirectoryCursor, kind)
    return known if known is not None and known.tenant_id == tenant_id else None


def keep(session: Session, kind: str, tenant_id: str, link: str | None, at: datetime) -> None:
    """Changes were read up to `link`; None: the next time everything is read again."""
    session.merge(DirectoryCursor(kind=kind, tenant_id=tenant_id, link=link, read_at=at))
    session.flush()
