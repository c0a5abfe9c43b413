"""Arming, network boot and check-in: how a reimage starts at most once and is proven.

arm      the playbook has passed every guard on the machine and presents the claim's token;
boot     the machine boots from the network and asks what to do: install exactly once per armed
         claim, the local disk ever after;
give up  the installer could not do it (an image whose digest is wrong) and says whether the disk
         is still whole: the order is dead, the machine has failed and nothing is in doubt;
check-in the new system reports itself with a second token that only the install order carried.

A replaced PC that is erased goes the same way: armed, told once, and believed when it reports.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application import settle
from rollout.application.retirement import proof
from rollout.domain.errors import RolloutError
from rollout.domain.history import canonical
from rollout.domain.identifiers import parse_mac
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.text import ValueRefused
from rollout.domain.wave import WaveState
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import claims, machines, stops, waves
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine


class ArrivalRefused(RolloutError):
    """The request is not believed or comes at the wrong time."""


@dataclass(frozen=True)
class BootOrder:
    """What a network-booting machine is to do: write an image, or erase its disk for good; with
    neither it boots its own disk."""

    image_id: str | None = None
    erase: bool = False
    epoch: int | None = None
    check_in_token: str | None = None


LOCAL_DISK = BootOrder()

LONGEST_REASON = 300
"""Characters that are kept of what an installer says."""


def new_token() -> str:
    """A one-time secret; only its digest is kept."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def arm(
    database: Database,
    *,
    token: str,
    serial: str,
    boot_id: str,
    at: datetime,
    offers: Callable[[str], bool] = lambda generation: True,
) -> None:
    """Let the next network boot of this machine install. Raises ArrivalRefused.

    `offers` says whether there is an image for machines of a generation.
    """
    with database.write() as session:
        claim = claims.by_arm_token(session, token_digest(token))
        if claim is None:
            raise ArrivalRefused("unknown token")
        machine = machines.by_id(session, claim.machine_id)
        if machine.serial != serial:
            raise ArrivalRefused(f"serial {serial} is not that of {machine.asset_tag}")
        step = Step(claim.step)
        if machine.state != step.working:
            raise ArrivalRefused(f"{machine.asset_tag} is {machine.state}, not {step.working}")
        if not _may_go_on(session, machine, step):
            raise ArrivalRefused(f"the wave of {machine.asset_tag} does not run any more")
        if stops.reaches(session, machine):
            raise ArrivalRefused(f"{machine.asset_tag} is stopped: see `rollout stops`")
        if step is Step.REIMAGE and not offers(machine.generation):
            raise ArrivalRefused(
                f"the deployment folder has no image for {machine.generation}: add it to the "
                "manifest and restart the daemon"
            )
        if not claims.arm(session, claim.id or 0, at=at, boot_id=boot_id):
            raise ArrivalRefused("the token was used or has ended")


def _may_go_on(session: Session, machine: Machine, step: Step) -> bool:
    """Whether the wave has not been stopped; a pause lets what has begun go on, and a replaced PC
    is erased under an approval of its own."""
    if step is Step.RETIRE:
        return True
    wave = waves.by_id(session, machine.wave_id) if machine.wave_id else None
    return wave is not None and wave.state in (WaveState.RUNNING, WaveState.PAUSED)


def boot(
    database: Database,
    settings: Settings,
    *,
    serial: str,
    mac: str | None,
    at: datetime,
) -> BootOrder:
    """What a machine that boots from the network is to do."""
    with database.write() as session:
        machine = machines.by_serial(session, serial)
        if machine is None or not _is_its_card(machine, mac):
            return LOCAL_DISK
        claim = _open_order(session, machine, at)
        if claim is None:
            return LOCAL_DISK
        token = new_token()
        if not claims.consume(
            session, claim.id or 0, at=at, check_in_token_hash=token_digest(token)
        ):
            return LOCAL_DISK
        if claim.step == Step.RETIRE:
            return BootOrder(erase=True, epoch=claim.id, check_in_token=token)
        image = settings.generation(machine.generation).image
        return BootOrder(image, epoch=claim.id, check_in_token=token)


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
        machine = machines.by_mac(session, address)
        if machine is None or (serial and serial != machine.serial):
            return False
        claim = _open_order(session, machine, at)
        return claim is not None and claim.armed_at is not None and claim.consumed_at is None


