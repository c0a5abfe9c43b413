"""Names to sign in with: those of the list, and those that the rule makes of people's names.

Each name belongs to one person. What a list or the rule cannot give leaves the person's rows out,
with the row and what to do.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from rollout.application.people.reading import Entry
from rollout.application.people.report import PeopleReport
from rollout.application.people.words import upn_of
from rollout.domain.romaji import romaji
from rollout.domain.text import ValueRefused
from rollout.domain.words import msgid
from rollout.settings.accounts import Accounts

_apart = re.compile(r"[ ,]+").split
_HIGHEST = 999


class SignInNames:
    """Gives everybody of a list a name; `taken` are the names that there are, with their people."""

    def __init__(
        self, settings: Accounts, taken: Mapping[str, str], kana: Mapping[str, str]
    ) -> None:
        self._settings, self._kana = settings, kana
        self._owner = dict(taken)
        """Staff number by name."""
        self._named = {number: name for name, number in taken.items()}

    def give(self, entries: dict[str, list[Entry]], report: PeopleReport) -> dict[str, str]:
        """New names by staff number; people who can get none are taken out of `entries`."""
        found: dict[str, str] = {}
        before = dict(self._named)
        by_rule = bool(self._settings.upn_fields - {"staff_number"})
        # Given names first: what the rule makes has to keep out of their way.
        for number in sorted(entries):
            for entry in entries.get(number, []):
                if entry.upn and not self._take(found, number, entry.upn):
                    self._refuse(entries, report, entry, "upn", self._taken(entry.upn))
                    break
        for number in sorted(entries) if by_rule else ():
            last = entries[number][-1]
            if number in found or number in self._named or not last.here:
                continue
            try:
                self._take(found, number, self._make(last))
            except _CannotBeMade as error:
                self._refuse(entries, report, last, error.field, error.refused)
        # Two rows of one person may name the old one and the new one.
        return {number: name for number, name in found.items() if before.get(number) != name}

    def _take(self, found: dict[str, str], number: str, name: str) -> bool:
        if self._owner.get(name, number) != number:
            return False
        self._owner[name] = number
        if self._named.get(number) != name:
            found[number] = self._named[number] = name
        return True

    def _make(self, entry: Entry) -> str:
        parts = _Parts(entry, self._kana.get(entry.staff_number, ""))
        values = {name: parts.of(name) for name in self._settings.upn_fields}
        made = self._settings.upn.format(**values).casefold()
        try:
            checked = upn_of(made)
        except ValueRefused:
            checked = None
        if checked is None:
            field = "nickname" if "nickname" in values else "romaji"
            raise _CannotBeMade(field, made, _NO_NAME, _GIVE_IT)
        return self._free(checked)

    def _free(self, name: str) -> str:
        if name not in self._owner:
            return name
        local, _at, domain = name.partition("@")
        if self._settings.upn_when_taken == "number":
            for number in range(2, _HIGHEST):
                other = f"{local[:61]}{number}@{domain}"
                if other not in self._owner:
                    return other
        raise _CannotBeMade("upn", name, _OTHERS, _GIVE_IT, other=self._owner[name])

    def _taken(self, name: str) -> ValueRefused:
        return ValueRefused(name, _OTHERS, _ONE_EACH, other=self._owner[name])

    @staticmethod
    def _refuse(
        entries: dict[str, list[Entry]],
        report: PeopleReport,
        entry: Entry,
        field: str,
        refused: ValueRefused,
    ) -> None:
        report.refuse(entry.row, field, refused)
        # Another row of the same person alone would tell half of what happens to them.
        report.good -= len(entries.pop(entry.staff_number))


class _Parts:
    """The parts of one person's name in Roman letters, family name first."""

    def __init__(self, entry: Entry, kana: str) -> None:
        self._entry = entry
        self._kana = entry.kana or kana

    def of(self, field: str) -> str:
        if field == "staff_number":
            return self._entry.staff_number
        if field == "nickname":
            if not self._entry.nickname:
                raise _CannotBeMade("nickname", "", _EMPTY, _GIVE_IT)
            return self._entry.nickname
        name, _underline, initial = field.partition("_")
        part = self._names()[0 if name == "family" else 1]
        return part[:1] if initial else part

    def _names(self) -> Sequence[str]:
        given = self._entry.romaji
        field, text = ("romaji", given) if given else ("kana", self._kana)
        parts = [part for part in _apart(text) if part]
        if len(parts) != 2:
            raise _CannotBeMade(field, text, _NOT_TWO, _WRITE_APART)
        letters = list(_letters(parts))
        if not all(letters):
            raise _CannotBeMade(field, text, _NO_READING, _GIVE_IT)
        return letters


def _letters(parts: Iterable[str]) -> Iterable[str]:
    for part in parts:
        # A hyphen or an apostrophe of a foreign name goes.
        plain = re.sub("['’-]", "", part)
        yield romaji(plain) or ""


class _CannotBeMade(Exception):
    """The rule cannot make a name of what the list has."""

    def __init__(self, field: str, value: str, reason: str, remedy: str, **details: object) -> None:
        self.field = field
        self.refused = ValueRefused(value, reason, remedy, **details)


_GIVE_IT = msgid("give the name to sign in with in a column of its own (UPN)")
_ONE_EACH = msgid("give each person another name, or leave the cell empty for the rule")
_OTHERS = msgid("the name to sign in with belongs to {other}")
_EMPTY = msgid("the nickname is empty, and the rule for names to sign in with needs it")
_NO_NAME = msgid("the rule makes {value} of this, which is no name to sign in with")
_NO_READING = msgid("this cannot be written in Roman letters")
_NOT_TWO = msgid("family and given name cannot be told apart here")
_WRITE_APART = msgid(
    "write a space between them in the kana, fill in the column ローマ字, or give the name to sign "
    "in with (UPN)"
)
