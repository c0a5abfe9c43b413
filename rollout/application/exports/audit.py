"""`export audit`: the history with its hash chain.

Rows are told as they are chained (moments in UTC, reasons as they are kept), so that a program can
follow the chain in a JSON export without the database; people read words and reasons in their
language.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from rollout.application.exports.extract import Column, Extract, Page, local, why
from rollout.application.exports.forms import iso
from rollout.application.exports.stamp import Kind
from rollout.application.fact_words import fact_words
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.exporting import audit
from rollout.store.exporting.reach import reach_at


@contextmanager
def open_audit(
    database: Database, settings: Settings, *, now: datetime, as_of: datetime | None = None
) -> Iterator[Extract]:
    """One consistent view of the history; write it out before the block ends."""
    with database.read() as session:
        yield extract(session, settings, now=now, as_of=as_of)


def extract(
    session: Session, settings: Settings, *, now: datetime, as_of: datetime | None = None
) -> Extract:
    """The same in a transaction that is open already."""
    zone = settings.programme.zone
    reach = reach_at(session, as_of)
    counts: Counter[str] = Counter()
    moment = iso(as_of or now, zone) or ""
    return Extract(
        kind=Kind.AUDIT,
        title=_("History"),
        columns=columns(zone),
        pages=_counted(audit.pages(session, reach.fact_id), counts),
        total=reach.facts,
        as_of=moment,
        past=as_of is not None,
        programme=settings.programme.name,
        reach=reach,
        head={
            "programme": settings.programme.name,
            "as_of": moment,
            "facts": reach.facts,
            "last": reach.fact_id,
            "chain": reach.digest,
        },
        facts=[
            (_("Programme"), settings.programme.name),
            (_("As of"), moment),
            (_("Facts"), reach.facts),
            (_("End of the chain"), reach.digest),
        ],
        counts=counts,
    )


def _counted(pages: Iterator[Page], counts: Counter[str]) -> Iterator[Page]:
    counts["facts"] = 0
    noun = audit.FIELDS.index("noun")
    for page in pages:
        counts["facts"] += len(page[noun])
        for name, number in Counter(page[noun]).items():
            counts[f"noun.{name}"] += number
        yield page


def columns(zone: ZoneInfo) -> tuple[Column, ...]:
    """In the order of `store.exporting.audit.FIELDS`."""
    words = fact_words()
    found = (
        Column("id", _("No."), holds="number", width=9),
        Column("at", _("At"), "moment", local(zone), width=20),
        Column("actor", _("Who"), width=14),
        Column("noun", _("About"), show=words.noun, width=12),
        Column("noun_id", _("Its number"), holds="number", width=9),
        Column("key", _("Its name"), width=28),
        Column("verb", _("What"), show=words.verb, width=14, along="noun"),
        Column("from_state", _("From"), show=words.state, width=12, along="noun"),
        Column("to_state", _("To"), show=words.state, width=12, along="noun"),
        Column("reason", _("Reason"), show=why(), width=34),
        Column("run_id", _("Run"), holds="number", width=8),
        Column("version", _("Version"), holds="number", width=8),
        Column("detail", _("Detail"), width=30),
        Column("redacted_by", _("Text taken out by"), holds="number", width=10),
        Column("salt", _("Salt"), width=34, printed=False),
        Column("digest", _("Digest"), width=66, printed=False),
    )
    assert tuple(column.key for column in found) == audit.FIELDS  # noqa: S101  (mixed columns)
    return found