def _open_order(session: Session, machine: Machine, at: datetime) -> Claim | None:
    """The claim under which this machine may be rewritten now, armed or not."""
    claim = claims.open_of_machines(session, [machine.id or 0]).get(machine.id or 0)
    if claim is None or not Step(claim.step).destructive or claim.deadline_at <= at:
        return None
    # Halted or stopped between arming and boot: its disk is still whole.
    if not _may_go_on(session, machine, Step(claim.step)) or stops.reaches(session, machine):
        return None
    return claim


def _is_its_card(machine: Machine, mac: str | None) -> bool:
    """Whether a network card may be this machine's; firmware writes addresses in its own way."""
    if not mac or not machine.mac:
        return True
    try:
        return parse_mac(mac) == machine.mac
    except ValueRefused:
        return False


def check_in(
    database: Database, settings: Settings, report: Mapping[str, Any], *, at: datetime
) -> None:
    """Believe a machine that reports itself with the token of its install order.

    The same report again is accepted and changes nothing. Raises ArrivalRefused.
    """
    with database.write() as session:
        claim = claims.by_check_in_token(session, token_digest(str(report.get("token"))))
        if claim is None:
            raise ArrivalRefused("unknown token")
        machine = machines.by_id(session, claim.machine_id)
        serial, boot_id = str(report.get("serial")), str(report.get("boot_id"))
        if machine.serial != serial:
            raise ArrivalRefused(f"serial {serial} is not that of {machine.asset_tag}")
        if claim.outcome == ClaimOutcome.DONE and machine.boot_id == boot_id and _reported(claim):
            return
        if claim.outcome == ClaimOutcome.DONE and not _reported(claim):
            _confirm(session, machine, claim, report, at)
            return
        _must_be_current(session, machine, claim)
        if boot_id == claim.boot_id_before:
            raise ArrivalRefused(f"{machine.asset_tag} has not booted since it was armed")
        _arrive(session, settings, machine, claim, report, at)


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
        raise ArrivalRefused(f"a newer attempt of {machine.asset_tag} has overtaken this token")
    arriving = (step.working, MachineState.SILENT, MachineState.UNKNOWN)
    if machine.state not in arriving or not claims.may_have_happened(claim):
        raise ArrivalRefused(f"{machine.asset_tag} is {machine.state}: nothing to report")


def _reported(claim: Claim) -> bool:
    """Whether the machine's own check-in has ended the claim, and not a probe or a person."""
    return claim.report is not None and json.loads(claim.report).get("step") != "probe"


def _confirm(
    session: Session, machine: Machine, claim: Claim, report: Mapping[str, Any], at: datetime
) -> None:
    """A machine that a probe or a person has settled already reports itself.

    Nothing is left to decide, but only this report brings the host key of the new system, by
    which later steps know it again. Raises ArrivalRefused for an attempt that was overtaken.
    """
    latest = claims.latest(session, machine.id or 0, Step(claim.step))
    if latest is None or latest.id != claim.id:
        raise ArrivalRefused(f"a newer attempt of {machine.asset_tag} has overtaken this token")
    claim.report = canonical(_note(session, machine, report, at))
    session.add(claim)


def _note(
    session: Session, machine: Machine, report: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """Remember what the machine says of itself; the report without its secret."""
    machine.image_id, machine.boot_id = str(report.get("image_id")), str(report["boot_id"])
    machine.last_seen_at = at
    if report.get("host_key"):
        machine.host_key = str(report["host_key"])
    session.add(machine)
    session.flush()
    return {key: value for key, value in report.items() if key != "token"}


def _arrive(
    session: Session,
    settings: Settings,
    machine: Machine,
    claim: Claim,
    report: Mapping[str, Any],
    at: datetime,
) -> None:
    image_id = str(report.get("image_id"))
    kept = _note(session, machine, report, at)
    expected = settings.generation(machine.generation).image
    if image_id != expected:
        settle.wrong_image(
            session,
            machine,
            claim,
            at=at,
            reason=told(
                msgid("came back with {image}, not {expected}"), image=image_id, expected=expected
            ),
        )
        return
    settle.done(
        session,
        machine,
        claim,
        actor=settle.DAEMON,
        at=at,
        reason=told(msgid("checked in with {image}"), image=image_id),
        report=kept,
        run_id=claim.run_id,
    )
