"""What the daemon does with PCs that were handed over: measure again, and erase at the end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.application import machines
from rollout.application.choosing import today
from rollout.application.retirement import decisions
from rollout.application.takehome import decisions as takeouts
from rollout.application.takehome.decisions import Wish
from rollout.application.takehome.listing import listing
from rollout.domain.takeout import TakeoutVerb
from rollout.lab.user_acts import choose_pin
from rollout.lab.windows.state import PcFolder
from rollout.service.daemon import Daemon

Rollout = Any
OLD, NEW = "DK20-000001", "DK20-000002"


@pytest.fixture(scope="module")
def rollout(rollouts: Callable[..., Rollout]) -> Rollout:
    """Two machines that have come through."""
    made = rollouts()
    made.populate(2, owners=("山田", "髙橋"))
    made.daemon()
    assert set(made.states().values()) == {"migrated"}, made.states()
    return made


def configure(rollout: Rollout, section: str, **values: Any) -> None:
    settings = rollout.app.settings
    changed = getattr(settings, section).model_copy(update=values)
    rollout.app.settings = settings.model_copy(update={section: changed})


def pc_of(rollout: Rollout, tag: str) -> PcFolder:
    return PcFolder(rollout.lab / "pcs" / rollout.machine(tag).computer_name)


def edr(rollout: Rollout, tag: str) -> list[str]:
    return [item.verdict for item in rollout.evidence(tag) if item.control == "edr_onboarding"]


def test_an_edr_that_shows_up_late_becomes_evidence_without_moving_the_machine(
    rollout: Rollout,
) -> None:
    for tag in (OLD, NEW):
        assert "edr_onboarding" in machines.show(rollout.database, tag).pending
        with pc_of(rollout, tag).change() as state:
            state["edr"]["onboarded_at"] = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    version = rollout.machine(OLD).version
    configure(rollout, "verify", recheck_minutes=0.001)

    def until_measured(daemon: Daemon) -> None:
        if all(edr(rollout, tag)[-1] == "pass" for tag in (OLD, NEW)):
            daemon.stop()

    # Not until it is idle: its disk is encrypted in minutes, and asked for in milliseconds here.
    rollout.daemon(until_measured, until_idle=False)
    configure(rollout, "verify", recheck_minutes=30)
    for tag in (OLD, NEW):
        assert set(edr(rollout, tag)) == {"pending", "pass"}, "the first measurement is kept"
        assert "edr_onboarding" not in machines.show(rollout.database, tag).pending
    assert (rollout.machine(OLD).state, rollout.machine(OLD).version) == ("migrated", version)
    assert rollout.open_claims() == 0
    assert rollout.chain_holds()


def test_a_pc_may_leave_when_its_user_has_chosen_the_pin_and_the_application_is_approved(
    rollout: Rollout,
) -> None:
    operator, approver = rollout.app.operator("operator"), rollout.app.operator("approver")
    now, settings = rollout.app.clock.now(), rollout.app.settings
    day = today(settings, now)
    wish = Wish(NEW, "00002", day, day + timedelta(days=3), "自宅", "テレワーク")
    number = takeouts.apply(rollout.database, settings, wish, operator, now)
    takeouts.decide(rollout.database, settings, number, TakeoutVerb.APPROVE, approver, now)

    def lacks() -> str:
        (entry,) = listing(rollout.database, settings, rollout.app.clock.now())
        return "; ".join(entry.lacks)

    assert "encryption_pin" in lacks()
    with pc_of(rollout, NEW).change() as state:
        state["time_scale"] = 1e-9  # encrypting takes hours
    choose_pin(rollout.lab, rollout.machine(NEW).computer_name)
    configure(rollout, "verify", recheck_minutes=0.001)

    def until_measured(daemon: Daemon) -> None:
        if not lacks():
            daemon.stop()

    rollout.daemon(until_measured, until_idle=False)
    configure(rollout, "verify", recheck_minutes=30)
    rollout.daemon()
    assert rollout.machine(NEW).state == "portable"
    takeouts.report(
        rollout.database, settings, number, TakeoutVerb.TAKE_OUT, operator, rollout.app.clock.now()
    )
    takeouts.report(
        rollout.database,
        settings,
        number,
        TakeoutVerb.BRING_BACK,
        operator,
        rollout.app.clock.now(),
    )
    rollout.daemon()
    assert rollout.machine(NEW).state == "migrated", "the application is over"
    assert rollout.chain_holds()


def test_a_replaced_pc_is_told_to_erase_itself_and_its_certificate_says_no_more(
    rollout: Rollout,
) -> None:
    database, settings = rollout.database, rollout.app.settings
    operator, approver = rollout.app.operator("operator"), rollout.app.operator("approver")
    now = rollout.app.clock.now()
    decisions.supersede(database, OLD, NEW, operator, now, "leased anew")
    rollout.daemon()
    # The role asks the computer's own calendar whether the last day is over.
    ended = now.date() - timedelta(days=2)
    decisions.retain(database, OLD, ended, approver, now, "agreed with the auditors")
    decisions.ask(database, settings, [OLD], operator, now, "lease ends")
    decisions.approve(database, settings, [OLD], approver, now)
    rollout.daemon()
    assert rollout.machine(OLD).state == "erasing"
    rollout.until(lambda: pc_of(rollout, OLD).read()["power"] == "erased")
    assert not pc_of(rollout, OLD).disk.exists()
    assert machines.show(database, OLD).replaced.certificate is None, "ordered is not seen"
    decisions.attest(database, settings, OLD, approver, now, "starts into nothing")
    certificate = machines.show(database, OLD).replaced.certificate
    assert rollout.machine(OLD).state == "erased"
    assert certificate["confirmed"] is False
    assert certificate["order"]["disks"][0]["serial"] == f"D-{rollout.machine(OLD).serial}"
    assert pc_of(rollout, NEW).read()["power"] == "on"
    assert rollout.chain_holds()
