"""Everything goes wrong at once, and in the end everybody has what he should have, once."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.operators import Operator
from rollout.domain.account import CloudService
from rollout.lab.graph.seed import OFFICE
from rollout.settings import OperatorRole
from rollout.store import accounts

PEOPLE = int(os.environ.get("ROLLOUT_TORTURE_PEOPLE", "40"))
KILLS = int(os.environ.get("ROLLOUT_TORTURE_KILLS", "5"))
SEED = int(os.environ.get("ROLLOUT_TORTURE_SEED", "1"))
SEATS_SHORT = 3
OPERATOR = Operator("operator", OperatorRole.OPERATOR)

FAULTS = {
    "token_seconds": 10_000_000,  # the credential goes by the computer's clock, which stands still
    "replication_seconds": 120,
    "stale_share": 0.5,
    "mailbox_seconds": 3600,
    "team_seconds": 900,
    "latency_ms": 5,
    "unavailable_share": 0.05,
    "lost_answer_share": 0.1,
    "throttled_share": 0.05,
    "retry_after": "sometimes",
    "retry_after_seconds": 1,
    "empty_page_share": 0.3,
    "page_size": 20,
}


def test_killed_at_random_with_every_fault_on_everybody_is_ready_or_blocked_truly(
    found: Callable[..., Any],
) -> None:
    # Given more people than seats, and a tenant in which everything goes wrong
    prefecture = found(seed=SEED, skus=[OFFICE | {"enabled": PEOPLE - SEATS_SHORT}])
    prefecture.employ(PEOPLE, departments=4)
    app = prefecture.app
    now = app.clock.now()
    propose(app.database, app.settings, app.directory, Scope(), OPERATOR, now)
    begin(app.database, app.settings, app.directory, OPERATOR, now)
    prefecture.control("behaviour", FAULTS)

    # When the process is killed at random moments and started again
    random = Random(SEED)
    for _ in range(KILLS):
        with start(prefecture) as process:
            try:
                process.communicate(timeout=random.uniform(0.8, 4.0))
            except subprocess.TimeoutExpired:
                process.kill()
    with start(prefecture) as last:
        said, _ = last.communicate(timeout=600)
    assert last.returncode == 0, said

    # Then nothing is there twice, and the tables say what the tenant holds
    tenant = prefecture.dump()
    users = list(tenant["users"].values())
    assert Counter(user["userPrincipalName"] for user in users).most_common(1)[0][1] == 1
    assert len(users) == PEOPLE
    assert (
        Counter(group["mailNickname"] for group in tenant["groups"].values()).most_common(1)[0][1]
        == 1
    )
    assert len(tenant["groups"]) == len(tenant["teams"]) == 4
    with app.database.read() as session:
        rows = accounts.of_people(session)
        people = {one.id: one for one in accounts.people(session)}
    states = Counter((row.service, row.state) for row in rows)
    assert {state for _service, state in states} <= {"ready", "blocked"}, states
    assert states["identity", "ready"] == PEOPLE
    assert states["licence", "ready"] == PEOPLE - SEATS_SHORT
    assert states["groupware", "ready"] == PEOPLE
    for row in rows:
        held(row, people[row.person_id].staff_number, tenant)
    assert prefecture.chain_holds()
    assert secrets_of(prefecture.root / "first-passwords.tsv") == {
        user["userPrincipalName"] for user in users
    }


def start(prefecture: Any) -> "subprocess.Popen[str]":
    """The work in a process of its own."""
    tenant = prefecture.tenant
    return subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("killed_accounts.py")),
            f"{tenant.origin}/control",
            str(tenant.ca_file),
            str(prefecture.root / "time"),
        ],
        env=os.environ | {"ROLLOUT_CONFIG": str(prefecture.configuration)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def held(row: Any, staff_number: str, tenant: dict[str, Any]) -> None:
    """What a row says is so in the tenant; what is blocked has a true cause."""
    user = next(one for one in tenant["users"].values() if one["employeeId"] == staff_number)
    ready = row.state == "ready"
    if row.service == CloudService.IDENTITY:
        assert row.external_id == user["id"]
    elif row.service == CloudService.LICENCE:
        assert bool(user["assignedLicenses"]) is ready
        assert ready or "seat" in row.cause
    elif row.service == CloudService.MAILBOX:
        mailbox = tenant["mailboxes"].get(user["id"], {})
        assert (mailbox.get("timeZone") == "Tokyo Standard Time") is ready
    elif row.service == CloudService.GROUPWARE:
        members = {edge["user"] for edge in tenant["memberships"].values()}
        assert (user["id"] in members) is ready


def secrets_of(file: Path) -> set[str]:
    """The names for which there is a first password, each once."""
    names = [line.split("\t")[0] for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(names) == len(set(names))
    return set(names)
