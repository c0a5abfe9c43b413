"""Groups of departments that are renamed, merged and split on a day."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.ledger.lists import open_list
from rollout.application.accounts.plan import Proposal, Scope, begin, propose
from rollout.application.operators import Operator
from rollout.application.transfers.reorganising import import_departments
from rollout.settings import OperatorRole

OPERATOR = Operator("operator", OperatorRole.OPERATOR)
SERVICES = 'services = ["identity", "groupware"]'


class HandClock:
    """The tenant's time and ours, moved together."""

    def __init__(self, prefecture: Any) -> None:
        self._prefecture, self.moment = prefecture, prefecture.app.clock.now()
        prefecture.app.clock = self

    def now(self) -> Any:
        return self.moment

    def forward(self, days: float) -> None:
        step = timedelta(days=days)
        self.moment += step
        self._prefecture.control("advance", {"seconds": step.total_seconds()})


def _plan(prefecture: Any, as_of: date | None = None) -> Proposal:
    app = prefecture.app
    return propose(app.database, app.settings, app.directory, Scope(), OPERATOR, app.clock.now(),
                   as_of)  # fmt: skip


def _apply(prefecture: Any) -> None:
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    for _ in range(20):
        if app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def _groups(prefecture: Any) -> dict[str, tuple[str, int]]:
    """Name and number of members by the address before the @."""
    tenant = prefecture.dump()
    members = [one["group"] for one in tenant["memberships"].values()]
    return {
        group["mailNickname"]: (group["displayName"], members.count(group["id"]))
        for group in tenant["groups"].values()
    }


