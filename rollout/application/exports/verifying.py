"""`export verify`: is a file what was exported, and does the database still say the same of then?

Each question is answered by itself. The bytes: does the digest of the stamp fit? What the file
carries: is it whole up to there, and says it what the stamp beside it says? The history:
does the chain hold, and does it still have the very fact at which it ended when the export was
made? The totals: walked through again up to that fact, that measurement and that claim, does the
database count what the stamp says? A stamp can be made anew by whoever can alter the file: what
cannot be is the chain of which it names a link, and a digest that was kept somewhere else.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from rollout.application.exports import carried, evidence, stamp
from rollout.application.exports.count_words import count_words
from rollout.application.exports.machine_counts import comparable, count_page
from rollout.application.exports.stamp import Kind, NoStamp, Stamp
from rollout.domain.lifecycle import Described
from rollout.domain.machine import NEEDS_A_PERSON
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import history
from rollout.store.database import Database
from rollout.store.exporting import audit, past
from rollout.store.exporting.beside import Until
from rollout.store.exporting.reach import digest_at, facts_up_to
from rollout.store.history import Verdict
from rollout.store.machines import Filter

Progress = Callable[[int], None]


class Question(Described):
    """What is asked of an export."""

    BYTES = "bytes", "Is the file as it was written?"
    CARRIED = "carried", "Does what the file says of itself fit?"
    HISTORY = "history", "Is the history still the one of which it was made?"
    TOTALS = "totals", "Does the database count the same up to there?"
    CONTENTS = "contents", "Are exactly the files there that the manifest names?"


@dataclass(frozen=True)
class Answer:
    """`said` tells what was found, and what to do when it does not hold; `counts` what the database
    counts, by the names of a stamp."""

    question: Question
    holds: bool
    said: str
    counts: Mapping[str, int] = field(default_factory=dict)


def silent(rows: int) -> None:
    """Nobody wants to know how far it is."""


def walk(database: Database, progress: Progress = silent) -> Verdict:
    """Whether the chain holds: asked once for however many exports."""
    with database.read() as session:
        return history.verify(session, progress)


def verify(database: Database, settings: Settings, path: Path, chain: Verdict) -> list[Answer]:
    """Check one export. Raises NoStamp and OSError when there is nothing to check."""
    inside = carried.carried(path)
    beside = None if inside and not stamp.beside(path).exists() else stamp.read(path)
    made = beside or inside
    assert made is not None  # noqa: S101  (a file without either is refused by `read`)
    answers = [] if beside is None else [_bytes(path, beside)]
    if inside is not None:
        answers.append(_carried(path, inside, beside))
    with database.read() as session:
        answers += [_history(session, made, chain), _totals(session, settings, made)]
    return answers


def _bytes(path: Path, made: Stamp) -> Answer:
    sha256, size = stamp.digest(path)
    if sha256 == made.sha256:
        return Answer(Question.BYTES, True, f"{size:,} B, SHA-256 {sha256}")
    said = _("the file was changed: {found} is not {digest}; take a copy that fits").format(
        found=sha256, digest=made.sha256
    )
    return Answer(Question.BYTES, False, said)


def _carried(path: Path, inside: Stamp, beside: Stamp | None) -> Answer:
    if not carried.holds(path, inside):
        said = _("the file was changed: {digest} is not the digest of what is before it").format(
            digest=inside.sha256
        )
        return Answer(Question.CARRIED, False, said)
    if beside is not None and not carried.says_the_same(inside, beside):
        said = _("the file and the stamp beside it tell different things: one of them was changed")
        return Answer(Question.CARRIED, False, said)
    said = _("SHA-256 {digest} of {size} B before it").format(
        digest=inside.sha256, size=f"{inside.size:,}"
    )
    return Answer(Question.CARRIED, True, said)


def _history(session: Session, made: Stamp, verdict: Verdict) -> Answer:
    reach = made.reach
    if not verdict.holds and (verdict.broken_at or 0) <= reach.fact_id:
        said = _("the chain does not hold from row {row} on: {why}").format(
            row=verdict.broken_at or _("the end"), why=verdict.why
        )
        return Answer(Question.HISTORY, False, said)
    if digest_at(session, reach.fact_id) != reach.digest:
        said = _(
            "fact {fact} is not the one of which the export was made: it is of another database, "
            "or of one that a backup replaced"
        ).format(fact=reach.fact_id)
        return Answer(Question.HISTORY, False, said)
    facts = facts_up_to(session, reach.fact_id)
    if facts != reach.facts:
        said = _("{facts} {facts:fact|facts} up to there, the export says {said}").format(
            facts=facts, said=reach.facts
        )
        return Answer(Question.HISTORY, False, said)
    said = _("{facts} {facts:fact|facts} up to number {last}, the chain holds").format(
        facts=f"{facts:,}", last=reach.fact_id
    )
    return Answer(Question.HISTORY, True, said)


def _totals(session: Session, settings: Settings, made: Stamp) -> Answer:
    now = _counted(session, settings, made)
    names = sorted({*now, *made.counts}, key=lambda name: ("." in name, name))
    if _filter(made).needs_a_person:
        # What controls lacked is kept of today only.
        names = [f"state.{state.value}" for state in sorted(NEEDS_A_PERSON)]
    word = count_words()
    counts = {name: now[name] for name in names if now.get(name)}
    differing = [
        f"{word(name)}: {made.counts.get(name, 0):,} ≠ {now.get(name, 0):,}"
        for name in names
        if made.counts.get(name, 0) != now.get(name, 0)
    ]
    if differing:
        said = _("export ≠ database: {differing}").format(differing="; ".join(differing))
        return Answer(Question.TOTALS, False, said, counts)
    said = ", ".join(f"{word(name)} {number:,}" for name, number in counts.items())
    return Answer(Question.TOTALS, True, said or "0", counts)


def bound(made: Stamp) -> Until:
    """How far the database is read again. An export of its own day took what was there, whatever
    the clocks said; one of a moment before asks the clocks as well."""
    reach = made.reach
    at = made.moment if made.past else None
    return Until(at, reach.fact_id, reach.evidence_id, reach.claim_id)


def _counted(session: Session, settings: Settings, made: Stamp) -> Mapping[str, int]:
    if made.kind is Kind.AUDIT:
        counts = Counter({"facts": 0})
        noun = audit.FIELDS.index("noun")
        for page in audit.pages(session, made.reach.fact_id):
            counts["facts"] += len(page[noun])
            counts.update(f"noun.{name}" for name in page[noun])
        return counts
    if made.kind is Kind.EVIDENCE:
        extract = evidence.extract(
            session, settings, now=made.moment, wanted=_filter(made), until=bound(made)
        )
        for _page in extract.shown():
            pass
        return extract.counts
    found: Counter[str] = Counter()
    day = made.moment.astimezone(settings.programme.zone).date()
    for page in past.pages(session, _filter(made), bound(made), made.moment, day):
        count_page(page, found)
    return comparable(found, made.counts)


def _filter(made: Stamp) -> Filter:
    try:
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in made.filter.items()
        }
        return Filter(**given)
    except TypeError:
        raise NoStamp(
            _("the stamp has a filter that this version does not know: {filter}").format(
                filter=", ".join(made.filter)
            )
        ) from None
