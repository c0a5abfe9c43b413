"""A wave through the whole passage on lab PCs, with something wrong at every turn."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Rollout = Any
OLD_IMAGE = "office-dk20-2019"
NEW_IMAGE = "win11-23h2-r1"
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"

TEXTS = [
    "{{ 7 * 7 }}{% raw %}{# no #}",
    "<b>[red]太字[/red]</b> &amp; \x1b[31m",
    '=HYPERLINK("http://x";"y") +1 -1 @x',
    "quote ' \" ` $(touch /tmp/rollout-evaluated) ; | & \\",
    "first line\nsecond\ttab\r\nthird  ",
    "..\\..\\etc\\passwd/../x {{ lookup('pipe', 'touch /tmp/rollout-evaluated') }}",
]
# A serial goes to the machine itself and comes back from it at every guard, arming and check-in.
SERIALS = [
    "{{ 7 * 7 }}",
    "'a\"b`c`$(x);|&",
    "SN-000003",
    "..\\x/../y",
    "line 1\nline 2\ttab",
    "<b>[bold]=1+1</b> null !unsafe",
]


@dataclass
class Story:
    """The wave, and how it stood when the daemon had nothing left to do the first time."""

    rollout: Rollout
    fails: str
    silent: str
    wrong: str
    off: str
    stays: str
    fine: str
    states: dict[str, str]
    causes: dict[str, str]
    wipes: dict[str, int]
    images: dict[str, str]
    idle_claims: int

    @property
    def tags(self) -> list[str]:
        return [self.fails, self.silent, self.wrong, self.off, self.stays, self.fine]


def playbooks_that_tell(folder: Path) -> Path:
    """The playbooks, whose preflight also reports the texts that it was given."""
    shutil.copytree(PLAYBOOKS, folder)
    preflight = folder / "preflight.yml"
    text = preflight.read_text(encoding="utf-8")
    line = '          epoch: "{{ rollout_epoch | int }}"\n'
    assert text.count(line) == 1
    told = line + '          owner: "{{ rollout_owner_name }}"\n'
    preflight.write_text(text.replace(line, told), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def story(rollouts: Callable[..., Rollout], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Six machines: only one has no fault; the daemon works until it is idle."""
    rollout = rollouts(reimage_minutes=0.5)
    rollout.use_playbooks(playbooks_that_tell(tmp_path_factory.mktemp("told") / "playbooks"))
    tags = rollout.populate(
        6,
        owners=TEXTS,
        serial=SERIALS,
        **{
            name: TEXTS[shift:] + TEXTS[:shift]
            for shift, name in enumerate(("model", "floor", "purpose", "remark"))
        },
    )
    fails, silent, wrong, off, stays, _ = tags
    rollout.fault(fails, fails_at="capture")
    rollout.fault(silent, silent_after_reimage=True)
    rollout.fault(wrong, wrong_serial=True)
    rollout.fault(off, powered_off=True)
    rollout.fault(stays, no_boot=True)
    rollout.until(lambda: not rollout.pc(off).powered)
    rollout.daemon()
    return Story(
        rollout,
        *tags,
        states=rollout.states(),
        causes={tag: rollout.machine(tag).cause for tag in tags},
        wipes={tag: len(rollout.wipes(tag)) for tag in tags},
        images={tag: rollout.pc(tag).image_id for tag in tags},
        idle_claims=rollout.open_claims(),
    )


@pytest.fixture(scope="module")
def mended(story: Story) -> Story:
    """The same wave after its faults were mended and its machines retried."""
    assert story.rollout.processes() == []
    for tag in story.tags:
        story.rollout.mend(tag)
    story.rollout.until(lambda: all(story.rollout.pc(tag).powered for tag in story.tags))
    for tag in story.tags:
        if tag != story.fine:
            story.rollout.retry(tag)
    story.rollout.daemon()
    return story


