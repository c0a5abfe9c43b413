"""People per minute through all five services, beside Microsoft's kit in a loop and plain batches.

Three ways to the same tenant of the lab, over HTTPS with 50 ms before every answer, in one run:
ours (`accounts plan` and `apply`, with its tables and history), msgraph-sdk called person by person
as its documentation shows, and as the limit httpx that sends ready-made batches of twenty without
keeping anything. Each starts with an empty tenant whose quotas are out of the way, and makes user,
licence, mailbox settings, membership of the department's group and its team, and looks at the end
whether the teams show their members; each proves that everybody is a member and that everybody's
mailbox speaks Japanese. How many requests of which kind a side made is counted by the tenant.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any

from rollout.lab.graph import world
from rollout.lab.graph.seed import OFFICE
from rollout.lab.graph.world import TenantStatus

RESULTS = Path(__file__).with_name("results")
LATENCY_MS = 50
AT_ONCE = 6
DEPARTMENTS = 10
PASSWORD = "Bench-only-0000"  # noqa: S105
SKU = OFFICE["skuId"]
SCOPE = "https://graph.microsoft.com/.default"
WIDE = {kind: [10_000_000, 1] for kind in
        ("directory-read", "directory-write", "licence", "mailbox", "teams")}  # fmt: skip
ROLES = (
    *("User.ReadWrite.All", "Group.ReadWrite.All", "LicenseAssignment.ReadWrite.All"),
    *("MailboxSettings.ReadWrite", "Organization.Read.All", "TeamMember.ReadWrite.All"),
)
AIM_LOOP, AIM_LIMIT, AIM_MEGABYTES = 10, 0.7, 500


def trust(tenant: TenantStatus) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tenant.ca_file)


def credential(tenant: TenantStatus) -> Any:
    from azure.identity.aio import ClientSecretCredential

    return ClientSecretCredential(
        tenant.tenant_id, tenant.client_id, tenant.secret_file.read_text(),
        authority=tenant.origin, connection_verify=str(tenant.ca_file),
        disable_instance_discovery=True,
    )  # fmt: skip


def user_body(number: int) -> dict[str, Any]:
    name = f"{number:06d}"
    return {
        "accountEnabled": True, "displayName": f"職員 {number}", "mailNickname": name,
        "userPrincipalName": f"{name}@pref.example.jp", "employeeId": name, "usageLocation": "JP",
        "preferredLanguage": "ja-JP",
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": True},
    }  # fmt: skip


def ours(tenant: TenantStatus, people: int, root: Path) -> float:
    """Seconds of plan and apply."""
    from rollout.adapters.clock import SystemClock
    from rollout.adapters.graph.directory import GraphDirectory
    from rollout.adapters.graph.passwords import PasswordFile
    from rollout.adapters.graph.rates import Rates
    from rollout.application.accounts.carrying_out import carry_out
    from rollout.application.accounts.plan import Scope, begin, propose
    from rollout.application.accounts.work import AccountsWork
    from rollout.application.operators import Operator
    from rollout.domain.account import CloudService
    from rollout.settings import OperatorRole, Programme, Settings
    from rollout.settings.accounts import Accounts, Tenant
    from rollout.store import migrate
    from rollout.store.database import Database
    from rollout.store.tables import Department, Person

    settings = Settings.model_construct(
        programme=Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1)),
        accounts=Accounts(
            identity="cloud",
            services=tuple(CloudService),
            tenant=Tenant(
                tenant_id=tenant.tenant_id, client_id=tenant.client_id, credential="secret",
                secret_file=tenant.secret_file, login_url=tenant.origin,
                graph_url=tenant.graph_url, ca_file=tenant.ca_file, requests_at_once=AT_ONCE,
            ),
        ),
    )  # fmt: skip
    database = Database(f"sqlite:///{root / 'bench.db'}")
    migrate.upgrade(database)
    with database.write() as session:
        places = [Department(bureau=f"{n}部", valid_from=date(2022, 4, 1))
                  for n in range(DEPARTMENTS)]  # fmt: skip
        session.add_all(places)
        session.flush()
        session.add_all(
            Person(
                staff_number=f"{n:06d}", name=f"職員 {n}", department_id=places[n % DEPARTMENTS].id
            )
            for n in range(people)
        )
    clock, operator = SystemClock(), Operator("bench", OperatorRole.OPERATOR)
    wide = Rates(dict.fromkeys(("read", "write", "licence", "mailbox", "teams"), (1e7, 1.0)))
    directory = GraphDirectory(settings.accounts.tenant, wide)
    directory.products()  # signed in, as the other sides are when their time begins
    began = time.perf_counter()
    propose(database, settings, directory, Scope(), operator, clock.now())
    begin(database, settings, directory, operator, clock.now())
    passwords = PasswordFile(root / "first.tsv")
    work = AccountsWork(database, settings, directory, clock, passwords, holder="bench")
    carry_out(work, database, clock, patience=timedelta(minutes=2), stop=Event())
    seconds = time.perf_counter() - began
    work.close()
    return seconds


async def plain_batches(tenant: TenantStatus, people: int) -> float:
    """Seconds of httpx with batches, every place full; chat is seen in the team, as ours does."""
    import httpx

    async with credential(tenant) as signed, httpx.AsyncClient(verify=trust(tenant)) as http:
        token = (await signed.get_token(SCOPE)).token
        began = time.perf_counter()
        gate = asyncio.Semaphore(AT_ONCE)

        async def send(parts: list[tuple[str, str, Any]]) -> list[Any]:
            requests = [
                {"id": str(n), "method": method, "url": url,
                 "headers": {"Content-Type": "application/json"}, "body": body}
                for n, (method, url, body) in enumerate(parts)
            ]  # fmt: skip
            async with gate:
                answer = await http.post(
                    f"{tenant.graph_url}/$batch", json={"requests": requests},
                    headers={"Authorization": f"Bearer {token}"}, timeout=60,
                )  # fmt: skip
            found = {int(part["id"]): part for part in answer.json()["responses"]}
            assert all(part["status"] < 300 for part in found.values()), found
            return [found[n].get("body") for n in range(len(parts))]

        async def read(path: str) -> list[Any]:
            async with gate:
                answer = await http.get(
                    f"{tenant.graph_url}{path}", timeout=60,
                    headers={"Authorization": f"Bearer {token}"},
                )  # fmt: skip
            return list(answer.json()["value"])

        await asyncio.gather(*(read(path) for path in ("/users", "/subscribedSkus", "/groups")))
        groups = await send([("POST", "/groups", group_body(n)) for n in range(DEPARTMENTS)])
        give = {"addLicenses": [{"skuId": SKU, "disabledPlans": []}], "removeLicenses": []}
        settings = {"timeZone": "Tokyo Standard Time", "language": {"locale": "ja-JP"}}

        async def through(numbers: range) -> None:
            """Twenty people through their services; no stage waits for other people."""
            users = await send([("POST", "/users", user_body(n)) for n in numbers])
            ids = [user["id"] for user in users]
            joined = [
                ("POST", f"/groups/{groups[n % DEPARTMENTS]['id']}/members/$ref",
                 {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{key}"})
                for n, key in zip(numbers, ids, strict=True)
            ]  # fmt: skip
            await asyncio.gather(
                send([("POST", f"/users/{key}/assignLicense", give) for key in ids]), send(joined)
            )
            await send([("PATCH", f"/users/{key}/mailboxSettings", settings) for key in ids])

        await asyncio.gather(
            send([("PUT", f"/groups/{group['id']}/team", {}) for group in groups]),
            *(through(range(at, min(at + 20, people))) for at in range(0, people, 20)),
        )
        shown = await asyncio.gather(*(read(f"/teams/{one['id']}/members") for one in groups))
        assert sum(len(members) for members in shown) >= people
        return time.perf_counter() - began


def group_body(number: int) -> dict[str, Any]:
    return {
        "displayName": f"{number}部", "mailNickname": f"bench-{number}", "mailEnabled": True,
        "securityEnabled": False, "groupTypes": ["Unified"], "visibility": "Private",
    }  # fmt: skip


async def kit_in_a_loop(tenant: TenantStatus, people: int) -> float:
    """Seconds of msgraph-sdk, one call after the other."""
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    import httpx
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph.generated.models.assigned_license import AssignedLicense
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.locale_info import LocaleInfo
    from msgraph.generated.models.mailbox_settings import MailboxSettings
    from msgraph.generated.models.password_profile import PasswordProfile
    from msgraph.generated.models.reference_create import ReferenceCreate
    from msgraph.generated.models.team import Team
    from msgraph.generated.models.user import User
    from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
        AssignLicensePostRequestBody,
    )
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

    async with credential(tenant) as signed, httpx.AsyncClient(verify=trust(tenant)) as http:
        provider = AzureIdentityAuthenticationProvider(
            signed, scopes=[SCOPE], allowed_hosts=["localhost"]
        )
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = tenant.graph_url
        graph = GraphServiceClient(request_adapter=adapter)
        began = time.perf_counter()
        groups = []
        for n in range(min(DEPARTMENTS, people)):
            made: Any = await graph.groups.post(
                Group(display_name=f"{n}部", mail_nickname=f"bench-{n}", mail_enabled=True,
                      security_enabled=False, group_types=["Unified"])
            )  # fmt: skip
            groups.append(made.id)
            await graph.groups.by_group_id(made.id).team.put(Team())
        for n in range(people):
            body = user_body(n)
            user: Any = await graph.users.post(
                User(
                    account_enabled=True, display_name=body["displayName"],
                    mail_nickname=body["mailNickname"],
                    user_principal_name=body["userPrincipalName"], employee_id=body["employeeId"],
                    usage_location="JP", preferred_language="ja-JP",
                    password_profile=PasswordProfile(password=PASSWORD),
                )
            )  # fmt: skip
            one = graph.users.by_user_id(user.id)
            await one.assign_license.post(
                AssignLicensePostRequestBody(
                    add_licenses=[AssignedLicense(sku_id=SKU, disabled_plans=[])],
                    remove_licenses=[],
                )
            )
            await one.mailbox_settings.patch(
                MailboxSettings(time_zone="Tokyo Standard Time",
                                language=LocaleInfo(locale="ja-JP"))
            )  # fmt: skip
            await graph.groups.by_group_id(groups[n % len(groups)]).members.ref.post(
                ReferenceCreate(
                    odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{user.id}"
                )
            )
        return time.perf_counter() - began


def side(name: str, tenant: TenantStatus, people: int, root: Path) -> float:
    if name == "ours":
        return ours(tenant, people, root)
    made = plain_batches if name == "batches" else kit_in_a_loop
    return asyncio.run(made(tenant, people))


def in_own_process(name: str, people: int) -> tuple[float, float, dict[str, int]]:
    """Seconds, the peak of resident memory in megabytes, and requests by kind, against a tenant of
    its own."""
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as folder:
        root = Path(folder)
        scenario = {
            "skus": [OFFICE | {"enabled": people}],
            "behaviour": {"latency_ms": LATENCY_MS, "quotas": WIDE, "page_size": 999},
        }
        tenant = world.up(root / "tenant", scenario, ROLES)
        try:
            child = subprocess.run(
                [sys.executable, __file__, "--side", name, "--people", str(people), folder],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            _prove(tenant, people)
            requests = _requests(tenant)
        finally:
            world.down(root / "tenant")
    told = json.loads(child.stdout.splitlines()[-1])
    return told["seconds"], told["megabytes"], requests


def _requests(tenant: TenantStatus) -> dict[str, int]:
    """How often the tenant was asked what, ids left out."""
    asked = Counter(
        f"{one['method']} {re.sub('[0-9a-f]{8}-[0-9a-f-]{27}', 'ID', one['path'])}"
        for one in map(json.loads, tenant.requests.read_text(encoding="utf-8").splitlines())
    )
    return dict(sorted(asked.items()))


def _prove(tenant: TenantStatus, people: int) -> None:
    import httpx

    with httpx.Client(verify=trust(tenant), timeout=120) as http:
        state = http.get(f"{tenant.origin}/control/dump").json()
    members = {edge["user"] for edge in state["memberships"].values()}
    assert members == set(state["users"])
    assert len(members) == people
    spoken = [box["language"]["locale"] for box in state["mailboxes"].values()]
    assert spoken == ["ja-JP"] * people


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer people, no 10,000")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--people", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        root = Path(given.folder)
        seconds = side(given.side, world.status(root / "tenant"), given.people, root)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "megabytes": peak}))
        return 0
    sizes = {"ours": 300, "batches": 300, "loop": 20} if given.quick else {
        "ours": 2000, "batches": 2000, "loop": 100}  # fmt: skip
    rates, peaks, requests = {}, {}, {}
    load = os.getloadavg()[0]
    for name, people in sizes.items():
        seconds, peaks[name], requests[name] = in_own_process(name, people)
        rates[name] = people / seconds * 60
        print(f"{name:8} {people:>6,} people {seconds:7.1f} s {rates[name]:9,.0f} a minute "
              f"{peaks[name]:6.0f} MB")  # fmt: skip
    if not given.quick:
        seconds, peaks["ours"], _ = in_own_process("ours", 10_000)
        print(f"ours     10,000 people {seconds:7.1f} s {10_000 / seconds * 60:9,.0f} a minute "
              f"{peaks['ours']:6.0f} MB")  # fmt: skip
    beside_loop, beside_limit = rates["ours"] / rates["loop"], rates["ours"] / rates["batches"]
    result: dict[str, Any] = {
        "bench": "accounts",
        "aims": [
            {"name": "people a minute beside the kit in a loop", "value": round(beside_loop, 1),
             "unit": "times", "aim": f">= {AIM_LOOP}", "holds": beside_loop >= AIM_LOOP},
            {"name": "people a minute beside plain batches", "value": round(beside_limit, 2),
             "unit": "times", "aim": f">= {AIM_LIMIT}", "holds": beside_limit >= AIM_LIMIT},
            {"name": "peak memory" + (" (quick)" if given.quick else " at 10,000 people"),
             "value": round(peaks["ours"]), "unit": "MB", "aim": f"< {AIM_MEGABYTES}",
             "holds": peaks["ours"] < AIM_MEGABYTES},
        ],
    }  # fmt: skip
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": given.quick,
        "people": sizes,
        "people_a_minute": {name: round(rate) for name, rate in rates.items()},
        "requests": requests,
        "latency_ms": LATENCY_MS,
        "host": platform.platform(),
        "cpus": os.cpu_count(),
        "load_before": round(load, 1),
        "python": platform.python_version(),
        "msgraph-sdk": version("msgraph-sdk"),
        "httpx": version("httpx"),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "accounts-quick.json" if given.quick else "accounts.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
          f"msgraph-sdk {version('msgraph-sdk')}, httpx {version('httpx')}")  # fmt: skip
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in result["aims"]) else 1


if __name__ == "__main__":
    sys.exit(main())
