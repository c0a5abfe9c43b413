"""Each service of a person on its way, against a tenant over HTTPS."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from rollout.application.accounts.plan import (
    AccountsRefused,
    Proposal,
    Scope,
    begin,
    last_plan_of,
    propose,
)
from rollout.application.accounts.revoking import revoke
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.account import CloudService, PlannedAction
from rollout.lab.graph.seed import OFFICE
from rollout.settings import OperatorRole
from rollout.store import accounts
from rollout.store.tables import Person

Json = dict[str, Any]
Found = Callable[..., Any]

OPERATOR = Operator("operator", OperatorRole.OPERATOR)
APPROVER = Operator("approver", OperatorRole.APPROVER)
MAIL = "000001@pref.example.jp"


class HandClock:
    """The tenant's time and ours, moved together."""

    def __init__(self, prefecture: Any) -> None:
        self._prefecture = prefecture
        self.moment = prefecture.app.clock.now()
        prefecture.app.clock = self

    def now(self) -> Any:
        return self.moment

    def forward(self, **time: float) -> None:
        step = timedelta(**time)
        self.moment += step
        self._prefecture.control("advance", {"seconds": step.total_seconds()})


def plan(prefecture: Any, **scope: Any) -> Proposal:
    app = prefecture.app
    return propose(
        app.database, app.settings, app.directory, Scope(**scope), OPERATOR, app.clock.now()
    )


def apply(prefecture: Any) -> None:
    app = prefecture.app
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())


def work(prefecture: Any, *, rounds: int = 20) -> None:
    """Look until nothing is due at this moment."""
    for _ in range(rounds):
        if prefecture.app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def states(prefecture: Any) -> dict[str, str]:
    """Service and state of the first person."""
    with prefecture.app.database.read() as session:
        rows = accounts.of_people(session)
    first = min(row.person_id for row in rows)
    return {row.service: row.state for row in rows if row.person_id == first}


def cause(prefecture: Any, service: CloudService) -> str:
    with prefecture.app.database.read() as session:
        rows = accounts.of_people(session)
    return str(next(row.cause for row in rows if row.service == service))


def actions(proposal: Proposal) -> dict[str, str]:
    return {one.service.value: one.action.value for one in proposal.decisions}


def test_a_person_comes_from_nothing_to_every_service_and_then_nothing_is_left_to_do(
    found: Found,
) -> None:
    prefecture = found()
    prefecture.employ(1)

    assert set(actions(plan(prefecture)).values()) == {"create"}
    apply(prefecture)
    work(prefecture)

    assert set(states(prefecture).values()) == {"ready"}
    tenant = prefecture.dump()
    (user,) = tenant["users"].values()
    assert (user["usageLocation"], user["preferredLanguage"]) == ("JP", "ja-JP")
    assert tenant["mailboxes"][user["id"]]["timeZone"] == "Tokyo Standard Time"
    assert set(actions(plan(prefecture)).values()) == {"keep"}


def test_planning_writes_nothing_into_the_tenant(found: Found) -> None:
    prefecture = found()
    prefecture.employ(2)

    plan(prefecture)

    assert prefecture.dump()["users"] == {}
    with prefecture.app.database.read() as session:
        assert accounts.of_people(session) == []


def test_the_mailbox_is_pending_until_it_answers_and_blocked_after_a_day(found: Found) -> None:
    prefecture = found(behaviour={"mailbox_seconds": 1_000_000, "token_seconds": 10_000_000})
    prefecture.employ(1)
    clock = HandClock(prefecture)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)

    assert states(prefecture)["mailbox"] == "pending"
    for _ in range(26):
        clock.forward(hours=1)
        work(prefecture)

    assert states(prefecture)["mailbox"] == "blocked"
    assert "no mailbox 24 hours after the licence" in cause(prefecture, CloudService.MAILBOX)


def test_a_synchronised_person_is_waited_for_and_never_made(found: Found) -> None:
    prefecture = found(identity="synced")
    prefecture.employ(1)

    proposal = plan(prefecture)
    assert actions(proposal)["identity"] == "blocked"
    assert "synchronisation" in str(proposal.decisions[0].cause)

    prefecture.control(
        "users",
        {
            "displayName": "職員 1",
            "userPrincipalName": MAIL,
            "mailNickname": "000001",
            "employeeId": "000001",
            "onPremisesSyncEnabled": True,
        },
    )
    assert actions(plan(prefecture))["identity"] == "change"
    apply(prefecture)
    work(prefecture)

    assert set(states(prefecture).values()) == {"ready"}
    assert len(prefecture.dump()["users"]) == 1


def test_a_person_with_another_name_is_found_by_the_staff_number(found: Found) -> None:
    known = {
        "displayName": "職員 1",
        "userPrincipalName": "hanako@pref.example.jp",
        "mailNickname": "hanako",
        "employeeId": "000001",
    }
    prefecture = found(users=[known])
    prefecture.employ(1)

    plan(prefecture)
    apply(prefecture)
    work(prefecture)

    assert [user["userPrincipalName"] for user in prefecture.dump()["users"].values()] == [
        "hanako@pref.example.jp"
    ]


