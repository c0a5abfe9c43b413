"""People whose users directory synchronisation makes: found, missed and found again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlmodel import select

from rollout.application.accounts.noticing import GONE, REPLICATION
from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.operators import Operator
from rollout.settings import OperatorRole
from rollout.store import accounts
from rollout.store.tables import AuditRow, DirectoryCursor

Json = dict[str, Any]
Found = Callable[..., Any]
OPERATOR = Operator("operator", OperatorRole.OPERATOR)
LASTING = {"token_seconds": 10_000_000}


class HandClock:
    """The tenant's time and ours, moved together."""

    def __init__(self, prefecture: Any) -> None:
        self._prefecture, self.moment = prefecture, prefecture.app.clock.now()
        prefecture.app.clock = self

    def now(self) -> Any:
        return self.moment

    def forward(self, **time: float) -> None:
        step = timedelta(**time)
        self.moment += step
        self._prefecture.control("advance", {"seconds": step.total_seconds()})


def synced(number: int, **more: Any) -> Json:
    """A user as directory synchronisation makes it."""
    name = f"{number:06d}"
    return {
        "displayName": f"職員 {number}",
        "userPrincipalName": f"{name}@pref.example.jp",
        "mailNickname": name,
        "employeeId": name,
        "onPremisesSyncEnabled": True,
        **more,
    }


def ask(prefecture: Any) -> None:
    """Plan and apply for everybody."""
    app = prefecture.app
    propose(app.database, app.settings, app.directory, Scope(), OPERATOR, app.clock.now())
    begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())


def work(prefecture: Any) -> None:
    for _ in range(20):
        if prefecture.app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def states(prefecture: Any, person: int = 1) -> dict[str, str]:
    with prefecture.app.database.read() as session:
        return {row.service: row.state for row in accounts.of_people(session, [person])}


def user_of(prefecture: Any, number: int = 1) -> Json:
    return next(
        user
        for user in prefecture.dump()["users"].values()
        if user["employeeId"] == f"{number:06d}"
    )


def requests(prefecture: Any, path: str) -> int:
    """How often the tenant was asked for exactly that."""
    lines = prefecture.tenant.requests.read_text(encoding="utf-8").splitlines()
    return sum(f'"path": "{path}"' in line for line in lines)


def test_a_user_that_vanished_is_missed_with_its_cause_and_gone_on_with_when_it_is_back(
    found: Found,
) -> None:
    prefecture = found(
        identity="synced",
        users=[synced(1), synced(2)],
        behaviour={"empty_page_share": 0.5, **LASTING},
    )
    prefecture.employ(2)
    clock = HandClock(prefecture)
    ask(prefecture)
    work(prefecture)
    assert set(states(prefecture).values()) == {"ready"}

    gone = user_of(prefecture)
    prefecture.control("vanish", {"user": gone["id"]})
    clock.forward(minutes=6)
    work(prefecture)

    assert set(states(prefecture).values()) == {"absent"}
    assert set(states(prefecture, 2).values()) == {"ready"}
    with prefecture.app.database.read() as session:
        missed = accounts.missed(session, limit=10)
        facts = session.exec(select(AuditRow).where(AuditRow.verb == "miss")).all()
    assert {row.cause.message for row, _number, _name in missed} == {GONE}
    assert {fact.key for fact in facts} == {
        f"000001/{service}" for service in ("identity", "licence", "mailbox", "groupware", "chat")
    }

    # Synchronised anew: another object, without a licence.
    prefecture.control("users", synced(1))
    for _ in range(3):
        clock.forward(minutes=6)
        work(prefecture)

    assert set(states(prefecture).values()) == {"ready"}
    back = user_of(prefecture)
    assert back["id"] != gone["id"]
    assert len(back["assignedLicenses"]) == 1
    assert prefecture.chain_holds()


