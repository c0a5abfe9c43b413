"""Sites, departments and people that a ledger names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlmodel import Session

from rollout.application.ledger.parsing import Entry
from rollout.application.ledger.report import Change, ImportReport
from rollout.domain.history import Fact, canonical
from rollout.domain.text import match_key
from rollout.store import history, postings
from rollout.store import ledger as store
from rollout.store.columns import instant_text
from rollout.store.tables import Person

_BATCH = 5_000


@dataclass(frozen=True)
class Importing:
    """Who imports, when, and from which file."""

    actor: str
    now: datetime
    source: str

    def fact(
        self, noun: str, id_: int, key: str, verb: str, detail: object = None,
        to_state: str | None = None,
    ) -> Fact:  # fmt: skip
        """A fact of this import for the history."""
        return Fact(
            instant_text(self.now), self.actor, noun, id_, key, verb, None, to_state,
            detail=canonical(detail) if detail else None,
        )  # fmt: skip


class Organisation:
    """The ids of what the ledger names, made where they were missing.

    `today` is the programme's day, and `valid_from` the first day of departments that are new.
    """

    def __init__(
        self,
        session: Session,
        importing: Importing,
        report: ImportReport,
        *,
        today: date,
        valid_from: date,
    ) -> None:
        self._session, self._importing, self._report = session, importing, report
        self._today, self._valid_from = today, valid_from
        self._sites: dict[str, int] = {}
        self._departments: dict[tuple[str, str], int] = {}
        self._people: dict[str, int] = {}
        self._names: dict[tuple[str, int | None], str | None] = {}

    def bring_up_to_date(self, good: list[Entry]) -> None:
        """Make and update what the good rows name."""
        self._settle_sites(good)
        self._settle_departments(good)
        self._settle_people(good)

    def site_id(self, entry: Entry) -> int:
        """The place of a good entry."""
        return self._sites[match_key(entry.site)]

    def department_id(self, entry: Entry) -> int | None:
        """The department of an entry, if it names one."""
        return self._departments.get(_department_key(entry.bureau, entry.division))

    def owner_id(self, entry: Entry) -> int | None:
        """The person of an entry, if it names one."""
        return self._people.get(entry.staff_number) if entry.staff_number else None

    def shown(self, field: str, value: object) -> str | None:
        """A value of a column as people know it: names instead of ids."""
        if value is None:
            return None
        if field in ("site_id", "department_id"):
            return self._names.get((field, int(str(value))), str(value))
        return value.isoformat() if isinstance(value, date) else str(value)

    def _settle_sites(self, good: list[Entry]) -> None:
        known = store.sites(self._session)
        keys = {match_key(name) for name in known}
        new: dict[str, str] = {}
        for entry in good:
            key = match_key(entry.site)
            if key not in keys:
                new.setdefault(key, entry.site)
        store.add_sites(self._session, list(new.values()))
        known = store.sites(self._session)
        self._sites = {match_key(name): id_ for name, id_ in known.items()}
        self._names.update({("site_id", id_): name for name, id_ in known.items()})
        self._report.sites.created = len(new)
        self._report.sites.unchanged = len(keys & {match_key(entry.site) for entry in good})
        self._remember(
            self._importing.fact("site", known[name], name, "create") for name in new.values()
        )

    def _settle_departments(self, good: list[Entry]) -> None:
        existing = store.departments(self._session)
        self._find_departments(existing)
        named = {_department_key(entry.bureau, entry.division): entry for entry in reversed(good)}
        named.pop(("", ""), None)
        before = {(row.bureau, row.division) for row in existing}
        new = []
        for key, entry in named.items():
            if key in self._departments:
                continue
            # One of that name has ended before: its successor of the same name begins today.
            again = (entry.bureau, entry.division) in before
            new.append({
                "bureau": entry.bureau,
                "division": entry.division,
                "valid_from": self._today if again else self._valid_from,
            })  # fmt: skip
        store.add_departments(self._session, new)
        after = store.departments(self._session)
        self._find_departments(after)
        self._report.departments.created = len(new)
        self._report.departments.unchanged = len(named) - len(new)
        ids_before = {row.id for row in existing}
        self._remember(
            self._importing.fact(
                "department", row.id, _shown_department(row.bureau, row.division), "create",
                {"valid_from": row.valid_from.isoformat()},
            )
            for row in after if row.id not in ids_before
        )  # fmt: skip

    def _find_departments(self, rows: list[store.KnownDepartment]) -> None:
        """Those that exist today, else the next to come; never one that has ended."""
        self._departments = {}
        for row in rows:
            self._names["department_id", row.id] = _shown_department(row.bureau, row.division)
            if row.valid_to is None or row.valid_to >= self._today:
                self._departments.setdefault(_department_key(row.bureau, row.division), row.id)

    def _settle_people(self, good: list[Entry]) -> None:
        wanted = _entry_of_each_person(good)
        changes: dict[int, store.Row] = {}
        facts: list[Fact] = []
        listed = postings.listed(self._session)
        for known in store.every_person(self._session):
            entry = wanted.get(known.staff_number)
            if entry is None:
                continue
            self._people[known.staff_number] = known.id
            written = self._person_changes(known, self._person(entry))
            if known.id in listed:
                # A list of people says where they are posted, and from when on.
                written.pop("department_id", None)
            if not written:
                continue
            changes[known.id] = written
            detail = {}
            for name, value in written.items():
                old, now = self.shown(name, getattr(known, name)), self.shown(name, value)
                field = name.removesuffix("_id")
                detail[field] = [old, now]
                self._report.changed("person", field, Change(known.staff_number, old, now))
            number = known.staff_number
            facts.append(self._importing.fact("person", known.id, number, "amend", detail))
        store.change(self._session, Person, changes)
        self._remember(facts)
        tally = self._report.people
        tally.updated, tally.unchanged = len(changes), len(self._people) - len(changes)
        new = (entry for number, entry in wanted.items() if number not in self._people)
        self._add_people(list(new))

    def _add_people(self, new: list[Entry]) -> None:
        self._report.people.created = len(new)
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            last = store.last_id(self._session, Person)
            store.add_people(
                self._session,
                [{"staff_number": entry.staff_number, **self._person(entry)} for entry in batch],
            )
            made = store.made_since(self._session, Person, "staff_number", last)
            self._people.update(made)
            self._remember(
                self._importing.fact("person", id_, number, "create")
                for number, id_ in made.items()
            )

    def _person(self, entry: Entry) -> store.Row:
        left_on = (entry.left_on or self._today) if entry.left else None
        return {
            "name": entry.owner,
            "kana": entry.kana,
            "department_id": self.department_id(entry) if entry.personal else None,
            "left_on": left_on,
        }

    @staticmethod
    def _person_changes(known: store.KnownPerson, row: store.Row) -> store.Row:
        """What the ledger says otherwise; what it does not say stays, and so does a leaving day."""
        return {
            name: value
            for name, value in row.items()
            if value not in (None, "")
            and value != getattr(known, name)
            and not (name == "left_on" and known.left_on is not None)
        }

    def _remember(self, facts: Iterable[Fact]) -> None:
        history.append(self._session, list(facts))


def _entry_of_each_person(good: list[Entry]) -> dict[str, Entry]:
    """Staff number -> row; that of somebody's own PC says more than a shared one's."""
    found: dict[str, Entry] = {}
    for entry in good:
        number = entry.staff_number
        if number is None:
            continue
        before = found.get(number)
        if before is None or (entry.personal and not before.personal):
            found[number] = entry
    return found


@lru_cache(maxsize=8192)
def _department_key(bureau: str, division: str) -> tuple[str, str]:
    return match_key(bureau), match_key(division)


def _shown_department(bureau: str, division: str) -> str:
    return f"{bureau} {division}".strip()