def test_two_users_that_claim_to_be_one_person_block_him(found: Found) -> None:
    one = {"displayName": "a", "userPrincipalName": MAIL, "mailNickname": "a"}
    other = {
        "displayName": "b",
        "userPrincipalName": "b@pref.example.jp",
        "mailNickname": "b",
        "employeeId": "000001",
    }
    prefecture = found(users=[one, other])
    prefecture.employ(1)

    assert set(actions(plan(prefecture)).values()) == {"blocked"}


def test_a_seat_that_is_missing_blocks_its_person_only_and_says_how_many_to_buy(
    found: Found,
) -> None:
    prefecture = found(skus=[OFFICE | {"enabled": 2}])
    prefecture.employ(3)

    proposal = plan(prefecture)

    blocked = [
        (one.person.staff_number, str(one.cause))
        for one in proposal.decisions
        if one.service is CloudService.LICENCE and one.action is PlannedAction.BLOCKED
    ]
    assert blocked == [("000003", "no seat of SPE_E3 is left: buy 1 more, or take some back")]
    assert proposal.stock[0].missing == 1
    apply(prefecture)
    work(prefecture)
    assert set(states(prefecture).values()) == {"ready"}


def test_a_seat_that_somebody_else_took_meanwhile_blocks_with_the_directorys_own_words(
    found: Found,
) -> None:
    prefecture = found(skus=[OFFICE | {"enabled": 1}])
    prefecture.employ(1)
    plan(prefecture)
    apply(prefecture)
    taker = {"displayName": "x", "userPrincipalName": "x@pref.example.jp", "mailNickname": "x"}
    prefecture.control("users", taker | {"usageLocation": "JP", "licences": ["SPE_E3"]})

    work(prefecture)

    assert states(prefecture)["licence"] == "blocked"
    assert "does not have any available licenses" in cause(prefecture, CloudService.LICENCE)
    assert states(prefecture)["mailbox"] == "blocked"
    assert states(prefecture)["groupware"] == "ready"


def test_a_plan_that_the_world_has_overtaken_is_refused_whole(found: Found) -> None:
    prefecture = found()
    prefecture.employ(1)
    plan(prefecture)
    new = {"displayName": "x", "userPrincipalName": MAIL, "mailNickname": "x"}
    prefecture.control("users", new)

    with pytest.raises(AccountsRefused, match="no more as plan 1 saw them"):
        apply(prefecture)

    with prefecture.app.database.read() as session:
        assert accounts.of_people(session) == []


def test_a_plan_is_carried_out_once(found: Found) -> None:
    prefecture = found()
    prefecture.employ(1)
    plan(prefecture)
    apply(prefecture)

    with pytest.raises(AccountsRefused, match="no plan to apply"):
        apply(prefecture)


def test_a_plan_of_others_is_not_taken_for_the_one_that_was_meant(found: Found) -> None:
    prefecture = found()
    prefecture.employ(2)
    plan(prefecture, staff_number="000001")
    database = prefecture.app.database

    assert last_plan_of(database, Scope()) == 1
    assert last_plan_of(database, Scope(staff_number="000001")) == 1
    with pytest.raises(AccountsRefused, match="plan 1 looked at others"):
        last_plan_of(database, Scope(staff_number="000002"))


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        ({"staff_number": "999999"}, "999999: nobody has this staff number"),
        ({"department": "無い部"}, "無い部: nobody is in this department"),
        ({"wave": 7}, "wave 7 has no PC with an owner"),
    ],
)
def test_a_plan_of_nobody_is_a_slip_and_not_kept(
    found: Found, scope: dict[str, Any], why: str
) -> None:
    prefecture = found()
    prefecture.employ(1)

    with pytest.raises(AccountsRefused, match=why):
        plan(prefecture, **scope)
    with pytest.raises(AccountsRefused, match="no plan to apply"):
        apply(prefecture)


def test_products_of_a_group_are_given_by_joining_it(found: Found) -> None:
    group = {
        "displayName": "E3 の利用者",
        "mailNickname": "e3",
        "assignedLicenses": [{"skuId": OFFICE["skuId"]}],
    }
    prefecture = found(
        'licence_groups = {SPE_E3 = "E3 の利用者"}',
        groups=[group],
        behaviour={"group_licence_seconds": 600},
    )
    prefecture.employ(1)
    clock = HandClock(prefecture)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)

    assert states(prefecture)["licence"] == "pending"
    clock.forward(minutes=15)
    work(prefecture)
    assert states(prefecture)["licence"] == "ready"


@pytest.mark.parametrize("names", [["別の名前"], ["E3 の利用者", "E3 の利用者"]])
def test_a_product_of_a_group_that_is_not_there_once_is_given_to_nobody_by_hand(
    found: Found, names: list[str]
) -> None:
    groups = [
        {"displayName": name, "mailNickname": f"e{number}"} for number, name in enumerate(names)
    ]
    prefecture = found('licence_groups = {SPE_E3 = "E3 の利用者"}', groups=groups)
    prefecture.employ(1)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)

    assert states(prefecture)["licence"] == "blocked"
    assert "exactly one group named E3 の利用者" in cause(prefecture, CloudService.LICENCE)
    (user,) = prefecture.dump()["users"].values()
    assert not user.get("assignedLicenses")


