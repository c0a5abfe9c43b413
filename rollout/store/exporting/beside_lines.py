"""What lies beside machines in other tables, as cells of their lines: see `lines`."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import case, func, null, select
from sqlmodel import Session, col

from rollout.domain.account import ACCOUNT
from rollout.domain.controls import Verdict
from rollout.store.exporting.beside import Accounts, Controls, Takeouts, Until, rewriting, summary
from rollout.store.exporting.texts import SAFE, TEXT, among, moment, plain
from rollout.store.tables import Account, Evidence

Words = Mapping[str, Mapping[Any, str]]
_ONE, _NEXT = "\x1d", "\x1c"
"""Between control and verdict, and between controls, where the database strings them up."""


class AccountLines:
    """The state of each service of the owners, in words."""

    _NONE = TEXT * len(Accounts.FIELDS)

    def __init__(self, session: Session, words: Words) -> None:
        self._session, self._cells = session, _Accounts(words)
        self._any = session.connection().execute(select(col(Account.id)).limit(1)).first()

    def of(self, owners: Sequence[int | None]) -> Sequence[str]:
        """In the order of the owners."""
        ids = {owner for owner in owners if owner is not None}
        if not ids or self._any is None:
            return [self._NONE] * len(owners)
        it = Account
        statement = (
            select(
                col(it.person_id),
                func.aggregate_strings(col(it.service) + _ONE + col(it.state), _NEXT),
            )
            .where(among(col(it.person_id), ids), col(it.state) != ACCOUNT.initial.value)
            .group_by(col(it.person_id))
        )
        cells = self._cells
        found: dict[int | None, str] = {
            person: cells[strung] for person, strung in plain(self._session, statement)
        }
        none = self._NONE
        return [found.get(owner, none) for owner in owners]


class _Accounts(dict[str, str]):
    """Cells by what the database strings up: there are few different ones."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, strung: str) -> str:
        states = dict(one.split(_ONE) for one in strung.split(_NEXT))
        said = self[strung] = "".join(
            TEXT + self._words[name].get(states.get(name), states.get(name) or "")
            for name in Accounts.FIELDS
        )
        return said


class TakeoutLines:
    """The application under way that ends last, and the PIN of the disk: few machines have one."""

    _NONE = f"{TEXT}{SAFE}{SAFE}{TEXT}"

    def __init__(self, session: Session, words: Words) -> None:
        self._takeouts, self._words = Takeouts(session), words

    def of(self, machines: Sequence[int]) -> Sequence[str]:
        """In the order of the machines."""
        columns = self._takeouts.of(machines)
        if not any(columns[0]) and not any(columns[3]):
            return [self._NONE] * len(machines)
        out, pin = self._words["take_out"], self._words["disk_pin"]
        return [
            f"{TEXT}{out.get(state, state) or ''}{SAFE}{begin or ''}{SAFE}{end or ''}"
            f"{TEXT}{pin.get(disk, disk) or ''}"
            for state, begin, end, disk in zip(*columns, strict=True)
        ]


class ControlLines:
    """The last verdict on each control since the disk was last rewritten, summed up, and when the
    last of them was measured."""

    _NONE: tuple[str, str | None] = (f"{SAFE}{SAFE}{SAFE}{TEXT}", None)

    def __init__(self, session: Session) -> None:
        self._session, self._all = session, Controls(session)

    def of(self, machines: Sequence[int]) -> tuple[Sequence[str], Sequence[str | None]]:
        """In the order of the machines: cells, and moments as they are kept."""
        it = Evidence
        passed = col(it.verdict) == Verdict.PASS.value
        statement = (
            select(
                col(it.machine_id),
                func.count(),
                func.aggregate_strings(
                    case((passed, null()), else_=col(it.control) + _ONE + col(it.verdict)), _NEXT
                ),
                func.count(case((passed, null()), else_=1)),
                moment(self._session, func.max(it.measured_at)),
                func.min(it.epoch),
                func.max(it.epoch),
            )
            .where(among(col(it.machine_id), machines))
            .group_by(col(it.machine_id))
        )
        since = {id_: epoch for id_, epoch in plain(  # noqa: C416
            self._session, rewriting(machines, Until())
        )}  # fmt: skip
        found: dict[int, tuple[str, str | None]] = {}
        several = []
        for machine, count, strung, bad, at, first, last in plain(self._session, statement):
            once = first == last and first > since.get(machine, 0)
            cells = _cells(count, strung, bad) if once else ""
            if cells:
                found[machine] = (cells, at)
            else:
                several.append(machine)
        if several:
            found.update(self._of_several(several))
        none = self._NONE
        rows = [found.get(machine, none) for machine in machines]
        return [cells for cells, _at in rows], [at for _cells, at in rows]

    def _of_several(self, machines: Sequence[int]) -> Mapping[int, tuple[str, str | None]]:
        """Measured more than once: which verdict is the last is not asked in SQL."""
        columns = self._all.of(machines)
        return {
            machine: (_told(passed, failed, pending, lacking), at)
            for machine, passed, failed, pending, lacking, at in zip(
                machines, *columns, strict=True
            )
        }


@lru_cache(maxsize=4096)
def _cells(count: int, strung: str | None, bad: int) -> str:
    """Cells of so many controls, of which the database strings up those that did not pass; most
    machines have the same. Empty when a name has one of our signs in it."""
    verdicts = [one.split(_ONE) for one in strung.split(_NEXT)] if strung else []
    if len(verdicts) != bad or any(len(one) != 2 for one in verdicts):
        return ""
    said = summary(tuple((control, verdict) for control, verdict in verdicts))
    return _told(count - bad, said.failed, said.pending, said.lacking)


def _told(passed: int | None, failed: int | None, pending: int | None, lacking: str | None) -> str:
    numbers = ("" if number is None else number for number in (passed, failed, pending))
    return "".join(f"{SAFE}{number}" for number in numbers) + f"{TEXT}{lacking or ''}"
