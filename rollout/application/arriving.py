"""PCs that arm, boot or check in, together: one transaction, and an answer for each.

What a door asks is asked of every PC by itself; only reading and writing is done for all at once.
Of several words about the same claim the later ones are heard after the earlier ones were written.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlmodel import Session

from rollout.application import settle
from rollout.application.arrival_words import (
    LOCAL_DISK,
    Arming,
    ArrivalRefused,
    Booting,
    BootOrder,
    Report,
    new_token,
    token_digest,
)
from rollout.domain.history import canonical
from rollout.domain.identifiers import parse_mac
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.stop import Stopped
from rollout.domain.text import ValueRefused
from rollout.domain.wave import WaveState
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import arriving, claims, machines, stops, transitions
from rollout.store.arriving import Arriving
from rollout.store.tables import Machine


def arm(
    session: Session,
    asked: Sequence[Arming],
    *,
    at: datetime,
    offers: Callable[[str], bool],
) -> list[ArrivalRefused | None]:
    """Let the next network boot of these machines install; why not, for each that is refused."""
    stopped = stops.stopped(session)
    answers: list[ArrivalRefused | None] = [None] * len(asked)
    for places in _once_each([token_digest(one.token) for one in asked]):
        found = arriving.by_arm_tokens(session, places)
        armed: dict[int, str] = {}
        for digest, place in places.items():
            claim = found.get(digest)
            answers[place] = _why_not_armed(claim, asked[place].serial, stopped, offers)
            if claim is not None and answers[place] is None:
                armed[claim.epoch] = asked[place].boot_id
        claims.arm_all(session, armed, at=at)
    return answers


def _why_not_armed(
    claim: Arriving | None, serial: str, stopped: Stopped, offers: Callable[[str], bool]
) -> ArrivalRefused | None:
    if claim is None:
        return ArrivalRefused("unknown token")
    if claim.serial != serial:
        return _another(claim, serial)
    step = Step(claim.step)
    if claim.state != step.working:
        return ArrivalRefused(f"{claim.asset_tag} is {claim.state}, not {step.working}")
    if not _may_go_on(claim):
        return ArrivalRefused(f"the wave of {claim.asset_tag} does not run any more")
    if stopped.reaches(claim.generation, claim.site):
        return ArrivalRefused(f"{claim.asset_tag} is stopped: see `rollout stops`")
    if step is Step.REIMAGE and not offers(claim.generation):
        return ArrivalRefused(
            f"the deployment folder has no image for {claim.generation}: add it to the "
            "manifest and restart the daemon"
        )
    if claim.outcome or claim.voided_at or claim.consumed_at:
        return ArrivalRefused("the token was used or has ended")
    return None


def _another(claim: Arriving, serial: object) -> ArrivalRefused:
    return ArrivalRefused(f"serial {serial} is not that of {claim.asset_tag}")


def _may_go_on(claim: Arriving) -> bool:
    """Whether the wave has not been stopped; a pause lets what has begun go on, and a replaced PC
    is erased under an approval of its own."""
    return claim.step == Step.RETIRE or claim.wave_state in (WaveState.RUNNING, WaveState.PAUSED)


def boot(
    session: Session, settings: Settings, asked: Sequence[Booting], *, at: datetime
) -> list[BootOrder]:
    """What these machines, which boot from the network, are to do: install at most once each."""
    stopped = stops.stopped(session)
    answers = [LOCAL_DISK] * len(asked)
    for places in _once_each([one.serial for one in asked]):
        found = arriving.open_by_serials(session, places)
        used: dict[int, str] = {}
        for serial, place in places.items():
            claim = found.get(serial)
            if claim is None or not _is_its_card(claim, asked[place].mac):
                continue
            if claim.armed_at is None or not may_install(claim, stopped, at):
                continue
            token = new_token()
            used[claim.epoch] = token_digest(token)
            answers[place] = _order(settings, claim, token)
        claims.consume_all(session, used, at=at)
    return answers


def may_install(claim: Arriving, stopped: Stopped, at: datetime) -> bool:
    """Whether the machine of an open claim may be rewritten now, armed or not.

    It may have been halted or stopped between arming and boot: its disk is still whole.
    """
    return (
        Step(claim.step).destructive
        and claim.deadline_at > at
        and _may_go_on(claim)
        and not stopped.reaches(claim.generation, claim.site)
        and not (claim.outcome or claim.consumed_at or claim.voided_at)
    )


def _order(settings: Settings, claim: Arriving, token: str) -> BootOrder:
    if claim.step == Step.RETIRE:
        return BootOrder(erase=True, epoch=claim.epoch, check_in_token=token)
    image = settings.generation(claim.generation).image
    return BootOrder(image, epoch=claim.epoch, check_in_token=token)


def _is_its_card(claim: Arriving, mac: str | None) -> bool:
    """Whether a network card may be this machine's."""
    if not mac or not claim.mac:
        return True
    try:
        return parse_mac(mac) == claim.mac
    except ValueRefused:
        return False


