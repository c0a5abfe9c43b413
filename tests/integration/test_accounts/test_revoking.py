"""Access that is taken away: of leavers, and of one person by an approver."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rollout.application.accounts.plan import AccountsRefused, Proposal, Scope, begin, propose
from rollout.application.accounts.revoking import restore, revoke
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.account import CloudService
from rollout.domain.postings import Place, Posted
from rollout.settings import OperatorRole
from rollout.store import accounts, postings
from rollout.store.tables import Person

OPERATOR = Operator("operator", OperatorRole.OPERATOR)
APPROVER = Operator("approver", OperatorRole.APPROVER)
EXTRA = {
    "skuId": "c5928f49-12ba-48f7-ada3-0d743a3601d5",
    "skuPartNumber": "VISIOCLIENT",
    "enabled": 5,
    "plans": [],
}


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


def _plan(prefecture: Any) -> Proposal:
    app = prefecture.app
    return propose(app.database, app.settings, app.directory, Scope(), OPERATOR, app.clock.now())


def _apply(prefecture: Any) -> Proposal:
    proposal = _plan(prefecture)
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    _work(prefecture)
    return proposal


def _work(prefecture: Any) -> None:
    for _ in range(20):
        if prefecture.app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def _states(prefecture: Any) -> dict[str, str]:
    with prefecture.app.database.read() as session:
        return {row.service: row.state for row in accounts.of_people(session, [1])}


def _user(prefecture: Any) -> dict[str, Any]:
    return next(
        user
        for user in prefecture.dump()["users"].values()
        if user["userPrincipalName"].startswith("000001@")
    )


def _groups(prefecture: Any) -> int:
    """How many groups have the first person."""
    tenant, user = prefecture.dump(), _user(prefecture)["id"]
    return sum(one["user"] == user for one in tenant["memberships"].values())


def _taken(prefecture: Any, *, everything: bool = False, number: str = "000001") -> int:
    app = prefecture.app
    return revoke(app.database, app.settings, number, APPROVER, app.clock.now(), "懲戒",
                  everything=everything)  # fmt: skip


def test_what_an_approver_took_away_no_plan_gives_back_and_the_grace_period_goes_on(
    found: Callable[..., Any],
) -> None:
    prefecture = found(behaviour={"token_seconds": 1e9})
    prefecture.employ(2)
    clock = HandClock(prefecture)
    _apply(prefecture)

    assert _taken(prefecture) == len(CloudService)
    _work(prefecture)
    user = _user(prefecture)
    assert (user["accountEnabled"], len(user["assignedLicenses"])) == (False, 1)
    assert user["signInSessionsValidFromDateTime"]

    proposal = _apply(prefecture)
    assert proposal.taken_away == ["000001"]
    assert {one.person.staff_number for one in proposal.decisions} == {"000002"}
    assert _user(prefecture)["accountEnabled"] is False

    clock.forward(31)
    _work(prefecture)
    assert set(_states(prefecture).values()) == {"revoked"}
    assert _user(prefecture)["assignedLicenses"] == []
    assert _groups(prefecture) == 0

    app = prefecture.app
    with pytest.raises(NotPermitted):
        restore(app.database, app.settings, "000001", OPERATOR, clock.now(), "復職")
    with pytest.raises(AccountsRefused, match="reason"):
        restore(app.database, app.settings, "000001", APPROVER, clock.now(), "")
    with pytest.raises(AccountsRefused, match="nothing was taken away"):
        restore(app.database, app.settings, "000002", APPROVER, clock.now(), "復職")
    assert restore(app.database, app.settings, "000001", APPROVER, clock.now(), "復職") == 5
    _work(prefecture)

    assert set(_states(prefecture).values()) == {"ready"}
    assert _user(prefecture)["accountEnabled"] is True
    # The old mailbox went with its licence: this is another one.
    assert prefecture.dump()["mailboxes"][user["id"]]["timeZone"] == "Tokyo Standard Time"
    assert not _plan(prefecture).taken_away
    assert prefecture.chain_holds()


def test_a_mailbox_is_set_once_and_then_its_owners(found: Callable[..., Any]) -> None:
    prefecture = found()
    prefecture.employ(1)
    _apply(prefecture)
    user = _user(prefecture)["id"]
    own = {"timeZone": "UTC", "language": {"locale": "en-US"}}
    prefecture.control("mailbox", {"user": user, "settings": own})

    app = prefecture.app
    _taken(prefecture)
    _work(prefecture)
    restore(app.database, app.settings, "000001", APPROVER, app.clock.now(), "復職")
    _work(prefecture)

    assert set(_states(prefecture).values()) == {"ready"}
    mailbox = prefecture.dump()["mailboxes"][user]
    assert {name: mailbox[name] for name in own} == own


def test_a_leaver_goes_out_of_every_group_and_keeps_what_was_given_elsewhere(
    found: Callable[..., Any],
) -> None:
    from rollout.lab.graph.seed import OFFICE

    known = {
        "displayName": "職員 1",
        "userPrincipalName": "000001@pref.example.jp",
        "mailNickname": "000001",
        "employeeId": "000001",
        "usageLocation": "JP",
        "licences": ["VISIOCLIENT"],
    }
    prefecture = found(
        'services = ["identity", "licence", "groupware"]', users=[known], skus=[OFFICE, EXTRA],
        behaviour={"token_seconds": 1e9},
    )  # fmt: skip
    prefecture.employ(2, departments=2)
    clock = HandClock(prefecture)
    _apply(prefecture)
    today = clock.now().astimezone(prefecture.app.settings.programme.zone).date()
    moved = Posted(Place(2), date(2022, 4, 1), today - timedelta(days=1)), Posted(Place(1), today)
    with prefecture.app.database.write() as session:
        postings.replace(session, {1: moved})
    _apply(prefecture)
    assert _groups(prefecture) == 2

    _leave(prefecture, today)
    clock.forward(1)
    assert {one.action.value for one in _apply(prefecture).decisions if one.person.id == 1} == {
        "revoke", "keep",
    }  # fmt: skip
    assert (_user(prefecture)["accountEnabled"], _groups(prefecture)) == (False, 2)

    clock.forward(31)
    _apply(prefecture)

    assert _groups(prefecture) == 0
    assert [one["skuId"] for one in _user(prefecture)["assignedLicenses"]] == [EXTRA["skuId"]]
    assert set(_states(prefecture).values()) == {"revoked"}
    assert {one.action.value for one in _plan(prefecture).decisions} == {"keep"}


def test_who_left_yesterday_has_left_on_the_morning_after(found: Callable[..., Any]) -> None:
    prefecture = found('services = ["identity", "groupware"]')
    prefecture.employ(1)
    # 08:30 of 1 April in Japan, while UTC still writes the last day of March.
    morning = datetime(2023, 3, 31, 23, 30, tzinfo=UTC)
    _leave(prefecture, date(2023, 3, 31))
    app = prefecture.app

    propose(app.database, app.settings, app.directory, Scope(), OPERATOR, morning)
    begin(app.database, app.settings, app.directory, OPERATOR, morning)

    assert _states(prefecture) == {}
    with app.database.read() as session:
        assert not accounts.groups(session)


def test_a_leaver_who_cannot_be_told_apart_is_shown_and_not_passed_over(
    found: Callable[..., Any],
) -> None:
    same = {"usageLocation": "JP", "displayName": "職員 1"}
    prefecture = found(
        'services = ["identity"]',
        users=[
            same | {"userPrincipalName": "000001@pref.example.jp", "mailNickname": "000001"},
            same | {"userPrincipalName": "old@pref.example.jp", "mailNickname": "old",
                    "employeeId": "000001"},
        ],
    )  # fmt: skip
    prefecture.employ(1)
    _apply(prefecture)
    assert _states(prefecture) == {"identity": "blocked"}
    clock = HandClock(prefecture)
    _leave(prefecture, clock.now().date() - timedelta(days=2))

    (decision,) = _apply(prefecture).decisions

    assert decision.action.value == "blocked"
    assert "belong to different users" in str(decision.cause)
    with prefecture.app.database.read() as session:
        (row,) = accounts.of_people(session)
    assert (row.state, row.aim) == ("blocked", "revoked")


def _leave(prefecture: Any, day: date) -> None:
    with prefecture.app.database.write() as session:
        person = session.get(Person, 1)
        assert person is not None
        person.left_on = day
        session.add(person)


def test_what_cannot_be_taken_away_is_said(found: Callable[..., Any]) -> None:
    prefecture = found(
        'services = ["identity", "groupware"]',
        roles=("User.ReadWrite.All", "Group.Create", "Group.Read.All", "Organization.Read.All"),
    )
    prefecture.employ(1)
    with pytest.raises(AccountsRefused, match="nobody has this staff number"):
        _taken(prefecture, number="999999")
    with pytest.raises(AccountsRefused, match="no service that could be taken away"):
        _taken(prefecture)
    _apply(prefecture)
    # The application may not change members: nobody came in, and nobody can be taken out.
    assert _states(prefecture) == {"identity": "ready", "groupware": "blocked"}

    assert _taken(prefecture, everything=True) == 2
    _work(prefecture)

    assert _states(prefecture) == {"identity": "revoked", "groupware": "blocked"}
    with prefecture.app.database.read() as session:
        (row,) = [one for one in accounts.of_people(session) if one.service == "groupware"]
    assert "the application lacks a role" in str(row.cause)
    assert row.request_id
    assert _user(prefecture)["accountEnabled"] is False