def test_a_team_is_tried_until_its_group_is_old_enough(found: Found) -> None:
    prefecture = found(
        '[accounts.chat]\nchannels = ["窓口", "連絡"]', behaviour={"team_seconds": 900}
    )
    prefecture.employ(1)
    clock = HandClock(prefecture)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)
    assert states(prefecture)["chat"] == "requested"

    for _ in range(8):
        clock.forward(minutes=5)
        work(prefecture)

    assert states(prefecture)["chat"] == "ready"
    (channels,) = prefecture.dump()["channels"].values()
    assert [one["displayName"] for one in channels] == ["General", "窓口", "連絡"]


CHAT_APP = {
    "id": "5d7f1a4e-0c55-4a4e-9a51-8f6f0d9f6c11",
    "displayName": "Chat",
    "appRoles": ["a5c4b7d1-3f38-4a6e-8a0a-0d2a0f6f1a11"],
    "synchronisationJob": "chat.job",
}


def chat_by(job: str) -> str:
    """The configuration of another chat, provisioned by that job."""
    return f"""
[accounts.chat]
provider = "enterprise_app"
service_principal = "{CHAT_APP["id"]}"
app_role = "{CHAT_APP["appRoles"][0]}"
job = "{job}"
rule = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
"""


def test_another_chat_is_assigned_and_provisioned(found: Found) -> None:
    prefecture = found(chat_by("chat.job"), servicePrincipals=[dict(CHAT_APP)])
    prefecture.employ(1)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)

    assert states(prefecture)["chat"] == "ready"
    tenant = prefecture.dump()
    (user,) = tenant["users"]
    assert tenant["servicePrincipals"][CHAT_APP["id"]]["provisioned"] == [user]


def test_a_job_that_is_named_wrongly_waits_for_a_person_after_a_day(found: Found) -> None:
    prefecture = found(
        chat_by("no.such.job"),
        servicePrincipals=[dict(CHAT_APP)],
        behaviour={"token_seconds": 10_000_000},
    )
    prefecture.employ(1)
    clock = HandClock(prefecture)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)
    assert states(prefecture)["chat"] == "pending"
    for _ in range(13):
        clock.forward(hours=2)
        work(prefecture)

    assert states(prefecture)["chat"] == "blocked"
    assert "are the ids in [accounts] right?" in cause(prefecture, CloudService.CHAT)


def leave(prefecture: Any, day: date) -> None:
    with prefecture.app.database.write() as session:
        person = session.get(Person, 1)
        assert person is not None
        person.left_on = day
        session.add(person)


def test_who_left_cannot_sign_in_any_more_and_gives_his_seat_back_later(found: Found) -> None:
    prefecture = found("revoke_after_days = 30", behaviour={"token_seconds": 10_000_000})
    prefecture.employ(1)
    clock = HandClock(prefecture)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)
    today = prefecture.app.clock.now().date()
    leave(prefecture, today - timedelta(days=2))

    assert actions(plan(prefecture))["identity"] == "revoke"
    apply(prefecture)
    work(prefecture)

    (user,) = prefecture.dump()["users"].values()
    assert (user["accountEnabled"], len(user["assignedLicenses"])) == (False, 1)
    assert user["signInSessionsValidFromDateTime"]
    assert states(prefecture)["identity"] == "revoked"

    clock.forward(days=31)
    assert actions(plan(prefecture))["licence"] == "revoke"
    apply(prefecture)
    work(prefecture)

    (user,) = prefecture.dump()["users"].values()
    assert user["assignedLicenses"] == []
    assert prefecture.dump()["memberships"] == {}


def test_access_is_taken_away_at_once_by_an_approver_with_a_reason(found: Found) -> None:
    prefecture = found()
    prefecture.employ(1)
    plan(prefecture)
    apply(prefecture)
    work(prefecture)
    app = prefecture.app

    def asked(operator: Operator, reason: str | None) -> int:
        now = app.clock.now()
        return revoke(app.database, app.settings, "000001", operator, now, reason, everything=True)

    with pytest.raises(NotPermitted):
        asked(OPERATOR, "紛失")
    with pytest.raises(AccountsRefused, match="needs a reason"):
        asked(APPROVER, " ")
    assert asked(APPROVER, "不正利用の疑い") == 5
    work(prefecture)

    assert set(states(prefecture).values()) == {"revoked"}
    (user,) = prefecture.dump()["users"].values()
    assert (user["accountEnabled"], user["assignedLicenses"]) == (False, [])


def test_nothing_is_planned_without_a_directory(found: Found) -> None:
    prefecture = found()
    own = prefecture.app.settings
    tenant = own.accounts.tenant.model_copy(update={"tenant_id": ""})
    prefecture.app.settings = own.model_copy(
        update={"accounts": own.accounts.model_copy(update={"tenant": tenant})}
    )

    with pytest.raises(AccountsRefused, match="no directory is configured"):
        plan(prefecture)