def test_a_person_who_was_not_synchronised_at_the_plan_is_gone_on_with_without_another(
    found: Found,
) -> None:
    prefecture = found(identity="synced", users=[synced(1)], behaviour=LASTING)
    prefecture.employ(2)
    clock = HandClock(prefecture)
    ask(prefecture)
    work(prefecture)
    assert set(states(prefecture, 2).values()) == {"blocked"}

    prefecture.control("users", synced(2))
    clock.forward(minutes=6)
    work(prefecture)

    assert set(states(prefecture, 2).values()) == {"ready"}


def test_a_change_that_not_every_replica_has_is_seen_in_a_later_round(found: Found) -> None:
    prefecture = found(
        identity="synced",
        users=[synced(1)],
        behaviour={"replication_seconds": 600, "stale_share": 1.0, **LASTING},
    )
    prefecture.employ(1)
    clock = HandClock(prefecture)
    clock.forward(minutes=11)
    ask(prefecture)
    work(prefecture)
    clock.forward(minutes=30)
    work(prefecture)
    assert states(prefecture)["identity"] == "ready"

    prefecture.control("vanish", {"user": user_of(prefecture)["id"]})
    work(prefecture)
    assert states(prefecture)["identity"] == "ready"
    for _ in range(4):
        clock.forward(minutes=6)
        work(prefecture)

    assert states(prefecture)["identity"] == "absent"


def test_a_link_that_ran_out_leads_to_a_whole_round_that_misses_who_went_meanwhile(
    found: Found,
) -> None:
    for lost in ("advance", "drop-delta-links"):
        prefecture = found(identity="synced", users=[synced(1), synced(2)], behaviour=LASTING)
        prefecture.employ(2)
        clock = HandClock(prefecture)
        ask(prefecture)
        work(prefecture)
        prefecture.control("vanish", {"user": user_of(prefecture)["id"]})
        clock.forward(seconds=REPLICATION.total_seconds() + 1)
        if lost == "advance":
            clock.forward(days=8)
        else:
            prefecture.control(lost, {})

        work(prefecture)

        assert states(prefecture)["identity"] == "absent"
        assert states(prefecture, 2)["identity"] == "ready"


def test_the_list_of_everybody_is_not_believed_about_who_was_found_a_moment_ago(
    found: Found,
) -> None:
    prefecture = found(identity="synced", users=[synced(1)], behaviour=LASTING)
    prefecture.employ(1)
    clock = HandClock(prefecture)
    ask(prefecture)
    work(prefecture)
    prefecture.control("vanish", {"user": user_of(prefecture)["id"]})
    prefecture.control("drop-delta-links", {})

    clock.forward(minutes=6)
    work(prefecture)

    assert states(prefecture)["identity"] == "ready"
    with prefecture.app.database.read() as session:
        cursor = session.get(DirectoryCursor, "users")
    assert cursor is not None
    assert cursor.link is None
    clock.forward(minutes=61)
    work(prefecture)
    assert states(prefecture)["identity"] == "absent"


def test_the_place_outlives_the_process_and_is_asked_from_again(found: Found) -> None:
    prefecture = found(identity="synced", users=[synced(1)], behaviour=LASTING)
    prefecture.employ(1)
    clock = HandClock(prefecture)
    ask(prefecture)
    work(prefecture)
    before = requests(prefecture, "/users/delta")

    prefecture.app.accounts_work.close()
    for name in ("accounts_work", "directory"):
        vars(prefecture.app).pop(name)
    clock.forward(minutes=6)
    work(prefecture)

    lines = prefecture.tenant.requests.read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if '"path": "/users/delta"' in line][before:]
    assert len(asked) == 1
    assert "$deltatoken" in asked[0]


def test_where_users_are_made_here_nobody_asks_what_came_and_went(found: Found) -> None:
    prefecture = found()
    prefecture.employ(1)

    ask(prefecture)
    work(prefecture)

    assert requests(prefecture, "/users/delta") == 0
