"""What happens beside us: others' users, ends of access, forgotten people, dead processes."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rollout.application.accounts.carrying_out import carry_out
from rollout.application.accounts.plan import Proposal, Scope, begin, propose
from rollout.application.accounts.revoking import revoke
from rollout.application.operators import Operator
from rollout.domain.account import CloudService, PlannedAction
from rollout.i18n.told import retold, stored
from rollout.settings import OperatorRole
from rollout.store import account_queue, account_takers, personal
from rollout.store.tables import Account

OPERATOR = Operator("operator", OperatorRole.OPERATOR)
IDENTITY = 'services = ["identity"]'


def _user(**more: Any) -> dict[str, Any]:
    return {
        "displayName": "職員 1", "userPrincipalName": "000001@pref.example.jp",
        "mailNickname": "000001", "accountEnabled": True, **more,
    }  # fmt: skip


def _rows(prefecture: Any) -> list[account_queue.Standing]:
    with prefecture.app.database.read() as session:
        return account_queue.standings(session)


class _MovedClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def _plan(prefecture: Any) -> Proposal:
    app = prefecture.app
    return propose(app.database, app.settings, app.directory, Scope(), OPERATOR, app.clock.now())


def _apply(prefecture: Any) -> None:
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    for _ in range(20):
        if app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def _of(proposal: Proposal) -> tuple[PlannedAction, str]:
    (one,) = (one for one in proposal.decisions if one.service is CloudService.IDENTITY)
    return one.action, retold(stored(one.cause)) if one.cause else ""


def test_the_plan_says_how_a_found_user_differs_and_apply_brings_all_of_it(
    found: Callable[..., Any],
) -> None:
    prefecture = found(
        IDENTITY, users=[_user(department="秘書課", usageLocation="US", preferredLanguage="pt-BR")]
    )
    prefecture.employ(1)

    assert _of(_plan(prefecture)) == (
        PlannedAction.CHANGE,
        "in the directory: usageLocation US → JP, "
        "employeeId - → 000001, department 秘書課 → 第1部 課",
    )
    _apply(prefecture)

    (user,) = prefecture.dump()["users"].values()
    assert (user["employeeId"], user["department"]) == ("000001", "第1部 課")
    assert user["usageLocation"] == "JP"
    assert user["preferredLanguage"] == "pt-BR"  # the user's own choice
    assert _of(_plan(prefecture)) == (PlannedAction.KEEP, "")


def test_a_user_that_somebody_made_after_the_plan_is_brought_to_ours_in_the_same_run(
    found: Callable[..., Any],
) -> None:
    prefecture = found(IDENTITY)
    prefecture.employ(1)
    app = prefecture.app
    app.clock = clock = _MovedClock(app.clock.now())
    assert _of(_plan(prefecture))[0] is PlannedAction.CREATE
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    prefecture.control("users", _user(department="秘書課"))

    while (look := app.accounts_work.cycle().next_look) is not None:
        clock.moment = max(look, clock.moment)

    (user,) = prefecture.dump()["users"].values()
    assert (user["employeeId"], user["department"]) == ("000001", "第1部 課")
    assert _of(_plan(prefecture)) == (PlannedAction.KEEP, "")


def test_what_synchronisation_owns_is_left_to_it(found: Callable[..., Any]) -> None:
    prefecture = found(IDENTITY, users=[_user(department="秘書課", onPremisesSyncEnabled=True)])
    prefecture.employ(1)

    action, why = _of(_plan(prefecture))
    assert action is PlannedAction.CHANGE
    assert "department" not in why
    _apply(prefecture)

    (user,) = prefecture.dump()["users"].values()
    assert (user["usageLocation"], user["department"]) == ("JP", "秘書課")
    assert _of(_plan(prefecture)) == (PlannedAction.KEEP, "")


def test_an_end_of_access_that_comes_while_the_user_is_made_is_not_lost(
    found: Callable[..., Any],
) -> None:
    prefecture = found(IDENTITY, behaviour={"latency_ms": 700})
    prefecture.employ(1)
    _plan(prefecture)
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    work = app.accounts_work
    making = threading.Thread(target=work.cycle)
    making.start()
    until = time.monotonic() + 60
    while not any(row.in_doubt for row in _rows(prefecture)):
        assert time.monotonic() < until

    revoke(
        app.database, app.settings, "000001", Operator("approver", OperatorRole.APPROVER),
        app.clock.now(), "withdrew", everything=False,
    )  # fmt: skip
    making.join()
    prefecture.control("behaviour", {"latency_ms": 0})
    while work.cycle().taken:
        pass

    (user,) = prefecture.dump()["users"].values()
    assert user["accountEnabled"] is False
    assert [row.state for row in _rows(prefecture)] == ["revoked"]


def test_nothing_is_made_for_somebody_who_was_forgotten_meanwhile(
    found: Callable[..., Any],
) -> None:
    prefecture = found(IDENTITY)
    prefecture.employ(2)
    _plan(prefecture)
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    with app.database.write() as session:
        personal.forget(session, personal.by_id(session, 1), app.clock.now())

    done = carry_out(
        app.accounts_work, app.database, app.clock, patience=timedelta(0), stop=threading.Event()
    )

    assert [user["employeeId"] for user in prefecture.dump()["users"].values()] == ["000002"]
    assert (done.ended, done.open, done.next_look) == (1, 0, None)


def test_only_what_the_dead_had_taken_is_freed(found: Callable[..., Any]) -> None:
    prefecture = found(IDENTITY)
    prefecture.employ(2)
    _plan(prefecture)
    app = prefecture.app
    now = app.clock.now()
    begin(app.database, app.settings, app.directory, OPERATOR, now)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    with app.database.write() as session:
        dead, alive = (row.id for row in account_queue.standings(session))
        account_queue.claim(session, Account, [dead], later, "dead")
        account_queue.claim(session, Account, [alive], later, "alive")
        assert account_takers.takers(session, now) == {"dead", "alive"}

        assert account_takers.free(session, "dead", now) == 1

        rows = {row.id: (row.due_at, row.in_doubt) for row in account_queue.standings(session)}
    assert rows == {dead: (now, True), alive: (later, True)}
