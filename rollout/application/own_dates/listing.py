"""What limits the days of single machines and people, from every source, for people to read."""

from datetime import date
from typing import Literal, NamedTuple

from rollout.settings import DateRange, Settings
from rollout.store import own_dates as store
from rollout.store.database import Database

Kind = Literal["pinned", "window", "absence", "training"]


class OwnDate(NamedTuple):
    """One limit; `name` is an asset tag or a staff number, `imported` False: rollout.toml."""

    noun: Literal["machine", "person"]
    name: str
    kind: Kind
    first: date
    last: date
    imported: bool
    note: str = ""


def own_dates(database: Database, settings: Settings, name: str | None = None) -> list[OwnDate]:
    """Every limit, or those of one asset tag or staff number, by name and day."""
    found = [*_configured(settings), *_imported(database)]
    wanted = [entry for entry in found if name is None or entry.name == name]
    return sorted(wanted, key=lambda entry: (entry.noun, entry.name, entry.first, entry.kind))


def _configured(settings: Settings) -> list[OwnDate]:
    found = []
    for tag, machine in settings.machines.items():
        if machine.pinned:
            found.append(OwnDate("machine", tag, "pinned", machine.pinned, machine.pinned, False))
        found += _window("machine", tag, machine.window)
    for number, person in settings.people.items():
        found += _window("person", number, person.window)
        found += [
            OwnDate("person", number, "absence", away.first, away.last, False)
            for away in person.absences
        ]
        if person.trained_on:
            day = person.trained_on
            found.append(OwnDate("person", number, "training", day, day, False))
    return found


def _window(
    noun: Literal["machine", "person"], name: str, window: DateRange | None
) -> list[OwnDate]:
    if window is None:
        return []
    return [OwnDate(noun, name, "window", window.first, window.last, False)]


def _imported(database: Database) -> list[OwnDate]:
    with database.read() as session:
        tags = {id_: tag for tag, id_ in store.machines(session).items()}
        numbers = {id_: number for number, id_ in store.people(session).items()}
        machines, people = store.of_machines(session), store.of_people(session)
        absences = store.absences(session)
    found = [
        *_agreed("machine", "pinned", {tags[id_]: dates for id_, dates in machines.items()}),
        *_agreed("person", "training", {numbers[id_]: dates for id_, dates in people.items()}),
    ]
    for id_, entries in absences.items():
        found += [
            OwnDate("person", numbers[id_], "absence", away.first, away.last, True, away.note)
            for away in entries
        ]
    return found


def _agreed(
    noun: Literal["machine", "person"], day: Kind, by_name: dict[str, store.Agreed]
) -> list[OwnDate]:
    found = []
    for name, dates in by_name.items():
        if dates.day:
            found.append(OwnDate(noun, name, day, dates.day, dates.day, True, dates.note))
        if dates.window_first and dates.window_last:
            span = (dates.window_first, dates.window_last)
            found.append(OwnDate(noun, name, "window", *span, True, dates.note))
    return found
