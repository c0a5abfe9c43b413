"""A PC begins when its owner has signed in to the new account, as the directory itself says."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from rollout.application import choosing
from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.accounts.signing_in import why_not_begun
from rollout.application.operators import Operator
from rollout.application.prerequisites import look_ahead
from rollout.domain.gates import Gate, Limits, Verdict, accounts
from rollout.domain.machine import Step
from rollout.settings import OperatorRole
from rollout.settings.accounts import Accounts
from rollout.store import accounts as account_rows
from rollout.store.ready import Ready
from rollout.store.tables import Machine, Wave

Found = Callable[..., Any]
OPERATOR = Operator("operator", OperatorRole.OPERATOR)
ROLES = (
    *("User.ReadWrite.All", "Group.ReadWrite.All", "LicenseAssignment.ReadWrite.All"),
    *("MailboxSettings.ReadWrite", "Organization.Read.All", "TeamMember.ReadWrite.All"),
    "AuditLog.Read.All",
)


def provision(app: Any) -> None:
    now = app.clock.now()
    propose(app.database, app.settings, app.directory, Scope(), OPERATOR, now)
    begin(app.database, app.settings, app.directory, OPERATOR, now)
    while app.accounts_work.cycle().taken:
        pass


def give_pcs(app: Any) -> int:
    """A PC for each of two people in one wave; the wave."""
    now = app.clock.now()
    with app.database.write() as session:
        wave = Wave(number=1, first_day=date(2022, 11, 1), last_day=date(2022, 11, 1),
                    state_since=now)  # fmt: skip
        session.add(wave)
        session.flush()
        for person in (1, 2):
            session.add(
                Machine(
                    asset_tag=f"DK20-{person}",
                    generation="DK20",
                    owner_id=person,
                    wave_id=wave.id,
                    state="planned",
                    state_since=now,
                )
            )
        return wave.id or 0


def begins(app: Any) -> list[int]:
    """The machines that a first step may begin with, as the dispatch asks."""
    with app.database.read() as session:
        waiting = [
            (Ready(id_, "planned", "DK20", None, 1, id_, None, 1, app.clock.now()), Step.PREFLIGHT)
            for id_ in (1, 2)
        ]
        return [one.id for one, _ in choosing._signed_in(session, app.settings, waiting)]


@pytest.mark.parametrize("demand", ["sign-in", "registration"])
def test_a_pc_waits_for_the_owner_and_says_so(found: Found, demand: str) -> None:
    prefecture = found(f'reimage_needs = "{demand}"\nsign_in_hours = 0.000001', roles=ROLES)
    prefecture.employ(2)
    app = prefecture.app
    give_pcs(app)
    assert begins(app) == []
    assert "has not said yet" in str(why_not_begun(app.database, app.settings, "DK20-1"))

    provision(app)
    assert begins(app) == []
    assert "(as of " in str(why_not_begun(app.database, app.settings, "DK20-1"))

    with app.database.read() as session:
        users = {row.person_id: row.external_id for row in account_rows.of_people(session)
                 if row.service == "identity"}  # fmt: skip
    if demand == "registration":
        prefecture.control("registration", {"user": users[1], "methods": ["app"]})
    else:
        prefecture.control("sign-in", {"user": users[1]})
    app.accounts_work.cycle()

    assert begins(app) == [1]
    assert why_not_begun(app.database, app.settings, "DK20-1") is None
    assert why_not_begun(app.database, app.settings, "DK20-2") is not None


def test_the_gate_counts_owners_whose_demanded_services_are_ready(found: Found) -> None:
    prefecture = found()
    prefecture.employ(2)
    app = prefecture.app
    wave = give_pcs(app)
    gates = app.settings.gates.model_copy(update={"accounts_share": 1.0})
    settings = app.settings.model_copy(update={"gates": gates})

    def asked(settings: Any) -> Any:
        with app.database.read() as session:
            ahead = look_ahead(session, settings, wave, None, app.clock.now())
        return accounts(ahead, Limits(accounts_share=1.0))

    assert (asked(settings).verdict, asked(settings).count) == (Verdict.CLOSED, 0)
    provision(app)
    assert (asked(settings).verdict, asked(settings).count) == (Verdict.OPEN, 2)

    without = asked(settings.model_copy(update={"accounts": Accounts()}))
    assert without.verdict is Verdict.CLOSED
    assert (without.gate, without.value) == (Gate.ACCOUNTS, None)
