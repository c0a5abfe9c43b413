"""The import of a list of people: one transaction; the same list again changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from rollout.application.ledger.rows import Ledger
from rollout.application.operators import Operator
from rollout.application.people.reading import DAY, Entry, Progress, read
from rollout.application.people.report import PeopleReport
from rollout.application.people.sign_in_names import SignInNames
from rollout.application.transfers.approvals import end_takeouts, show_devices
from rollout.application.transfers.relocations import relocations
from rollout.application.transfers.taking_effect import hold_slots, take_effect
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.notice import NoticeState
from rollout.domain.postings import PcFollows, Place, Posted, Timeline, end_after, post_from
from rollout.domain.text import match_key
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import departments, history, notices, postings
from rollout.store import ledger as store
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Person


class PeopleRefused(RolloutError):
    """The list cannot be taken in as it is; the message says what to do."""


class _Undo(Exception):
    """Ends the transaction without a trace: a dry run, or strict with bad rows."""


@dataclass(frozen=True)
class Order:
    """How a list is to be taken in. `end_missing` is how many missing people may be ended."""

    as_of: date | None = None
    dry_run: bool = False
    strict: bool = False
    end_missing: int | None = None


def import_people(
    database: Database,
    settings: Settings,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    order: Order,
    progress: Progress = lambda done, total: None,
) -> PeopleReport:
    """Bring people and their postings to what the list says; a dry run is rolled back.

    Raises NotPermitted, PeopleRefused, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if order.dry_run else OperatorRole.OPERATOR)
    report = PeopleReport(rows.source, rows.columns, order.dry_run)
    entries = read(rows, report, order.as_of, progress)
    try:
        with database.write() as session:
            writing = _Writing(session, settings, report, operator.name, now, order)
            writing.take(entries)
            if order.dry_run or (order.strict and report.faults):
                raise _Undo
    except _Undo:
        return report
    report.applied = True
    return report


