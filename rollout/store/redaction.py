"""Taking text out of the history while its chain holds.

The digest of a row covers its text and a random salt. A redaction replaces the text, empties the
salt and leaves the digest, which the rows behind it are chained to; a fact of the verb `forget` at
the end of the chain names each such row with the digest of what stands there now. Whoever replaces
text without such a fact is found by `audit verify`.
"""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import String, Table, func, or_, select, type_coerce, update
from sqlmodel import Session

from rollout.domain.history import Fact, canonical, content_digest
from rollout.domain.personal import Traces
from rollout.domain.redactions import FORGET
from rollout.store import history
from rollout.store.tables import AuditRow

_AS_KEPT = {"reason": String()}
_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]


class Text(NamedTuple):
    """What a redaction may replace in a row."""

    id: int
    noun: str
    noun_id: int
    key: str
    reason: str | None
    detail: str | None


def about(session: Session, person_id: int, traces: Traces) -> Iterator[tuple[Text, Text]]:
    """The rows that tell of a person, each with what may stay of it.

    Rows of the person keep a pseudonym instead of the key and lose their detail; in other rows
    only the person's values are replaced by it.
    """
    audit = _AUDIT.c
    near = [
        condition
        for pattern in traces.patterns
        for condition in (
            audit.reason.like(pattern, escape="\\"),
            audit.detail.like(pattern, escape="\\"),
            # The key of a machine is its asset tag, which is nobody's.
            audit.key.like(pattern, escape="\\") & (audit.noun != "machine"),
        )
    ]
    own = (audit.noun == "person") & (audit.noun_id == person_id)
    # As they are kept: the texts of the history are not read in anybody's language here.
    columns = (
        type_coerce(audit[name], _AS_KEPT.get(name, audit[name].type)) for name in Text._fields
    )
    rows = session.connection().execute(
        select(*columns).where(or_(own, *near), audit.verb != FORGET).order_by(audit.id)
    )
    for row in rows.all():
        before = Text(*row)
        reason = traces.removed(before.reason)
        if before.noun == "person" and before.noun_id == person_id:
            after = before._replace(key=pseudonym(person_id), reason=reason, detail=None)
        else:
            after = before._replace(
                key=before.key if before.noun == "machine" else traces.removed(before.key) or "",
                reason=reason,
                detail=_without(traces, before.detail),
            )
        if after != before:
            yield before, after


def pseudonym(person_id: int) -> str:
    """What is left of a staff number; unique, and nobody's."""
    return f"forgotten-{person_id}"


def _without(traces: Traces, detail: str | None) -> str | None:
    if detail is None:
        return None
    return canonical(_scrubbed(traces, json.loads(detail)))


def _scrubbed(traces: Traces, value: object) -> object:
    if isinstance(value, dict):
        return {key: _scrubbed(traces, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(traces, inner) for inner in value]
    return traces.removed(value, whole=True) if isinstance(value, str) else value


def redact(session: Session, rows: Sequence[Text], fact: Fact) -> int:
    """Replace the text of `rows` by theirs, and say so with `fact`; how many rows.

    `fact` gets its detail here.
    """
    named = {str(row.id): content_digest(row.key, row.reason, row.detail) for row in rows}
    history.append(session, [fact._replace(verb=FORGET, detail=canonical({"rows": named}))])
    said = session.connection().execute(select(func.max(_AUDIT.c.id))).scalar_one()
    for row in rows:
        session.connection().execute(
            update(_AUDIT)
            .where(_AUDIT.c.id == row.id)
            .values(key=row.key, reason=row.reason, detail=row.detail, salt=None, redacted_by=said)
        )
    session.expire_all()
    return len(rows)
