"""A prefecture with private devices, a tenant over HTTPS, and the product between them."""

import json
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import databases
import httpx
import pytest

from rollout.adapters.graph.mail import GraphMailer
from rollout.adapters.graph.permissions import needed_for_devices
from rollout.application.byod.applying import DeviceApplication, apply, decide
from rollout.application.byod.inviting import Asked, ask
from rollout.application.byod.listing import EVERYTHING, devices
from rollout.application.byod.outcomes import Tally
from rollout.application.notices.sending import Outbox, Pace
from rollout.application.operators import Operator
from rollout.bootstrap import Application
from rollout.domain.account import AccountState, CloudService
from rollout.domain.personal_device import ApplicationKind, Platform
from rollout.lab.graph import world
from rollout.settings import OperatorRole, load
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import Account, Person

Json = dict[str, Any]
START = datetime(2022, 11, 1, 1, tzinfo=UTC)
CLERK = Operator("hana", OperatorRole.OPERATOR)
CHIEF = Operator("ken", OperatorRole.APPROVER)
SENDER, GROUP = "dx@pref.example.jp", "私有端末利用者"
PEOPLE = 60
ROLES = (*{role.roles[0] for role in needed_for_devices()}, "Mail.Send", "Mail.Read")
"""Least privilege: nothing of it lets a device be wiped."""

CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[service]
port = 0
tick_seconds = 0.05
lease_seconds = 60
[byod]
group = "{group}"
rules_version = "2.0"
licences = ["SPE_E3"]
[notices]
sender = "{sender}"
contact = "DX推進課 059-000-0000"
doubt_minutes = 5
[accounts.tenant]
tenant_id = "{tenant.tenant_id}"
client_id = "{tenant.client_id}"
credential = "secret"
secret_file = "{tenant.secret_file}"
login_url = "{tenant.origin}"
graph_url = "{tenant.graph_url}"
ca_file = "{tenant.ca_file}"
"""


class SetClock:
    """The programme's clock, which stands until somebody sets it on."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


