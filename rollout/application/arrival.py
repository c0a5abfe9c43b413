"""Arming, network boot and check-in: how a reimage starts at most once and is proven.

arm      the playbook has passed every guard on the machine and presents the claim's token;
boot     the machine boots from the network and asks what to do: install exactly once per armed
         claim, the local disk ever after;
give up  the installer could not do it (an image whose digest is wrong) and says whether the disk
         is still whole: the order is dead, the machine has failed and nothing is in doubt;
check-in the new system reports itself with a second token that only the install order carried.

A replaced PC that is erased goes the same way: armed, told once, and believed when it reports.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application import arriving, settle
from rollout.application.arrival_words import (
    Arming,
    ArrivalRefused,
    Booting,
    BootOrder,
    Report,
    token_digest,
)
from rollout.application.retirement import proof
from rollout.domain.identifiers import parse_mac
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.text import ValueRefused
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import arriving as arrivals
from rollout.store import claims, machines, stops
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine

LONGEST_REASON = 300
"""Characters that are kept of what an installer says."""


def any_image(_generation: str) -> bool:
    """Whether there is an image for a generation, where no deployment folder says so."""
    return True


def arm(
    database: Database,
    *,
    token: str,
    serial: str,
    boot_id: str,
    at: datetime,
    offers: Callable[[str], bool] = any_image,
) -> None:
    """Let the next network boot of this machine install. Raises ArrivalRefused.

    `offers` says whether there is an image for machines of a generation.
    """
    _raise(arm_together(database, [Arming(token, serial, boot_id)], at=at, offers=offers))


def arm_together(
    database: Database,
    asked: Sequence[Arming],
    *,
    at: datetime,
    offers: Callable[[str], bool] = any_image,
) -> list[ArrivalRefused | None]:
    """The same for several in one transaction; for each the refusal, if there is one."""
    with database.write() as session:
        return arriving.arm(session, asked, at=at, offers=offers)


def boot(
    database: Database,
    settings: Settings,
    *,
    serial: str,
    mac: str | None,
    at: datetime,
) -> BootOrder:
    """What a machine that boots from the network is to do."""
    return boot_together(database, settings, [Booting(serial, mac)], at=at)[0]


def boot_together(
    database: Database, settings: Settings, asked: Sequence[Booting], *, at: datetime
) -> list[BootOrder]:
    """The same for several in one transaction."""
    with database.write() as session:
        return arriving.boot(session, settings, asked, at=at)


def awaits_install(
    database: Database, *, mac: str | None, serial: str | None, at: datetime
) -> bool:
    """Whether a machine that boots from the network should start the installer.

    Firmware asks, and asks again as it likes: nothing is used up. The installer itself then takes
    the order by `boot`, once.
    """
    try:
        address = parse_mac(mac or "")
    except ValueRefused:
        return False
    with database.read() as session:
        claim = arrivals.open_by_mac(session, address)
        if claim is None or (serial and serial != claim.serial):
            return False
        armed = claim.armed_at is not None
        return armed and arriving.may_install(claim, stops.stopped(session), at)


def check_in(
    database: Database, settings: Settings, report: Mapping[str, Any], *, at: datetime
) -> None:
    """Believe a machine that reports itself with the token of its install order.

    The same report again is accepted and changes nothing. Raises ArrivalRefused.
    """
    _raise(check_in_together(database, settings, [report], at=at))


def check_in_together(
    database: Database, settings: Settings, reports: Sequence[Report], *, at: datetime
) -> list[ArrivalRefused | None]:
    """The same for several in one transaction; for each the refusal, if there is one."""
    with database.write() as session:
        return arriving.check_in(session, settings, reports, at=at)


def _raise(answers: Sequence[ArrivalRefused | None]) -> None:
    for refused in answers:
        if refused is not None:
            raise refused


def give_up(
    database: Database,
    *,
    token: str,
    serial: str,
    disk_touched: bool,
    reason: str,
    at: datetime,
) -> None:
    """Believe an installer that could not follow its order; the same again changes nothing.

    Raises ArrivalRefused.
    """
    with database.write() as session:
        claim = claims.by_check_in_token(session, token_digest(token))
        if claim is None:
            raise ArrivalRefused("unknown token")
        machine = machines.by_id(session, claim.machine_id)
        if machine.serial != serial:
            raise ArrivalRefused(f"serial {serial} is not that of {machine.asset_tag}")
        if claim.outcome == ClaimOutcome.FAILED and machine.state == MachineState.FAILED:
            return
        _must_be_current(session, machine, claim)
        said = "".join(c if c.isprintable() else " " for c in reason)[:LONGEST_REASON].strip()
        disk = (
            msgid(
                "its disk is no longer whole: leave it on and connected, then retry; the order "
                "comes over the network"
            )
            if disk_touched
            else msgid("its disk was not touched")
        )
        reason = told(
            msgid("{step}: the installer gave up: {said}; {disk}"),
            step=Step(claim.step),
            said=said or told(msgid("without a reason")),
            disk=told(disk),
        )
        settle.given_up(session, machine, claim, disk_touched=disk_touched, at=at, reason=reason)


def erased(database: Database, report: Mapping[str, Any], *, at: datetime) -> None:
    """Believe a machine that reports its disk empty with the token of its order to erase it.

    The same report again is accepted and changes nothing. Raises ArrivalRefused.
    """
    with database.write() as session:
        claim = claims.by_check_in_token(session, token_digest(str(report.get("token"))))
        if claim is None or claim.step != Step.RETIRE:
            raise ArrivalRefused("unknown token")
        machine = machines.by_id(session, claim.machine_id)
        if machine.serial != report.get("serial"):
            raise ArrivalRefused(
                f"serial {report.get('serial')} is not that of {machine.asset_tag}"
            )
        if claim.outcome == ClaimOutcome.DONE:
            return
        _must_be_current(session, machine, claim)
        kept = {key: value for key, value in report.items() if key != "token"}
        proof.erased(session, machine, claim, kept, at)


def _must_be_current(session: Session, machine: Machine, claim: Claim) -> None:
    step = Step(claim.step)
    latest = claims.latest(session, machine.id or 0, step)
    if latest is None or latest.id != claim.id:
        raise arriving.overtaken(machine.asset_tag)
    states = (step.working, MachineState.SILENT, MachineState.UNKNOWN)
    if machine.state not in states or not claims.may_have_happened(claim):
        raise arriving.nothing_to_report(machine.asset_tag, machine.state)
