"""The history for the auditor, row by row as it is chained."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from rollout.store.exporting.texts import kept, moment
from rollout.store.tables import AuditRow

PAGE = 5_000
FIELDS = (
    "id", "at", "actor", "noun", "noun_id", "key", "verb", "from_state", "to_state", "reason",
    "run_id", "version", "detail", "redacted_by", "salt", "digest",
)  # fmt: skip


def pages(session: Session, until: int, *, size: int = PAGE) -> Iterator[Sequence[Sequence[Any]]]:
    """Columns of FIELDS, up to the fact `until`."""
    it = AuditRow
    statement = (
        select(col(it.id), moment(session, it.at), col(it.actor), col(it.noun), col(it.noun_id),
               col(it.key), col(it.verb), col(it.from_state), col(it.to_state), kept(it.reason),
               col(it.run_id), col(it.version), col(it.detail), col(it.redacted_by),
               col(it.salt), col(it.digest))
        .where(col(it.id) > bindparam("after"), col(it.id) <= until)
        .order_by(col(it.id))
        .limit(size)
    )  # fmt: skip
    after: int | None = 0
    while rows := session.connection().execute(statement, {"after": after}).all():
        after = rows[-1][0]
        yield [*zip(*rows, strict=True)]
        if len(rows) < size:
            break