def _reorganise(prefecture: Any, folder: Path, day: date, *rows: str) -> None:
    file = folder / "departments.csv"
    lines = ["旧部局,旧所属,新部局,新所属,施行日", *(f"{row},{day}" for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    app = prefecture.app
    report = import_departments(
        app.database, app.settings, open_list(file, "departments"), operator=OPERATOR,
        now=app.clock.now(), as_of=None,
    )  # fmt: skip
    assert report.applied, report.faults


@pytest.fixture
def start(found: Callable[..., Any]) -> Callable[..., tuple[Any, HandClock, date]]:
    """Four people in two departments, with their groups, and a day soon."""

    def make(more: str = "") -> tuple[Any, HandClock, date]:
        prefecture = found(f"{SERVICES}\n{more}", behaviour={"token_seconds": 1e9})
        prefecture.employ(4, departments=2)
        clock = HandClock(prefecture)
        _plan(prefecture)
        _apply(prefecture)
        today = clock.now().astimezone(prefecture.app.settings.programme.zone).date()
        return prefecture, clock, today + timedelta(days=3)

    return make


def test_a_renamed_department_keeps_its_group_and_address_under_the_new_name(
    start: Callable[..., tuple[Any, HandClock, date]], tmp_path: Path
) -> None:
    prefecture, clock, day = start()
    _reorganise(prefecture, tmp_path, day, "第1部,課,デジタル部,推進課")

    before = _plan(prefecture, day)
    assert [(one.before, one.after, one.keeps) for one in before.reorganised] == [
        ("第1部 課", "デジタル部 推進課", True)
    ]
    assert [(one.before, one.after) for one in before.new_names] == [
        ("第1部 課", "デジタル部 推進課")
    ]
    assert not before.moves
    assert not _plan(prefecture).new_names

    clock.forward(4)
    decided = _plan(prefecture).decisions
    assert {one.action.value for one in decided if one.service == "groupware"} == {"keep"}
    changed = [one.cause for one in decided if one.action == "change"]
    assert [str(one) for one in changed] == [
        "in the directory: department 第1部 課 → デジタル部 推進課"
    ] * 2
    _apply(prefecture)

    assert _groups(prefecture) == {
        "department-1": ("デジタル部 推進課", 2),
        "department-2": ("第2部 課", 2),
    }
    clock.forward(30)
    after = _plan(prefecture)
    assert not after.new_names
    assert {one.action.value for one in after.decisions} == {"keep"}
    assert prefecture.chain_holds()


def test_somebody_who_joins_a_renamed_department_joins_the_group_that_it_kept(
    start: Callable[..., tuple[Any, HandClock, date]], tmp_path: Path
) -> None:
    prefecture, clock, day = start()
    _reorganise(prefecture, tmp_path, day, "第1部,課,デジタル部,推進課")
    clock.forward(4)
    with prefecture.app.database.write() as session:
        from rollout.store.tables import Person

        session.add(Person(staff_number="000009", name="新人", department_id=3))

    _plan(prefecture)
    _apply(prefecture)

    assert _groups(prefecture)["department-1"] == ("デジタル部 推進課", 3)
    assert len(_groups(prefecture)) == 2


def test_as_configured_a_renamed_department_gets_a_group_of_its_own(
    start: Callable[..., tuple[Any, HandClock, date]], tmp_path: Path
) -> None:
    for more in ('renamed_groups = "new"', 'nicknames = {"デジタル部 推進課" = "digital"}'):
        prefecture, clock, day = start(more)
        _reorganise(prefecture, tmp_path, day, "第1部,課,デジタル部,推進課")
        clock.forward(4)
        (change,) = _plan(prefecture, day + timedelta(days=1)).reorganised or [None]
        assert change is None
        _plan(prefecture)
        _apply(prefecture)

        groups = _groups(prefecture)
        own = "digital" if "digital" in more else "department-3"
        assert groups[own] == ("デジタル部 推進課", 2)
        assert groups["department-1"] == ("第1部 課", 2)
        clock.forward(15)
        _plan(prefecture)
        _apply(prefecture)
        assert _groups(prefecture)["department-1"] == ("第1部 課", 0)


def test_after_a_merger_people_join_the_new_group_and_leave_the_old_ones_later(
    start: Callable[..., tuple[Any, HandClock, date]], tmp_path: Path
) -> None:
    prefecture, clock, day = start()
    _reorganise(prefecture, tmp_path, day, "第1部,課,統合部,課", "第2部,課,統合部,課")

    shown = _plan(prefecture, day)
    assert {(one.kind, one.after, one.keeps) for one in shown.reorganised} == {
        ("merged", "統合部 課", False)
    }
    assert len(shown.moves) == 4
    clock.forward(4)
    _plan(prefecture)
    _apply(prefecture)
    assert _groups(prefecture)["department-3"] == ("統合部 課", 4)
    assert _groups(prefecture)["department-1"] == ("第1部 課", 2)

    clock.forward(15)
    _plan(prefecture)
    _apply(prefecture)
    assert {name: size for name, (_shown, size) in _groups(prefecture).items()} == {
        "department-1": 0, "department-2": 0, "department-3": 4,
    }  # fmt: skip
    assert {one.action.value for one in _plan(prefecture).decisions} == {"keep"}


def test_a_department_that_takes_another_in_and_keeps_its_name_keeps_its_group(
    start: Callable[..., tuple[Any, HandClock, date]], tmp_path: Path
) -> None:
    prefecture, clock, day = start()
    _reorganise(prefecture, tmp_path, day, "第1部,課,第1部,課", "第2部,課,第1部,課")

    clock.forward(4)
    _plan(prefecture)
    _apply(prefecture)
    assert _groups(prefecture) == {"department-1": ("第1部 課", 4), "department-2": ("第2部 課", 2)}

    clock.forward(15)
    _plan(prefecture)
    _apply(prefecture)
    assert _groups(prefecture) == {"department-1": ("第1部 課", 4), "department-2": ("第2部 課", 0)}
    assert {one.action.value for one in _plan(prefecture).decisions} == {"keep"}


def test_a_new_name_that_is_refused_keeps_nobody_out_of_the_group(
    found: Callable[..., Any], tmp_path: Path
) -> None:
    roles = (
        "User.ReadWrite.All",
        "Group.Create",
        "GroupMember.ReadWrite.All",
        "GroupMember.Read.All",
        "Organization.Read.All",
    )
    prefecture = found(SERVICES, roles=roles, behaviour={"token_seconds": 1e9})
    prefecture.employ(2)
    clock = HandClock(prefecture)
    _plan(prefecture)
    _apply(prefecture)
    today = clock.now().astimezone(prefecture.app.settings.programme.zone).date()
    _reorganise(prefecture, tmp_path, today + timedelta(days=1), "第1部,課,デジタル部,推進課")
    clock.forward(2)
    with prefecture.app.database.write() as session:
        from rollout.store.tables import Person

        session.add(Person(staff_number="000009", name="新人", department_id=2))

    _plan(prefecture)
    _apply(prefecture)

    assert _groups(prefecture) == {"department-1": ("第1部 課", 3)}
