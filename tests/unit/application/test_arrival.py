"""A reimage starts at most once, and only the machine itself proves that it arrived."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import databases
import pytest

from rollout.application import arrival
from rollout.application.arrival_words import LOCAL_DISK, ArrivalRefused, new_token
from rollout.application.machines import Settled, retry
from rollout.application.machines import move as move_machines
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.wave import WaveVerb

Office = Any


@pytest.fixture
def reimaging(office: Office) -> tuple[Any, int]:
    """A machine whose reimage is at work, with its order."""
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    return order, machine_id


def test_an_unknown_token_arms_nothing(office: Office, reimaging: tuple[Any, int]) -> None:
    _order, machine_id = reimaging
    with pytest.raises(ArrivalRefused, match="unknown token"):
        arrival.arm(
            office.database,
            token=new_token(),
            serial=office.machine(machine_id).serial,
            boot_id="b",
            at=office.clock.now(),
        )
    assert office.boot(machine_id) == LOCAL_DISK


def test_the_token_of_another_machine_arms_nothing(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    with pytest.raises(ArrivalRefused, match="is not that of DK20"):
        arrival.arm(
            office.database,
            token=office.token(order, machine_id),
            serial="SOMEBODY-ELSE",
            boot_id="b",
            at=office.clock.now(),
        )
    assert office.boot(machine_id) == LOCAL_DISK


def test_a_halted_wave_arms_nothing_and_a_paused_one_lets_what_has_begun_go_on(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.move_wave(WaveVerb.HALT)
    with pytest.raises(ArrivalRefused, match="does not run"):
        office.arm(order, machine_id)
    office.move_wave(WaveVerb.RESUME)
    office.move_wave(WaveVerb.PAUSE)
    office.arm(order, machine_id)
    assert office.boot(machine_id).image_id is not None


def test_a_halt_between_arming_and_boot_spares_the_disk(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    office.move_wave(WaveVerb.HALT)
    assert office.boot(machine_id) == LOCAL_DISK


def test_arming_again_changes_nothing(office: Office, reimaging: tuple[Any, int]) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    armed_at = office.claims(machine_id)[-1].armed_at
    office.clock.forward(seconds=5)
    office.arm(order, machine_id)
    assert office.claims(machine_id)[-1].armed_at == armed_at
    assert office.boot(machine_id).image_id is not None


def test_a_used_token_arms_nothing_more(office: Office, reimaging: tuple[Any, int]) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    office.boot(machine_id)
    with pytest.raises(ArrivalRefused, match="used or has ended"):
        office.arm(order, machine_id)
    assert office.boot(machine_id) == LOCAL_DISK


def test_the_token_of_an_overtaken_attempt_arms_nothing(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.engine.end(order.run_id, "crashed")
    with pytest.raises(ArrivalRefused, match="not reimaging"):
        office.arm(order, machine_id)
    office.tick()
    newer = office.engine.last
    with pytest.raises(ArrivalRefused, match="used or has ended"):
        office.arm(order, machine_id)
    office.arm(newer, machine_id)
    assert office.boot(machine_id).epoch == newer.hosts[0].epoch


def test_a_machine_that_is_not_armed_boots_its_own_disk(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    _order, machine_id = reimaging
    assert office.boot(machine_id) == LOCAL_DISK
    assert arrival.boot(
        office.database, office.settings, serial="NOBODY", mac=None, at=office.clock.now()
    ) == LOCAL_DISK  # fmt: skip


@pytest.mark.parametrize("mac", ["02:00:00:00:FF:FF", "no address", "01-00-5E-00-00-01"])
def test_a_foreign_network_card_boots_its_own_disk(
    office: Office, reimaging: tuple[Any, int], mac: str
) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    assert office.boot(machine_id, mac=mac) == LOCAL_DISK
    assert office.boot(machine_id).image_id is not None


def test_the_network_card_is_known_in_whatever_way_its_address_is_written(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    written = (office.machine(machine_id).mac or "").lower().replace(":", "-")
    assert office.boot(machine_id, mac=written).image_id is not None


def test_an_armed_machine_that_boots_after_its_deadline_is_left_alone(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    office.clock.forward(hours=1)
    assert office.boot(machine_id) == LOCAL_DISK
    office.engine.end(order.run_id)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    assert office.claims(machine_id)[-1].voided_at is not None
    office.clock.forward(hours=-1)
    assert office.boot(machine_id) == LOCAL_DISK


def test_of_twenty_boots_at_once_exactly_one_installs(
    office: Office, reimaging: tuple[Any, int]
) -> None:
    order, machine_id = reimaging
    office.arm(order, machine_id)
    together = threading.Barrier(20)

    def boot(_number: int) -> arrival.BootOrder:
        together.wait(30)
        return office.boot(machine_id)

    with ThreadPoolExecutor(20) as pool:
        orders = list(pool.map(boot, range(20)))
    installs = [order for order in orders if order != LOCAL_DISK]
    assert len(installs) == 1
    office.check_in(machine_id, installs[0].check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_a_check_in_is_remembered_as_the_machines_own_word(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token, host_key="ssh-ed25519 AAAA")
    machine = office.machine(machine_id)
    assert machine.state == "reimaged"
    assert (machine.image_id, machine.boot_id) == (install.image_id, "boot-new")
    assert machine.host_key == "ssh-ed25519 AAAA"
    assert machine.last_seen_at == office.clock.now()
    claim = office.claims(machine_id)[-1]
    assert claim.outcome == "done"
    assert install.check_in_token not in claim.report


def test_the_same_check_in_again_is_accepted_and_changes_nothing(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token)
    version = office.machine(machine_id).version
    office.check_in(machine_id, install.check_in_token)
    assert office.machine(machine_id).version == version


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"token": "guessed"}, "unknown token"),
        ({"serial": "OTHER"}, "is not that of"),
        ({"boot_id": "boot-old"}, "has not booted"),
    ],
)
def test_a_check_in_that_does_not_fit_is_refused(
    office: Office, changes: dict[str, str], why: str
) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    with pytest.raises(ArrivalRefused, match=why):
        office.check_in(machine_id, changes.pop("token", install.check_in_token), **changes)
    assert office.states([machine_id]) == ["reimaging"]
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_the_arm_token_is_no_check_in_token(office: Office) -> None:
    office.wave()
    order, machine_id, _install = office.told_to_install()
    with pytest.raises(ArrivalRefused, match="unknown token"):
        office.check_in(machine_id, office.token(order, machine_id))


def test_a_machine_that_comes_back_with_another_image_has_failed(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token, image_id="win10-old")
    machine = office.machine(machine_id)
    assert machine.state == "failed"
    assert "win10-old" in machine.cause
    assert install.image_id in machine.cause
    assert office.claims(machine_id)[-1].outcome == "failed"
    with pytest.raises(ArrivalRefused, match="nothing to report"):
        office.check_in(machine_id, install.check_in_token)


def test_a_late_check_in_of_a_silent_machine_counts(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    assert office.claims(machine_id)[-1].outcome == "silent"
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]
    assert office.claims(machine_id)[-1].outcome == "done"


def test_a_machine_that_a_person_settled_still_brings_its_host_key(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    tag = office.machine(machine_id).asset_tag
    retry(
        office.database,
        tag,
        office.approver,
        office.clock.now(),
        reason="it stands there with the new image",
        settled=Settled.DONE,
    )
    version = office.machine(machine_id).version
    office.check_in(machine_id, install.check_in_token, host_key="ssh-ed25519 AAAA")
    machine = office.machine(machine_id)
    assert (machine.state, machine.version) == ("reimaged", version)
    assert (machine.image_id, machine.boot_id) == (install.image_id, "boot-new")
    assert machine.host_key == "ssh-ed25519 AAAA"
    # Once: whoever finds the token later cannot put another key in its place.
    office.check_in(machine_id, install.check_in_token, host_key="ssh-ed25519 EVIL")
    assert office.machine(machine_id).host_key == "ssh-ed25519 AAAA"


def test_a_held_machine_cannot_check_in_but_is_settled_after_its_release(
    office: Office,
) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    tag = office.machine(machine_id).asset_tag
    now = office.clock.now()
    move_machines(
        office.database, [tag], MachineVerb.HOLD, office.planner, now, reason="lost on a desk"
    )
    with pytest.raises(ArrivalRefused, match="is held"):
        office.check_in(machine_id, install.check_in_token)
    move_machines(office.database, [tag], MachineVerb.RELEASE, office.planner, now)
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_the_check_in_of_an_overtaken_attempt_is_refused(office: Office) -> None:
    from rollout.application.machines import Settled, retry

    office.wave()
    _order, machine_id, install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    tag = office.machine(machine_id).asset_tag
    retry(
        office.database,
        tag,
        office.approver,
        office.clock.now(),
        reason="its disk is untouched",
        settled=Settled.NOT_STARTED,
    )
    with pytest.raises(ArrivalRefused, match="nothing to report"):
        office.check_in(machine_id, install.check_in_token)
    office.tick()
    with pytest.raises(ArrivalRefused, match="overtaken"):
        office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaging"]


def test_no_token_stands_in_the_database(office: Office) -> None:
    office.wave()
    order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token)
    dump = "\n".join(databases.dump(office.database))
    assert office.machine(machine_id).serial in dump
    assert office.token(order, machine_id) not in dump
    assert install.check_in_token not in dump
