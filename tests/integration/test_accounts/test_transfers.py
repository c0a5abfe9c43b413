"""People who move join the new department's group at once and leave the old one later."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.operators import Operator
from rollout.domain.postings import Place, Posted
from rollout.settings import OperatorRole
from rollout.store import postings

OPERATOR = Operator("operator", OperatorRole.OPERATOR)


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


def _plan(prefecture: Any, as_of: date | None = None) -> Any:
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


def _groups(prefecture: Any) -> list[str]:
    """Nicknames of the groups that have the first person."""
    tenant = prefecture.dump()
    user = next(
        one["id"]
        for one in tenant["users"].values()
        if one["userPrincipalName"].startswith("000001@")
    )
    return sorted(
        tenant["groups"][one["group"]]["mailNickname"]
        for one in tenant["memberships"].values()
        if one["user"] == user
    )


def test_a_moved_person_joins_the_new_group_and_leaves_the_old_one_after_its_days(
    found: Callable[..., Any],
) -> None:
    prefecture = found('services = ["identity", "groupware"]', behaviour={"token_seconds": 1e9})
    prefecture.employ(2, departments=2)
    clock = HandClock(prefecture)
    today = clock.now().astimezone(prefecture.app.settings.programme.zone).date()
    _plan(prefecture)
    _apply(prefecture)
    old = _groups(prefecture)
    moves_on = today + timedelta(days=3)
    with prefecture.app.database.write() as session:
        # The first one of the two sits in the second department.
        postings.replace(
            session,
            {
                1: (
                    Posted(Place(2), date(2022, 4, 1), moves_on - timedelta(days=1)),
                    Posted(Place(1), moves_on),
                )
            },
        )

    assert not _plan(prefecture).moves
    (move,) = _plan(prefecture, moves_on).moves
    assert (move.staff_number, move.from_, move.to) == ("000001", "第2部 課", "第1部 課")

    clock.forward(3)
    _plan(prefecture)
    _apply(prefecture)
    both = _groups(prefecture)
    assert len(both) == 2
    assert set(old) < set(both)
    clock.forward(15)
    actions = [one for one in _plan(prefecture).decisions if one.service == "groupware"]
    assert [one.action.value for one in actions if one.person.id == 1] == ["change"]
    _apply(prefecture)
    assert set(_groups(prefecture)) == set(both) - set(old)
    assert {one.action.value for one in _plan(prefecture).decisions} == {"keep"}