def check_in(
    session: Session, settings: Settings, reports: Sequence[Report], *, at: datetime
) -> list[ArrivalRefused | None]:
    """Believe machines that report themselves with the token of their install order; why not, for
    each that is refused. The same report again is accepted and changes nothing."""
    answers: list[ArrivalRefused | None] = [None] * len(reports)
    for places in _once_each([token_digest(str(one.get("token"))) for one in reports]):
        found = arriving.by_check_in_tokens(session, places)
        arrived: list[tuple[Arriving, Report]] = []
        for digest, place in places.items():
            claim, report = found.get(digest), reports[place]
            if claim is not None and _is_known(claim, report):
                continue
            answers[place] = _why_not_believed(claim, report)
            if claim is not None and answers[place] is None:
                arrived.append((claim, report))
        _arrive(session, settings, arrived, at)
    return answers


def _is_known(claim: Arriving, report: Report) -> bool:
    """Whether the machine has said the same before."""
    return (
        claim.outcome == ClaimOutcome.DONE
        and claim.serial == str(report.get("serial"))
        and claim.boot_id == str(report.get("boot_id"))
        and _reported(claim)
    )


def _reported(claim: Arriving) -> bool:
    """Whether the machine's own check-in has ended the claim, and not a probe or a person."""
    return claim.report is not None and json.loads(claim.report).get("step") != "probe"


def _is_settled(claim: Arriving) -> bool:
    """Whether a probe or a person has said already that the machine is done.

    Nothing is left to decide, but only its own report brings the host key of the new system, by
    which later steps know it again.
    """
    return claim.outcome == ClaimOutcome.DONE and not _reported(claim)


def _why_not_believed(claim: Arriving | None, report: Report) -> ArrivalRefused | None:
    if claim is None:
        return ArrivalRefused("unknown token")
    serial, boot_id = str(report.get("serial")), str(report.get("boot_id"))
    if claim.serial != serial:
        return _another(claim, serial)
    if claim.newest != claim.epoch:
        return overtaken(claim.asset_tag)
    if _is_settled(claim):
        return None
    arriving_ = (Step(claim.step).working, MachineState.SILENT, MachineState.UNKNOWN)
    open_still = claim.consumed_at is not None and claim.outcome in (None, ClaimOutcome.SILENT)
    if claim.state not in arriving_ or not open_still:
        return nothing_to_report(claim.asset_tag, claim.state)
    if boot_id == claim.boot_id_before:
        return ArrivalRefused(f"{claim.asset_tag} has not booted since it was armed")
    return None


def overtaken(tag: str) -> ArrivalRefused:
    """The refusal of a token that is not the machine's newest."""
    return ArrivalRefused(f"a newer attempt of {tag} has overtaken this token")


def nothing_to_report(tag: str, state: str) -> ArrivalRefused:
    """The refusal of a report on what is over."""
    return ArrivalRefused(f"{tag} is {state}: nothing to report")


def _arrive(
    session: Session,
    settings: Settings,
    arrived: Sequence[tuple[Arriving, Report]],
    at: datetime,
) -> None:
    """Keep what these machines say, and let those go on that came with the right image."""
    arriving.checked_in(session, [_seen(claim, report) for claim, report in arrived], at)
    done: dict[str, list[Arriving]] = {}
    kept: dict[int, str] = {}
    for claim, report in arrived:
        image_id, expected = str(report.get("image_id")), settings.generation(claim.generation)
        said = canonical({key: value for key, value in report.items() if key != "token"})
        if _is_settled(claim):
            kept[claim.epoch] = said
        elif image_id == expected.image:
            kept[claim.epoch] = said
            done.setdefault(image_id, []).append(claim)
        else:
            _wrong_image(session, claim, image_id, expected.image, at)
    claims.keep_reports(session, kept)
    for image_id, those in done.items():
        claims.end(session, [claim.epoch for claim in those], ClaimOutcome.DONE, at)
        transitions.apply(
            session,
            Machine,
            [claim.machine_id for claim in those],
            MachineVerb.FINISH,
            actor=settle.DAEMON,
            at=at,
            reason=told(msgid("checked in with {image}"), image=image_id),
            run_id={claim.machine_id: claim.run_id for claim in those},
        )


def _seen(claim: Arriving, report: Report) -> arriving.CheckedIn:
    key = report.get("host_key")
    return arriving.CheckedIn(
        claim.machine_id,
        str(report.get("image_id")),
        str(report["boot_id"]),
        str(key) if key else None,
    )


def _wrong_image(
    session: Session, arrived: Arriving, image_id: str, expected: str, at: datetime
) -> None:
    machine = machines.by_id(session, arrived.machine_id)
    claim = claims.by_epoch(session, arrived.epoch)
    assert claim is not None  # noqa: S101  (read a moment ago in this transaction)
    reason = told(
        msgid("came back with {image}, not {expected}"), image=image_id, expected=expected
    )
    settle.wrong_image(session, machine, claim, at=at, reason=reason)


def _once_each(keys: Sequence[str]) -> Iterator[dict[str, int]]:
    """The places of `keys`, in as many rounds as the most frequent key has: each key at most once
    in a round, and its places in their order."""
    left = list(range(len(keys)))
    while left:
        this_round: dict[str, int] = {}
        for place in left:
            this_round.setdefault(keys[place], place)
        taken = set(this_round.values())
        left = [place for place in left if place not in taken]
        yield this_round