class Office:
    """People with accounts of their own in the tenant; each test takes new ones."""

    def __init__(self, root: Path, *, roles: Sequence[str] = ROLES, **scenario: Any) -> None:
        users = [_user(f"{number:06d}") for number in range(1, PEOPLE + 1)]
        mailbox = _user("dx") | {"userPrincipalName": SENDER}
        scenario |= {
            "users": [mailbox, *users],
            "groups": [{"displayName": GROUP, "mailNickname": "byod"}],
        }
        self.folder = root / "tenant"
        self.tenant = world.up(self.folder, scenario, roles)
        (root / "rollout.toml").write_text(
            CONFIGURATION.format(group=GROUP, sender=SENDER, tenant=self.tenant), encoding="utf-8"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROLLOUT_CONFIG", str(root / "rollout.toml"))
            settings = load()
        self.clock = SetClock()
        self.app = Application(settings, Database(settings.database_url), self.clock)
        databases.set_up(self.app.database)
        self.mailer = GraphMailer(settings.accounts.tenant, SENDER, per_minute=None)
        self.outbox = Outbox(
            self.app.database, settings, self.mailer, self.app.mail_writer, self.clock
        )
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=self.tenant.ca_file),
            base_url=f"{self.tenant.origin}/control",
        )
        self.users: dict[str, str] = {
            user["userPrincipalName"].partition("@")[0]: key
            for key, user in self.dump()["users"].items()
        }
        self._numbers = count(1)
        self.forged: list[str] = []

    def work(self) -> Tally:
        """What the daemon does: orders, mails of the outbox, and what came of both."""
        first = self.app.devices_work.carry_out()
        self.outbox.round((), 100, Pace(lambda seconds: None))
        then = self.app.devices_work.carry_out()
        return Tally(*(getattr(first, f.name) + getattr(then, f.name) for f in fields(Tally)))

    def hire(self, *, account: bool = True) -> str:
        """Somebody who has not been in a test yet; the staff number."""
        number = f"{next(self._numbers):06d}"
        with self.app.database.write() as session:
            person = Person(staff_number=number, name=f"職員 {number}")
            session.add(person)
            session.flush()
            for service in (CloudService.IDENTITY, CloudService.LICENCE) if account else ():
                session.add(
                    Account(
                        key=f"{number} {service.value}",
                        person_id=person.id or 0,
                        service=service.value,
                        state=AccountState.READY.value,
                        state_since=START,
                        external_id=self.users[number],
                    )
                )
        return number

    def approved(self, person: str, platform: Platform = Platform.IOS, **more: Any) -> int:
        """An application that somebody else approved."""
        form = DeviceApplication(
            person, platform, "iPhone 13", "メール", ApplicationKind.NEW, "2.0", date(2022, 10, 1),
            "総務課長",
        )  # fmt: skip
        form = replace(form, **more)
        app, now = self.app, self.clock.now()
        number = apply(app.database, app.settings, form, CLERK, now).number
        decide(app.database, app.settings, number, CHIEF, now, approve=True, reason=None)
        return number

    def ask(self, *numbers: int) -> Asked:
        app = self.app
        return ask(app.database, app.settings, list(numbers), CLERK, self.clock.now())

    def invited(self, person: str, **more: Any) -> int:
        """An application whose owner was invited."""
        number = self.approved(person, **more)
        assert self.ask(number).refused == []
        self.work()
        assert self.one(number)["state"] == "invited"
        return number

    def enrolled(self, person: str, tag: str, **more: Any) -> int:
        """A phone with one protected app, which the product has seen."""
        number = self.invited(person, **more)
        self.app_on(person, tag)
        self.app.devices_work.sync()
        return number

    def one(self, number: int) -> Json:
        """The row of a device as a list shows it."""
        rows = devices(self.app.database, self.app.settings, self.clock.now(), EVERYTHING)
        return next(row for row in rows if row["number"] == number)

    def later(self, **span: float) -> None:
        """Both clocks go on."""
        self.clock.moment += timedelta(**span)

    def plant(self, kind: str, **row: Any) -> str:
        """Something registers itself with the service, changes there, or is gone from there."""
        return str(self._post("plant", {"kind": kind, "row": row})["id"])

    def app_on(self, person: str, tag: str, **more: Any) -> str:
        """A protected app on a private phone."""
        row = {
            "id": f"app-{tag}", "deviceTag": tag, "deviceType": "iPhone", "deviceName": "iPhone",
            "userId": self.users[person], "flaggedReasons": ["none"], **more,
        }  # fmt: skip
        return self.plant("managedAppRegistrations", **row)

    def opened(self, device: str) -> None:
        """The app, or the device, reports: what was ordered of it happens."""
        self._post("check-in", {"device": device})

    def behave(self, **values: Any) -> None:
        self._post("behaviour", values)

    def dump(self) -> Json:
        return dict(self._http.get("/dump").json())

    def members(self) -> set[str]:
        """Staff numbers in the group."""
        by_id = {key: number for number, key in self.users.items()}
        return {by_id[edge["user"]] for edge in self.dump()["memberships"].values()}

    def mails(self, person: str) -> list[Json]:
        return [
            sent["message"]
            for sent in self.dump()["sentMail"]
            if sent["message"]["toRecipients"][0]["emailAddress"]["address"].startswith(person)
        ]

    def requests(self) -> list[Json]:
        lines = self.tenant.requests.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def _post(self, path: str, values: Json) -> Json:
        answer = self._http.post(f"/{path}", json=values)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def close(self) -> None:
        self._http.close()
        self.mailer.close()
        with self.app.directory_closed():
            pass
        with self.app.database.read() as session:
            assert verify(session).holds
        self.app.database.close()
        world.down(self.folder)
        requests = self.requests()
        changing = [line for line in requests if line["method"] != "GET"]
        # What tests sent by hand, past the product, is all that there is.
        assert [line["path"] for line in changing if "managedDevices" in line["path"]] == [
            f"/deviceManagement/managedDevices/{one}" for one in self.forged
        ]


def renamed_group(office: Office, group: str) -> Application:
    """The same product, to which the group has that name."""
    app = office.app
    byod = app.settings.byod.model_copy(update={"group": group})
    return Application(app.settings.model_copy(update={"byod": byod}), app.database, office.clock)


def _user(name: str) -> Json:
    return {
        "userPrincipalName": f"{name}@pref.example.jp",
        "displayName": name,
        "usageLocation": "JP",
        "licences": ["SPE_E3"],
    }


@pytest.fixture(scope="module")
def _office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for a module: its people are not shared between tests."""
    opened = Office(tmp_path_factory.mktemp("office"))
    yield opened
    opened.close()


@pytest.fixture
def office(_office: Office) -> Iterator[Office]:
    """The module's office; the service behaves again afterwards."""
    yield _office
    _office.behave(lost_answer_share=0.0, unavailable_share=0.0, throttled_share=0.0)
