"""A directory with devices and a mailbox, in memory: what a machine of chance works against."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from rollout.application.accounts.orders import (
    AddMember,
    Answer,
    Done,
    Doubtful,
    Order,
    RemoveMember,
    RevokeSessions,
    WipeApps,
)
from rollout.application.byod.devices import Reading
from rollout.application.notices.mail import Found, InDoubt, Later, Mail, Refused, Taken
from rollout.domain.device_sightings import Enrolment, ProtectedApp
from rollout.domain.personal_device import (
    ENDED,
    LEAVING,
    Platform,
)
from rollout.store.database import Database
from rollout.store.tables import PersonalDevice

SYSTEMS = {Platform.IOS: "iPhone", Platform.ANDROID: "Android"}
START = datetime(2022, 11, 1, 9, tzinfo=UTC)


class Service:
    """A directory with devices, in memory: the ports `Directory` and `Devices`.

    While `losing`, orders are done and their answers are lost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.losing = False
        self.members: set[str] = set()
        self.apps: dict[str, tuple[str, Platform]] = {}
        self.company: set[str] = set()
        self.to_go: set[str] = set()
        self._under_way: list[Order] = []

    def group(self, name: str) -> Sequence[str]:
        return [name]

    def reading(self, begun_at: datetime) -> Reading:
        apps = [
            ProtectedApp(f"app {tag}", user, tag, SYSTEMS[platform], name=tag)
            for tag, (user, platform) in self.apps.items()
        ]
        enrolled = [
            Enrolment(f"mdm {tag}", user, f"id {tag}", SYSTEMS[platform], True, "compliant",
                      name=tag)
            for tag, (user, platform) in self.apps.items()
            if tag in self.company
        ]  # fmt: skip
        return Reading(begun_at, [], enrolled, apps)

    def exchange(self, stop: Callable[[], bool]) -> "Service":
        return self

    def send(self, orders: Sequence[Order]) -> None:
        self._under_way.extend(orders)

    def answers(self) -> Sequence[Answer]:
        done, self._under_way = self._under_way, []
        for order in done:
            self._obey(order)
        return [(order, Doubtful("lost") if self.losing else Done()) for order in done]

    def end(self) -> Sequence[Order]:
        return self._under_way

    def _obey(self, order: Order) -> None:
        match order:
            case AddMember():
                self.members.add(order.user)
            case RemoveMember():
                self.members.discard(order.user)
            case RevokeSessions():
                pass
            case WipeApps():
                self._must_be_leaving(order)
                self.to_go.add(order.tag)
            case _:
                raise AssertionError(order)

    def _must_be_leaving(self, order: WipeApps) -> None:
        with self._database.read() as session:
            (row,) = session.exec(
                select(PersonalDevice).where(
                    PersonalDevice.device_tag == order.tag,
                    col(PersonalDevice.state).not_in([state.value for state in ENDED]),
                )
            ).all()
            assert (row.state in LEAVING, row.id) == (True, order.row)

    def open(self, tag: str) -> None:
        """The app is opened: what was ordered happens."""
        if tag in self.to_go:
            self.apps.pop(tag, None)
            self.company.discard(tag)

    def close(self) -> None:
        pass


class Mailbox:
    """The port `Mailer` in memory; `mood` is what comes of the next mail."""

    def __init__(self) -> None:
        self.mood = "taken"
        self.sent: list[str] = []

    def send(self, mail: Mail) -> Any:
        if self.mood in ("taken", "lost"):
            self.sent.append(mail.key)
        return {
            "taken": Taken(),
            "lost": InDoubt("lost"),
            "never came": InDoubt("lost"),
            "refused": Refused("No", "no"),
            "later": Later(600),
        }[self.mood]

    def find(self, key: str) -> Found | None:
        return Found(START, "id") if key in self.sent else None

    def close(self) -> None:
        pass