@dataclass
class _Writing:
    session: Session
    settings: Settings
    report: PeopleReport
    actor: str
    now: datetime
    order: Order
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.today = self.now.astimezone(self.settings.programme.zone).date()
        self.first = min(self.settings.programme.start, self.today)
        self._sites = {match_key(name): id_ for name, id_ in store.sites(self.session).items()}
        self._departments: dict[tuple[str, str], list[departments.DepartmentRow]] = {}
        for row in departments.every(self.session):
            key = (match_key(row.bureau), match_key(row.division))
            self._departments.setdefault(key, []).append(row)

    def take(self, entries: dict[str, list[Entry]]) -> None:
        """Write everything, and say what it does to machines."""
        session, report = self.session, self.report
        known = {one.staff_number: one for one in store.every_person(session)}
        names = self._names(known).give(entries, report)
        new = [found[-1] for number, found in entries.items() if number not in known]
        store.add_people(
            session,
            [{"staff_number": one.staff_number, "name": one.name, "kana": one.kana,
              "department_id": None, "left_on": None} for one in new],
        )  # fmt: skip
        report.created = len(new)
        known = {one.staff_number: one for one in store.every_person(session)}
        made = {one.staff_number for one in new}
        lines = postings.timelines(session)
        changed: dict[int, Timeline] = {}
        leaving: dict[int, date] = {}
        changes: dict[int, dict[str, Any]] = {}
        for number, found in entries.items():
            person = known[number]
            before = lines.get(person.id, ())
            after = before or self._from_ledger(person)
            values, after = self._person(person, found, after, names)
            if values:
                changes[person.id] = values
            if after != before:
                changed[person.id] = after
            last = values.get("left_on")
            if last is not None:
                leaving[person.id] = last
            self._count(number, number in made, before or self._from_ledger(person), after, values)
        self._missing(known, lines, changed, leaving, changes)
        store.change(session, Person, changes)
        self._send_again({id_ for id_, values in changes.items() if "upn" in values})
        postings.replace(session, changed)
        report.leaving = len(leaving)
        numbers = {person.id: number for number, person in known.items()}
        report.relocations = relocations(
            session,
            self.settings,
            {numbers[id_]: (lines.get(id_, ()) or self._from_ledger(known[numbers[id_]]), line)
             for id_, line in changed.items()},
            {numbers[id_]: last for id_, last in leaving.items()},
            self.order.as_of or self.today,
        )  # fmt: skip
        self._remember(known, changed, changes, made)
        pc = PcFollows(self.settings.transfers.pc)
        report.effects = take_effect(session, self.today, pc, at=self.now)
        if self.order.as_of is not None and self.order.as_of > self.today:
            report.effects = take_effect(session, self.order.as_of, pc, at=self.now, write=False)
        # Whoever leaves later may have the PC outside until then; the daemon withdraws the rest.
        gone = [id_ for id_, last in leaving.items() if last <= self.today]
        later = set(leaving) - set(gone)
        for people, now in ((gone, True), (later, False)):
            end_takeouts(session, people, report.effects, actor=self.actor, at=self.now, write=now)
        show_devices(session, leaving, report.effects)
        hold_slots(session, leaving, report.effects, actor=self.actor, at=self.now)

    def _person(
        self,
        person: store.KnownPerson,
        found: list[Entry],
        line: Timeline,
        names: dict[str, str],
    ) -> tuple[dict[str, Any], Timeline]:
        values: dict[str, Any] = {}
        if person.staff_number in names:
            values["upn"] = names[person.staff_number]
        for name in ("name", "kana"):
            spelt = [said for entry in found if (said := getattr(entry, name))]
            if spelt and spelt[-1] != getattr(person, name):
                values[name] = spelt[-1]
        left = person.left_on
        for entry in found:
            # Where somebody was before the programme began does not matter, and departments are
            # known since then only.
            since = max(self.first, entry.since or (self.today if line else self.first))
            if entry.here and entry.bureau:
                place = Place(
                    self._department(entry, since),
                    self._site(entry.site) if entry.site else _site_before(line, since),
                    entry.post,
                )
                line = post_from(line, Posted(place, since, None, entry.pc))
            if entry.last_day is not None:
                line = end_after(line, entry.last_day)
                left = entry.last_day
            elif entry.here and left is not None and since > left:
                left = None
        if left != person.left_on:
            values["left_on"] = left
        marks = [entry.promoter for entry in found if entry.promoter is not None]
        if marks and marks[-1] != person.promoter:
            values["promoter"] = marks[-1]
        return values, line

    def _from_ledger(self, person: store.KnownPerson) -> Timeline:
        """What the ledger said before any list: it held since the programme's first day."""
        if person.department_id is None:
            return ()
        return (Posted(Place(person.department_id), self.first),)

    def _names(self, known: dict[str, store.KnownPerson]) -> SignInNames:
        from rollout.store import accounts

        people = accounts.people(self.session)
        taken = {one.upn.casefold(): one.staff_number for one in people if one.upn}
        kana = {number: person.kana for number, person in known.items()}
        return SignInNames(self.settings.accounts, taken, kana)

    def _department(self, entry: Entry, day: date) -> int:
        """The department of that name on that day; one that ended is followed, one that is not
        known is made."""
        key = (match_key(entry.bureau), match_key(entry.division))
        rows = self._departments.setdefault(key, [])
        for row in rows:
            if row.exists_on(day):
                return row.id
        heirs = {
            one.to_id for one in departments.lineage(self.session)
            if one.day <= day and one.to_id and one.from_id in {row.id for row in rows}
        }  # fmt: skip
        if len(heirs) == 1:
            self.report.remark(_OLD_NAME, entry.row.row)
            return heirs.pop()
        later = [row for row in rows if row.valid_from > day]
        if later:
            return later[0].id
        shown = f"{entry.bureau} {entry.division}".strip()
        since = day if rows else min(self.first, day)
        made = departments.add(self.session, entry.bureau, entry.division, since)
        rows.append(departments.DepartmentRow(made, entry.bureau, entry.division, since, None))
        self.report.new_departments.append(shown)
        self._fact("department", made, shown, "create", {"valid_from": since.isoformat()})
        return made

    def _site(self, name: str) -> int:
        key = match_key(name)
        if key not in self._sites:
            store.add_sites(self.session, [name])
            self._sites[key] = store.sites(self.session)[name]
            self.report.new_sites.append(name)
            self._fact("site", self._sites[key], name, "create", None)
        return self._sites[key]

    def _count(
        self, number: str, made: bool, before: Timeline, after: Timeline, values: dict[str, Any]
    ) -> None:
        if made:
            return
        if before == after and not values:
            self.report.unchanged += 1
            return
        self.report.changed += 1
        self.report.moved += {one.place.department_id for one in before} != {
            one.place.department_id for one in after
        }

    def _missing(
        self,
        known: dict[str, store.KnownPerson],
        lines: dict[int, Timeline],
        changed: dict[int, Timeline],
        leaving: dict[int, date],
        changes: dict[int, dict[str, Any]],
    ) -> None:
        gone = [
            person for number, person in sorted(known.items())
            if number not in self.report.named and person.left_on is None
        ]  # fmt: skip
        self.report.missing = [person.staff_number for person in gone]
        most = self.order.end_missing
        if most is None or not gone:
            return
        if len(gone) > most:
            raise PeopleRefused(
                _(
                    "{count} {count:person is|people are} missing from the list, more than the "
                    "{most} of --end-missing: is the list complete? nothing was changed"
                ).format(count=len(gone), most=most)
            )
        last = (self.order.as_of or self.today) - DAY
        for person in gone:
            line = lines.get(person.id, ()) or self._from_ledger(person)
            changed[person.id] = end_after(line, last)
            changes[person.id] = {"left_on": last}
            leaving[person.id] = last
        self.report.ended = len(gone)

    def _send_again(self, corrected: Collection[int]) -> None:
        """Mails that did not reach people go once more now that their address is another."""
        if not corrected:
            return
        ids = [
            letter.id
            for letter in notices.letters(self.session, [NoticeState.FAILED])
            if letter.person_id in corrected
        ]
        notices.again(self.session, ids, actor=self.actor, at=self.now, anew=True)
        self.report.mails_again = len(ids)

    def _remember(
        self,
        known: dict[str, store.KnownPerson],
        changed: dict[int, Timeline],
        changes: dict[int, dict[str, Any]],
        made: set[str],
    ) -> None:
        for number, person in known.items():
            if person.id not in changed and person.id not in changes and number not in made:
                continue
            detail: dict[str, Any] = {
                name: [_plain(getattr(person, name, None)), _plain(value)]
                for name, value in changes.get(person.id, {}).items()
            }
            if person.id in changed:
                detail["postings"] = [
                    [one.place.department_id, one.first.isoformat(), _plain(one.last)]
                    for one in changed[person.id]
                ]
            self._fact("person", person.id, number, "create" if number in made else "amend", detail)
        history.append(self.session, self.facts)

    def _fact(self, noun: str, id_: int, key: str, verb: str, detail: Any) -> None:
        self.facts.append(
            Fact(instant_text(self.now), self.actor, noun, id_, key, verb, None, None,
                 detail=canonical(detail) if detail else None)
        )  # fmt: skip


_OLD_NAME = msgid("the department has another name by that day: it was followed")


def _site_before(line: Timeline, day: date) -> int | None:
    current = next((one for one in line if one.holds_on(day)), None)
    return current.place.site_id if current else None


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