def test_a_machine_without_fault_is_migrated_with_evidence(story: Story) -> None:
    assert story.states[story.fine] == "migrated"
    assert story.images[story.fine] == NEW_IMAGE
    assert story.wipes[story.fine] == 1
    machine = story.rollout.machine(story.fine)
    pc = story.rollout.pc(story.fine)
    assert (machine.image_id, machine.boot_id) == (NEW_IMAGE, pc.boot_id)
    assert machine.host_key == pc.host_key
    evidence = story.rollout.evidence(story.fine)
    assert len({row.control for row in evidence}) >= 5
    assert {row.verdict for row in evidence} <= {"pass", "pending"}
    epochs = {claim.id for claim in story.rollout.claims(story.fine, "verify")}
    epochs |= {claim.id for claim in story.rollout.claims(story.fine, "enable")}
    assert {row.epoch for row in evidence} <= epochs


def test_a_step_that_fails_on_the_machine_fails_it_with_the_playbooks_words(story: Story) -> None:
    assert story.states[story.fails] == "failed"
    assert story.causes[story.fails].startswith("capture: ")
    assert "scenario says so" in story.causes[story.fails]
    assert (story.wipes[story.fails], story.images[story.fails]) == (0, OLD_IMAGE)


def test_a_machine_that_does_not_come_back_is_silent_and_not_failed(story: Story) -> None:
    assert story.states[story.silent] == "silent"
    assert "no answer within 0.5 min" in story.causes[story.silent]
    assert story.wipes[story.silent] == 1


def test_a_machine_with_another_serial_is_refused_by_the_guard_and_never_wiped(
    story: Story,
) -> None:
    assert story.states[story.wrong] == "failed"
    assert story.causes[story.wrong].startswith("preflight: ")
    assert f"the ledger says {SERIALS[2]}" in story.causes[story.wrong]
    assert (story.wipes[story.wrong], story.images[story.wrong]) == (0, OLD_IMAGE)


def test_a_machine_that_is_off_is_silent(story: Story) -> None:
    assert story.states[story.off] == "silent"
    assert (story.wipes[story.off], story.images[story.off]) == (0, OLD_IMAGE)


def test_a_machine_that_did_not_restart_is_not_taken_for_reimaged(story: Story) -> None:
    """Every task of its reimage has succeeded; only its own report is missing."""
    assert story.states[story.stays] == "silent"
    assert "no answer within" in story.causes[story.stays]
    assert (story.wipes[story.stays], story.images[story.stays]) == (0, OLD_IMAGE)


def test_an_idle_daemon_leaves_nothing_open(story: Story) -> None:
    assert story.idle_claims == 0
    assert story.rollout.chain_holds()


def test_ledger_texts_reach_the_playbook_and_the_database_as_they_are(story: Story) -> None:
    for number, tag in enumerate(story.tags):
        machine = story.rollout.machine(tag)
        assert machine.serial == SERIALS[number]
        fields = (machine.model, machine.floor, machine.purpose, machine.remark)
        assert fields == tuple(TEXTS[(number + shift) % 6] for shift in range(4))
        assert story.rollout.owner(tag) == TEXTS[number]
    told = [
        json.loads(claim.report)["owner"]
        for tag in story.tags
        for claim in story.rollout.claims(tag, "preflight")
        if claim.outcome == "done"
    ]
    assert told == [TEXTS[0], TEXTS[1], TEXTS[4], TEXTS[5]]
    assert not Path("/tmp/rollout-evaluated").exists()


def test_after_mending_and_retrying_everything_is_migrated_and_wiped_exactly_once(
    mended: Story,
) -> None:
    rollout = mended.rollout
    assert set(rollout.states().values()) == {"migrated"}
    for tag in mended.tags:
        done = [claim.id for claim in rollout.claims(tag, "reimage") if claim.outcome == "done"]
        assert [wipe.epoch for wipe in rollout.wipes(tag)] == done
        assert len(done) == 1
        assert rollout.evidence(tag)


def test_the_silent_machine_was_settled_and_not_reimaged_again(mended: Story) -> None:
    (claim,) = mended.rollout.claims(mended.silent, "reimage")
    assert (claim.attempt, claim.outcome) == (1, "done")


def test_nothing_of_a_run_survives_and_the_history_holds(mended: Story) -> None:
    assert mended.rollout.processes() == []
    assert mended.rollout.open_claims() == 0
    assert mended.rollout.chain_holds()
