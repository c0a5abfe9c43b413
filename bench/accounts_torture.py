"""People's accounts under every fault of the tenant, the process killed at random moments.

The lab's tenant, over HTTPS, loses answers after the deed, is throttled and unavailable, shows
stale replicas and empty pages, has too few seats, and lets mailboxes and teams come late. The work
on the accounts is killed (SIGKILL) again and again while it is at it, then runs to its end. Then
the tables are compared with the dump of the tenant.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

from _accounts_truth import broken_in

from rollout.adapters.clock import SystemClock
from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.operators import Operator
from rollout.bootstrap import Application
from rollout.lab.graph import world
from rollout.lab.graph.seed import OFFICE
from rollout.lab.graph.world import TenantStatus
from rollout.settings import OperatorRole, load
from rollout.store import account_queue, migrate
from rollout.store.database import Database
from rollout.store.tables import Department, Person

Json = dict[str, Any]
RESULTS = Path(__file__).with_name("results")
WORKER = Path(__file__).with_name("_accounts_killed.py")
OPERATOR = Operator("operator", OperatorRole.OPERATOR)
ROLES = (
    *("User.ReadWrite.All", "Group.ReadWrite.All", "LicenseAssignment.ReadWrite.All"),
    *("MailboxSettings.ReadWrite", "Organization.Read.All", "TeamMember.ReadWrite.All"),
)
FAULTS = {
    "token_seconds": 10_000_000,  # the credential goes by the computer's clock, which stands still
    "replication_seconds": 120,
    "stale_share": 0.5,
    "mailbox_seconds": 3600,
    "team_seconds": 900,
    "latency_ms": 20,
    "unavailable_share": 0.05,
    "lost_answer_share": 0.1,
    "throttled_share": 0.05,
    "retry_after": "sometimes",
    "retry_after_seconds": 1,
    "empty_page_share": 0.3,
    "page_size": 20,
    "shuffle_batch": True,
}
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[accounts]
identity = "cloud"
secrets_file = "first-passwords.tsv"
[accounts.tenant]
tenant_id = "{tenant.tenant_id}"
client_id = "{tenant.client_id}"
credential = "secret"
secret_file = "{tenant.secret_file}"
login_url = "{tenant.origin}"
graph_url = "{tenant.graph_url}"
ca_file = "{tenant.ca_file}"
"""


@dataclass(frozen=True)
class Form:
    """How large; the process lives so many seconds, more or less, after it began to work."""

    people: int
    departments: int
    seats_short: int
    kills: int
    lives: float


LONG = Form(500, 12, 20, 20, 1.0)
SHORT = Form(24, 3, 3, 4, 0.6)


