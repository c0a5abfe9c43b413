"""Virtual PCs are really rewritten: once per authorised attempt, or not at all."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from .conftest import DAMAGED, IMAGE, WANTED

Make = Callable[[float], Any]
OLD = {"DK20": "office-dk20-2019", "DK21": "office-dk21-2019"}


def test_a_pc_gets_the_new_image_and_a_wrong_digest_is_refused(rollout: Make) -> None:
    if WANTED == "full":
        pytest.skip("the whole form shows the same with more PCs")
    # Ninety seconds on an idle computer; a busy one must not fail for being slow.
    world = rollout(45)
    good, wrong = world.populate(["DK20", "DK21"])
    switch_on(world, [good, wrong])
    world.work(patience=1800)
    assert_migrated(world, good)
    assert_refused(world, wrong)
    assert world.chain_holds()


def test_a_replaced_pc_is_erased_over_the_network_and_reports_it(rollout: Make) -> None:
    world = rollout(45)
    tag = world.replaced("DK17")
    switch_on(world, [tag])
    world.work(patience=1800)
    with world.serving():
        world.until(lambda: world.states()[tag] == "erased", "it reports its empty disk", 1800)
        world.until(lambda: not world.pc(tag).running, "it is off")
    certificate = world.certificate(tag)
    claim = world.claims(tag)[-1]
    assert (claim.step, claim.outcome) == ("retire", "done")
    assert events(world, tag) == [("erasing", claim.id), ("erased", claim.id)]
    assert certificate["confirmed"] is True
    assert certificate["serial"] == world.pc(tag).pc.serial
    (disk,) = certificate["result"]["disks"]
    assert disk["serial"] == f"{world.pc(tag).pc.serial}-0"
    assert disk["bytes"] == world.pc(tag).disk.stat().st_size
    assert world.pc(tag).empty, "seen from outside"
    assert world.chain_holds()


def switch_on(world: Any, tags: list[str]) -> None:
    for tag in tags:
        world.pc(tag).power_on()
    world.say(f"{len(tags)} PCs switched on")
    with world.serving():
        world.until_up(tags)


def events(world: Any, tag: str) -> list[tuple[str, int]]:
    """What installers did to the disk, and under which claims."""
    return [(record.event, record.epoch) for record in world.pc(tag).journal]


def assert_migrated(world: Any, tag: str, before: Sequence[tuple[str, int]] = ()) -> None:
    """It runs the new image, and its disk was rewritten once, under the claim that proves it.

    `before` is what earlier attempts did to the disk.
    """
    assert world.states()[tag] == "migrated"
    claim = world.reimages(tag)[-1]
    assert claim.outcome == "done"
    assert events(world, tag) == [*before, ("begun", claim.id), ("written", claim.id)]
    assert {record.image for record in world.pc(tag).journal} == {IMAGE}
    machine = world.machine(tag)
    assert (machine.image_id, machine.host_key is not None) == (IMAGE, True)
    assert world.ssh(tag, "cat /etc/image-id").strip() == IMAGE
    boot_id = world.ssh(tag, "cat /proc/sys/kernel/random/boot_id").strip()
    assert boot_id == machine.boot_id != claim.boot_id_before
    world.pc(tag).power_cut()
    assert world.pc(tag).image_id == IMAGE


def assert_refused(world: Any, tag: str) -> None:
    """The image's digest was wrong: the old system runs again, and nothing is in doubt."""
    machine = world.machine(tag)
    assert machine.state == "failed"
    assert DAMAGED in machine.cause
    assert "its disk was not touched" in machine.cause
    assert [claim.outcome for claim in world.reimages(tag)] == ["failed"]
    assert world.pc(tag).journal == []
    world.until_up([tag])
    assert world.ssh(tag, "cat /etc/image-id").strip() == OLD[tag[:4]]
    world.pc(tag).power_cut()
    assert world.pc(tag).image_id == OLD[tag[:4]]


def assert_still_old(world: Any, tag: str) -> None:
    """The order was taken, but the power went before the disk was touched."""
    assert world.states()[tag] == "silent"
    assert world.reimages(tag)[-1].consumed_at is not None
    assert world.pc(tag).journal == []
    assert world.pc(tag).image_id == OLD[tag[:4]]


class PullsThePlug:
    """Switches a PC off when its installer says something for the first time."""

    def __init__(self, world: Any, tag: str, when: str) -> None:
        self._world, self._tag, self._when = world, tag, f"installer: {when}"
        self.done = False

    def __call__(self) -> None:
        pc = self._world.pc(self._tag)
        if not self.done and self._when in pc.console:
            pc.power_cut()
            self._world.say(f"{self._tag}: switched off in the middle")
            self.done = True


def test_a_wave_of_six_with_a_wrong_digest_and_a_power_cut(rollout: Make) -> None:
    if WANTED != "full":
        pytest.skip("the whole form: `make lab-vm`")
    world = rollout(30)
    *good, cut, wrong = world.populate(["DK20"] * 5 + ["DK21"])
    switch_on(world, [*good, cut, wrong])
    plug = PullsThePlug(world, cut, "order")

    def stays_off() -> None:
        plug()
        others = {state for tag, state in world.states().items() if tag != cut}
        if plug.done and others <= {"migrated", "failed"}:
            world.pass_the_deadline()

    world.work(stays_off, patience=1800)
    for tag in good:
        assert_migrated(world, tag)
    assert_refused(world, wrong)
    assert_still_old(world, cut)
    world.say(f"{cut}: switched on again, retried")
    switch_on(world, [cut])
    world.retry(cut)
    world.work(patience=600)
    assert_migrated(world, cut)
    assert [claim.outcome for claim in world.reimages(cut)] == ["not_started", "done"]
    assert world.chain_holds()


def test_a_power_cut_while_writing_ends_silent_and_recovers_by_retry(rollout: Make) -> None:
    if WANTED != "full":
        pytest.skip("the whole form: `make lab-vm`")
    world = rollout(15)
    (tag,) = world.populate(["DK20"])
    switch_on(world, [tag])
    plug = PullsThePlug(world, tag, "writing")

    def stays_off() -> None:
        plug()
        if plug.done:
            world.pass_the_deadline()

    world.work(stays_off, patience=600)
    first = world.reimages(tag)[-1]
    assert (world.states()[tag], first.outcome) == ("silent", "silent")
    assert events(world, tag) == [("begun", first.id)]
    world.pc(tag).power_on()
    world.say(f"{tag}: switched on again")
    with world.serving():
        world.until(lambda: world.states()[tag] == "failed", "its installer reports the disk")
    assert "power went while the disk was being written" in world.machine(tag).cause
    assert "its disk is no longer whole" in world.machine(tag).cause
    assert world.ssh(tag, "true") is None, "no half system starts"
    world.retry(tag)
    world.work(patience=600)
    second = world.reimages(tag)[-1]
    assert [claim.outcome for claim in world.reimages(tag)] == ["failed", "done"]
    assert_migrated(world, tag, before=[("begun", first.id)])
    assert second.id != first.id
    assert world.chain_holds()
