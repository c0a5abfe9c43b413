"""Firmware may ask as often as it likes; an installer that gives up leaves nothing in doubt."""

from typing import Any

import pytest

from rollout.application import arrival
from rollout.application.arrival import LONGEST_REASON
from rollout.application.arrival_words import LOCAL_DISK, ArrivalRefused
from rollout.application.machines import retry
from rollout.domain.machine import Step
from rollout.domain.wave import WaveVerb

Office = Any


def awaits(office: Office, machine_id: int, **changes: Any) -> bool:
    machine = office.machine(machine_id)
    asked = {"mac": machine.mac, "serial": machine.serial, **changes}
    return arrival.awaits_install(office.database, at=office.clock.now(), **asked)


def give_up(office: Office, machine_id: int, token: str | None, **changes: Any) -> None:
    report = {
        "token": token or "",
        "serial": office.machine(machine_id).serial,
        "disk_touched": False,
        "reason": "the digest is wrong",
        **changes,
    }
    arrival.give_up(office.database, at=office.clock.now(), **report)


def test_firmware_is_sent_to_the_installer_from_arming_until_the_order_is_taken(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    assert not awaits(office, machine_id)
    office.arm(order, machine_id)
    assert awaits(office, machine_id)
    assert awaits(office, machine_id), "asking uses nothing up"
    assert office.boot(machine_id).image_id is not None
    assert not awaits(office, machine_id)


@pytest.mark.parametrize(
    "changes",
    [{"mac": "02:00:00:00:FF:FF"}, {"mac": "no address"}, {"mac": None}, {"serial": "OTHER"}],
)
def test_firmware_of_another_machine_is_sent_to_its_own_disk(
    office: Office, changes: dict[str, Any]
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    assert not awaits(office, machine_id, **changes)
    assert awaits(office, machine_id, serial=None), "not every firmware tells its serial"


def test_a_halt_or_the_deadline_sends_firmware_to_the_disk(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.move_wave(WaveVerb.HALT)
    assert not awaits(office, machine_id)
    office.move_wave(WaveVerb.RESUME)
    assert awaits(office, machine_id)
    office.clock.forward(hours=1)
    assert not awaits(office, machine_id)


def test_a_generation_without_an_image_is_not_armed(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    with pytest.raises(ArrivalRefused, match="no image for DK20"):
        arrival.arm(
            office.database,
            token=office.token(order, machine_id),
            serial=office.machine(machine_id).serial,
            boot_id="b",
            at=office.clock.now(),
            offers=lambda generation: generation != "DK20",
        )
    assert not awaits(office, machine_id)
    office.arm(order, machine_id)
    assert awaits(office, machine_id)


def test_an_installer_that_gives_up_fails_the_machine_and_settles_its_claim(
    office: Office,
) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token)
    machine, claim = office.machine(machine_id), office.claims(machine_id)[-1]
    assert (machine.state, claim.outcome) == ("failed", "failed")
    assert "the digest is wrong; its disk was not touched" in machine.cause
    assert office.open_claims() == 0
    version = machine.version
    give_up(office, machine_id, install.check_in_token)
    assert office.machine(machine_id).version == version, "the same report again changes nothing"


def test_a_machine_whose_installer_gave_up_is_retried_without_asking_it(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token)
    tag = office.machine(machine_id).asset_tag
    state = retry(
        office.database, tag, office.planner, office.clock.now(), reason="image copied again"
    )
    assert state == "captured"
    office.tick()
    newer = office.engine.last
    office.arm(newer, machine_id)
    again = office.boot(machine_id)
    assert again.epoch != install.epoch
    with pytest.raises(ArrivalRefused, match="overtaken"):
        office.check_in(machine_id, install.check_in_token)
    office.check_in(machine_id, again.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_a_touched_disk_is_said_so(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token, disk_touched=True)
    assert "no longer whole" in office.machine(machine_id).cause


def test_a_disk_that_is_not_whole_is_written_again_without_asking_the_machine(
    office: Office,
) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token, disk_touched=True)
    assert office.boot(machine_id) == LOCAL_DISK, "not before somebody says so"
    tag = office.machine(machine_id).asset_tag
    retry(office.database, tag, office.planner, office.clock.now(), reason="power is back")
    before = set(office.engine.orders)
    assert office.tick().started == 1
    assert set(office.engine.orders) == before, "there is no system that Ansible could ask"
    assert office.run(office.claims(machine_id)[-1].run_id).state == "finished"
    again = office.boot(machine_id)
    assert again.epoch not in (None, install.epoch)
    assert office.boot(machine_id) == LOCAL_DISK, "once per attempt"
    with pytest.raises(ArrivalRefused, match="overtaken"):
        office.check_in(machine_id, install.check_in_token)
    office.check_in(machine_id, again.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]
    assert [claim.outcome for claim in office.claims(machine_id)][-2:] == ["failed", "done"]


def test_a_waiting_installer_gets_nothing_while_its_wave_is_halted(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token, disk_touched=True)
    tag = office.machine(machine_id).asset_tag
    retry(office.database, tag, office.planner, office.clock.now(), reason="power is back")
    office.tick()
    office.move_wave(WaveVerb.HALT)
    assert office.boot(machine_id) == LOCAL_DISK


def test_a_late_word_of_a_silent_machines_installer_counts(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    give_up(office, machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["failed"]
    assert office.claims(machine_id)[-1].outcome == "failed"


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"token": "guessed"}, "unknown token"), ({"serial": "OTHER"}, "is not that of")],
)
def test_a_foreign_word_is_refused(office: Office, changes: dict[str, str], why: str) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    with pytest.raises(ArrivalRefused, match=why):
        give_up(office, machine_id, **{"token": install.check_in_token, **changes})
    assert office.states([machine_id]) == ["reimaging"]


def test_who_has_arrived_cannot_give_up(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token)
    with pytest.raises(ArrivalRefused, match="nothing to report"):
        give_up(office, machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_what_an_installer_says_is_kept_short_and_printable(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    give_up(office, machine_id, install.check_in_token, reason="\x1b[31m" + "x" * 5000)
    cause = office.machine(machine_id).cause
    assert "\x1b" not in cause
    assert "x" * 200 in cause
    assert len(cause) < LONGEST_REASON + 100