@dataclass
class Outcome:
    """What was found: `broken` names each invariant with the evidence against it."""

    broken: dict[str, list[str]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    requests: list[Json] = field(default_factory=list)


def torture(root: Path, form: Form, seed: int, say: Callable[[str], None]) -> Outcome:
    """Make a tenant and people, kill the work, let it end, and compare."""
    found = Outcome()
    seats = form.people - form.seats_short
    tenant = world.up(root / "tenant", {"seed": seed, "skus": [OFFICE | {"enabled": seats}]}, ROLES)
    try:
        app = _ask(root, tenant, form)
        try:
            _torment(app, root, tenant, form, Random(seed), found, say)
            state = _control(tenant, "dump")
            found.broken = broken_in(app.database, state, root / "first-passwords.tsv")
            for name in ("users", "groups", "teams", "memberships", "mailboxes"):
                found.done[f"{name} in the tenant"] = len(state[name])
            with app.database.read() as session:
                rows = account_queue.standings(session)
            found.states.update(f"{row.service} {row.state}" for row in rows)
        finally:
            app.database.close()
    finally:
        world.down(root / "tenant")
    lines = tenant.requests.read_text(encoding="utf-8").splitlines()
    found.requests = [json.loads(line) for line in lines]
    answers = Counter(int(one["status"]) for one in found.requests)
    found.done["requests"] = len(lines)
    found.done["throttled"] = answers[429]
    found.done["unavailable or answer lost"] = answers[503] + answers[504]
    return found


def _ask(root: Path, tenant: TenantStatus, form: Form) -> Application:
    """People and what is to be done for them."""
    configuration = root / "rollout.toml"
    configuration.write_text(CONFIGURATION.format(tenant=tenant), encoding="utf-8")
    with _environment(ROLLOUT_CONFIG=str(configuration)):
        settings = load()
    app = Application(settings, Database(settings.database_url), SystemClock())
    migrate.upgrade(app.database)
    with app.database.write() as session:
        places = [
            Department(bureau=f"第{n}部", division="課", valid_from=date(2022, 4, 1))
            for n in range(form.departments)
        ]
        session.add_all(places)
        session.flush()
        session.add_all(
            Person(
                staff_number=f"{n:06d}",
                name=f"職員 {n}",
                department_id=places[n % form.departments].id,
            )
            for n in range(1, form.people + 1)
        )
    now = app.clock.now()
    with app.directory_closed():
        propose(app.database, app.settings, app.directory, Scope(), OPERATOR, now)
        begin(app.database, app.settings, app.directory, OPERATOR, now)
    return app


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _torment(
    app: Application,
    root: Path,
    tenant: TenantStatus,
    form: Form,
    random: Random,
    found: Outcome,
    say: Callable[[str], None],
) -> None:
    _control(tenant, "behaviour", FAULTS)
    while found.done["killed at work"] < form.kills:
        with _worker(root, tenant) as process:
            _await_order(process, tenant)
            try:
                process.wait(timeout=random.uniform(0.05, 2 * form.lives))
            except subprocess.TimeoutExpired:
                process.kill()
                found.done["killed at work"] += 1
            else:
                break
        with app.database.read() as session:
            rows = account_queue.standings(session)
            left = account_queue.open_count(session)
        doubtful = sum(row.in_doubt for row in rows)
        found.done["rows that a kill left in doubt"] += doubtful
        say(f"killed {found.done['killed at work']:>3}: {left:>5} open, {doubtful:>4} in doubt")
    with _worker(root, tenant) as last:
        said, _ = last.communicate()
    if last.returncode != 0:
        raise RuntimeError(f"the work did not come to its end: {said}")


def _await_order(process: "subprocess.Popen[str]", tenant: TenantStatus) -> None:
    """Until the process has ordered something, or has ended."""
    before = tenant.requests.stat().st_size
    with tenant.requests.open("rb") as log:
        log.seek(before)
        while process.poll() is None:
            line = log.readline()
            if b'"batched": true' in line:
                return
            if not line:
                time.sleep(0.01)


def _worker(root: Path, tenant: TenantStatus) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, str(WORKER), f"{tenant.origin}/control"),
            *(str(tenant.ca_file), str(root / "time")),
        ],
        env=os.environ | {"ROLLOUT_CONFIG": str(root / "rollout.toml")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _control(tenant: TenantStatus, path: str, values: Json | None = None) -> Json:
    import ssl

    import httpx

    trust = ssl.create_default_context(cafile=tenant.ca_file)
    with httpx.Client(verify=trust, base_url=f"{tenant.origin}/control", timeout=120) as http:
        answer = http.get(path) if values is None else http.post(path, json=values)
    answer.raise_for_status()
    return dict(answer.json())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer people and kills")
    parser.add_argument("--seed", type=int, default=20220414)
    given = parser.parse_args()
    form = SHORT if given.quick else LONG
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rollout-torture-") as folder:
        found = torture(Path(folder), form, given.seed, lambda words: print(words, flush=True))
    for name, evidence in found.broken.items():
        print(f"{len(evidence):>4} {name}", *evidence[:10], sep="\n     ")
    kills = found.done["killed at work"]
    result: Json = {
        "bench": "accounts_torture",
        "aims": [
            {"name": "killed at work", "value": kills, "unit": "times",
             "aim": f">= {form.kills}", "holds": kills >= form.kills},
            *(
                {"name": name, "value": len(evidence), "unit": "findings", "aim": "0",
                 "holds": not evidence}
                for name, evidence in found.broken.items()
            ),
        ],
    }  # fmt: skip
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": given.quick,
        "seed": given.seed,
        "people": form.people,
        "seats": form.people - form.seats_short,
        "departments": form.departments,
        "seconds": round(time.perf_counter() - began),
        "done": dict(found.done),
        "states": dict(sorted(found.states.items())),
        "faults": FAULTS,
        "host": platform.platform(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "accounts_torture-quick.json" if given.quick else "accounts_torture.json"
    text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / name).write_text(text, encoding="utf-8")
    print(json.dumps({**found.done, **dict(found.states)}))
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in result["aims"]) else 1


if __name__ == "__main__":
    sys.exit(main())
