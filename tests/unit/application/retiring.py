"""A PC and the one that replaces it, and the words to arrange them."""

from datetime import date
from typing import Any

from rollout.application import arrival
from rollout.application.operators import Operator
from rollout.application.ports import RunOrder
from rollout.application.retirement import decisions
from rollout.application.retirement.listing import Replaced, listing
from rollout.domain.machine import MachineState, MachineVerb
from rollout.settings import OperatorRole
from rollout.store import transitions
from rollout.store.tables import Machine, Wave

Office = Any
TODAY = date(2022, 11, 1)
VIEWER = Operator("viewer", OperatorRole.VIEWER)
OTHER = Operator("other approver", OperatorRole.APPROVER)


class Retiring:
    """An old PC and the new one that replaces it."""

    def __init__(self, office: Office, *, in_use: bool = True, **columns: Any) -> None:
        self.office = office
        if not office.rows(Wave):
            office.wave()
        (self.old,) = office.machines(1, generation="DK17", **columns)
        state = MachineState.VERIFIED if in_use else MachineState.CAPTURED
        (self.new,) = office.machines(1, generation="DK19", state=state, site=columns.get("site"))
        if in_use:
            self.move(self.new, MachineVerb.HAND_OVER)
        self.tag, self.successor = self.name(self.old), self.name(self.new)

    def name(self, machine_id: int) -> str:
        return str(self.office.machine(machine_id).asset_tag)

    def move(self, machine_id: int, verb: MachineVerb) -> None:
        with self.office.database.write() as session:
            transitions.apply(
                session, Machine, [machine_id], verb, actor="test", at=self.now, reason="set-up"
            )

    @property
    def now(self) -> Any:
        return self.office.clock.now()

    @property
    def state(self) -> str:
        return str(self.office.machine(self.old).state)

    @property
    def entry(self) -> Replaced:
        (found,) = [
            entry
            for entry in listing(self.office.database, gone=True)
            if entry.machine.asset_tag == self.tag
        ]
        return found

    def supersede(self, who: Operator | None = None, reason: str = "leased anew") -> None:
        operator = who or self.office.planner
        decisions.supersede(
            self.office.database, self.tag, self.successor, operator, self.now, reason
        )

    def retained(self) -> "Retiring":
        """Kept by the daemon, and its last day is over."""
        self.supersede()
        self.office.tick()
        assert self.state == "retained"
        self.office.clock.forward(days=self.office.settings.retirement.retention_days + 1)
        return self

    def ask(self, who: Operator | None = None, reason: str = "back to the lessor") -> None:
        decisions.ask(
            self.office.database,
            self.office.settings,
            [self.tag],
            who or self.office.planner,
            self.now,
            reason,
        )

    def approve(self, who: Operator | None = None) -> None:
        decisions.approve(
            self.office.database,
            self.office.settings,
            [self.tag],
            who or self.office.approver,
            self.now,
        )

    def approved(self) -> "Retiring":
        self.retained()
        self.ask()
        self.approve()
        return self

    def run(self) -> RunOrder | None:
        """The erasure that a tick begins; None when it begins none."""
        before = set(self.office.engine.orders)
        self.office.tick()
        begun = [self.office.engine.orders[run] for run in set(self.office.engine.orders) - before]
        return begun[0] if begun else None

    def begun(self) -> RunOrder:
        order = self.approved().run()
        assert order is not None
        assert order.playbook == "retire.yml"
        return order

    def ordered(self) -> RunOrder:
        """Told to erase itself; the run is over, the proof is missing."""
        order = self.begun()
        disks = [{"model": "Lab disk", "serial": "D-1", "bytes": 256}]
        told = {"method": "Windows protected wipe (MDM RemoteWipe)", "disks": disks}
        report = self.office.report(order, self.old, erasure=told, boot_id="boot-old")
        self.office.engine.deliver(report)
        self.office.engine.end(order.run_id)
        return order

    def attest(self, who: Operator | None = None, reason: str = "starts empty") -> None:
        decisions.attest(
            self.office.database,
            self.office.settings,
            self.tag,
            who or self.office.approver,
            self.now,
            reason,
        )

    def give_back(self, day: date | None = None) -> None:
        decisions.give_back(
            self.office.database,
            self.office.settings,
            self.tag,
            day or self.now.date(),
            self.office.planner,
            self.now,
            None,
        )

    def report_empty(self, token: str | None, **changes: Any) -> None:
        report = {"token": token, "serial": self.office.machine(self.old).serial}
        report |= {"method": "overwritten and read back", "result": "empty"}
        arrival.erased(self.office.database, report | changes, at=self.now)
